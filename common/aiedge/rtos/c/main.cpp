// One firmware four ways: a sensor offers a sample every millisecond while a network runs, and the next one
// overwrites it. WAY says who takes the samples:
//
//     SUPER_LOOP   the loop, after each inference
//     POLLING      the loop, after each inference and between the network's operators
//     INTERRUPT    the sensor's interrupt
//     TASKS        a task that the interrupt wakes, over the task of the network (tasks.h)
//
// What counts: samples taken and missed, how late each was taken, what the network's time grew by. A sample
// is one counter here; a real one is read over I2C or SPI, which an interrupt should not wait for, and a task
// may.
#include <stdint.h>

#include "board.h"
#include "network.h"  // written with the network: network_invoke(), its input, sizes, PERIOD_US and SAMPLES
#include "tasks.h"

#define SUPER_LOOP 0
#define POLLING 1
#define INTERRUPT 2
#define TASKS 3

namespace {

constexpr uint32_t kPeriod = uint32_t{PERIOD_US} * uint32_t{TICKS_PER_US};
constexpr int kBins = 16;  // of lateness: below 1, 2, 4, ... us

volatile uint32_t due;  // samples that were offered
volatile bool over;     // what comes now does not count
uint32_t begun, handled, taken, missed, inferences;
uint32_t latest, earliest = UINT32_MAX, inference_ticks;
uint64_t late_ticks;
uint32_t histogram[kBins];
int8_t output[OUTPUT_COUNT];
alignas(8) uint8_t arena[ARENA_BYTES];

void take_sample() {
  const uint32_t offered = due;
  if (offered == handled) return;
  const uint32_t late = board_now() - (begun + offered * kPeriod);
  missed += offered - handled - 1;
  handled = offered;
  ++taken;
  late_ticks += late;
  if (late > latest) latest = late;
  if (late < earliest) earliest = late;
  int bin = 0;
  for (uint32_t us = late / TICKS_PER_US; us && bin < kBins - 1; us >>= 1) ++bin;
  ++histogram[bin];
}

void begin() {
  begun = board_now();
  board_begin_sampling(PERIOD_US);
}

void infer() {
  const uint32_t start = board_now();
  network_invoke(network_input, output, arena);
  inference_ticks += board_now() - start;
  ++inferences;
}

class Text {
 public:
  Text &operator<<(const char *words) {
    while (*words && end_ < text_ + sizeof text_ - 1) *end_++ = *words++;
    *end_ = 0;
    return *this;
  }
  Text &operator<<(uint64_t number) {
    char digits[21], *at = digits + 20;
    *at = 0;
    do *--at = static_cast<char>('0' + number % 10);
    while (number /= 10);
    return *this << static_cast<const char *>(at);
  }
  const char *text() const { return text_; }

 private:
  char text_[512];
  char *end_ = text_;
};

// A line for each name, with its numbers.
void report() {
  over = true;
  static Text text;
  const auto ns = [](uint64_t ticks) { return ticks * 1000 / TICKS_PER_US; };
  text << "taken " << taken << "\nmissed " << uint64_t{missed + due - handled} << "\nearliest_ns "
       << ns(taken ? earliest : 0) << "\nmean_ns " << ns(taken ? late_ticks / taken : 0) << "\nlatest_ns "
       << ns(latest) << "\ninference_ns " << ns(inference_ticks) / inferences << "\ninferences " << inferences
       << "\nhistogram";
  for (uint32_t count : histogram) text << " " << count;
  text << "\noutput";
  for (int8_t value : output) text << " " << uint64_t{static_cast<uint8_t>(value)};
#if WAY == TASKS
  text << "\nstack " << board_stack_used() + tasks_stack_used() << "\n";
#else
  text << "\nstack " << board_stack_used() << "\n";
#endif
  board_finish(text.text());
}

#if WAY == TASKS
void run_network() {
  while (due < SAMPLES) infer();
  report();
  for (;;) {
  }
}

void run_sampler() {
  begin();
  for (;;) {
    sampler_wait();
    take_sample();
  }
}
#else
void run_loop() {
  begin();
  __asm volatile("" ::: "memory");
  while (due < SAMPLES) {
    infer();
#if WAY != INTERRUPT
    take_sample();
#endif
  }
  report();
}
#endif

}  // namespace

extern "C" void board_sample_due(void) {
  if (over) return;
  due = due + 1;
#if WAY == INTERRUPT
  take_sample();
#elif WAY == TASKS
  sampler_notify();
#endif
}

// Called before each of the network's operators.
extern "C" void network_step(void) {
#if WAY == POLLING
  take_sample();
#endif
}

#ifdef ESP_PLATFORM
extern "C" void app_main(void)
#else
int main()
#endif
{
#if WAY == TASKS
  tasks_start(run_network, run_sampler);
#else
  run_loop();
#endif
}
