#include "Conduct.h"

#include "InputProvider.h"
#include "Model.h"
#include "clock.h"
#include "led.h"
#include "print.h"

namespace aiedge {
namespace {

constexpr uint32_t kMostAhead = 100;  // us, by calls within one

Conduct the_conduct;

}  // namespace

uint8_t Conduct::flags() const {
  return static_cast<uint8_t>(ran | asked_before << 1 | asked_after << 2 | led_set << 3 | led_on << 4);
}

const char *Conduct::why_no_result() const {
  if (other_tensor) return "port.write_result() got another tensor than model.output()";
  if (failed) return "model.invoke() returned false";
  if (!ran) return "model.invoke() was not called";
  if (said_bytes() == 0) return "model.invoke() returned true, and the sketch went on without its output";
  return "port.write_result() was not called";
}

const Conduct &conduct() { return the_conduct; }

void note_input() {
  Conduct next;
  next.has_input = true;
  next.led_on = the_conduct.led_on;
  next.inputs = the_conduct.inputs + 1;
  next.runs = the_conduct.runs;
  next.results = the_conduct.results;
  next.read_us = clock_us();
  the_conduct = next;
  forget_said();
}

void note_run(bool done, uint32_t time_us) {
  the_conduct.ran = done;
  the_conduct.failed = !done;
  the_conduct.network_us = time_us;
  the_conduct.runs += done;
}

void note_led(bool on) {
  the_conduct.led_set = true;
  the_conduct.led_on = on;
}

void note_other_tensor() { the_conduct.other_tensor = true; }

void note_result() {
  the_conduct.has_input = false;
  the_conduct.results++;
}

void settle_input() {
  if (!the_conduct.has_input) return;
  the_conduct.has_input = false;
  const char *const problem = Model::problem();
  const char *const why = problem == nullptr ? the_conduct.why_no_result() : problem;
  end_line();
  print("no result: %s\n", why);
}

// What the sketch calls, with a note of it.

bool InputProvider::read(Tensor &input) {
  settle_input();
  const bool has_more = next(input);
  if (has_more) note_input();
  return has_more;
}

bool Model::invoke() {
  const uint32_t start = clock_us();
  const bool done = run();
  note_run(done, clock_us() - start);
  return done;
}

uint32_t now_us() {
  static uint32_t last = 0;
  bool &asked = the_conduct.ran || the_conduct.failed ? the_conduct.asked_after : the_conduct.asked_before;
  asked = true;
  // It never says the same twice: nothing takes no time, and 0 is a time that nobody has measured.
  const uint32_t now = clock_us();
  last = last - now < kMostAhead ? last + 1 : now;
  return last;
}

void set_led(bool on) {
  note_led(on);
  write_led(on);
}

}  // namespace aiedge
