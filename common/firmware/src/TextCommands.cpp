#include "TextCommands.h"

#include <stdlib.h>
#include <string.h>

#include "LayerTimes.h"
#include "clock.h"
#include "hex.h"
#include "image.h"
#include "print.h"
#include "report.h"

namespace aiedge {
namespace {

constexpr uint32_t kMostRuns = 1000000;
// The board reads nothing meanwhile, and its clock begins anew after 71 minutes.
constexpr uint32_t kLongestRunUs = 120000000;
// How the public API names itself: runners show it, or look for it.
constexpr const char *kProfile = "ULPMark for tinyML Firmware V0.0.1";

// Cuts the next word off a text; null where there is none.
char *next_word(char *&rest) {
  while (*rest == ' ') rest++;
  if (*rest == '\0') return nullptr;
  char *const word = rest;
  while (*rest != ' ' && *rest != '\0') rest++;
  if (*rest == ' ') *rest++ = '\0';
  return word;
}

bool is(const char *word, const char *name) { return word != nullptr && strcmp(word, name) == 0; }

// Reads a whole number of at most nine digits.
bool read_number(const char *word, uint32_t *number) {
  *number = 0;
  const size_t length = strlen(word);
  for (size_t i = 0; i < length; i++) {
    if (word[i] < '0' || word[i] > '9') return false;
    *number = *number * 10 + static_cast<uint32_t>(word[i] - '0');
  }
  return length > 0 && length <= 9;
}

void print_time() { print("m-lap-us-%lu\r\n", static_cast<unsigned long>(clock_us())); }

const char *cause() { return Model::problem() == nullptr ? "" : Model::problem(); }

}  // namespace

TextCommands::~TextCommands() { free(bytes_); }

void TextCommands::take(char character) {
  if (character == '\r' || character == '\n') return;
  if (character == '%') {
    command_[length_] = '\0';
    end_line();
    if (too_long_) {
      print("e-[A command has at most %u characters]\r\n", static_cast<unsigned>(sizeof(command_) - 1));
    } else {
      answer();
    }
    print("m-ready\r\n");
    length_ = 0;
    too_long_ = false;
  } else if (character < ' ' || character > '~') {  // noise
    length_ = 0;
    too_long_ = false;
  } else if (length_ < sizeof(command_) - 1) {
    command_[length_++] = character;
  } else {
    too_long_ = true;
  }
}

void TextCommands::answer() {
  char *rest = command_;
  const char *const word = next_word(rest);
  if (is(word, "name")) {
    print("m-name-dut-[%s]\r\n", Model::name());
  } else if (is(word, "timestamp")) {
    print_time();
  } else if (is(word, "profile")) {
    print("m-profile-[%s]\r\nm-model-[%s]\r\n", kProfile, Model::name());
  } else if (is(word, "help")) {
    print("name          the board's name\r\nprofile       what it speaks, and its network\r\n");
    print("timestamp     its clock, in microseconds\r\ndb load N     announce an input of N bytes\r\n");
    print("db HH[HH]*    load the next bytes of it\r\ndb print      show what was loaded\r\n");
    print("infer N W     run the network W times to warm up, then N times\r\nresults       its output\r\n");
    print("layers        the time of each layer\r\nmemory        who needs it\r\n");
  } else if (is(word, "db")) {
    buffer(rest);
  } else if (is(word, "infer")) {
    infer(rest);
  } else if (is(word, "results")) {
    results();
  } else if (is(word, "memory")) {
    print_memory(model_);
  } else if (is(word, "layers")) {
    layers();
  } else {
    print("e-[Unknown command: %s]\r\n", word == nullptr ? "" : word);
  }
}

void TextCommands::buffer(char *rest) {
  const char *const word = next_word(rest);
  if (word == nullptr) {
    print("e-[Command 'db' requires a subcommand]\r\n");
  } else if (is(word, "load")) {
    start_load(next_word(rest));
  } else if (is(word, "print")) {
    print_buffer();
  } else {
    load(word);
  }
}

void TextCommands::start_load(const char *count) {
  const size_t most = model_.input().count;
  uint32_t number = 0;
  expected_ = loaded_ = 0;
  if (count == nullptr) {
    print("e-[Command 'db load' requires the # of bytes]\r\n");
  } else if (!read_number(count, &number) || number == 0) {
    print("e-[Command 'db load' must be >0 bytes]\r\n");
  } else if (number > most) {
    print("e-[Supplied buffer size %s exceeds maximum of %u]\r\n", count, static_cast<unsigned>(most));
  } else if (bytes_ == nullptr && (bytes_ = static_cast<uint8_t *>(malloc(most))) == nullptr) {
    print("e-[No memory for %u bytes]\r\n", static_cast<unsigned>(most));
  } else {
    expected_ = number;
    print("m-[Expecting %u bytes]\r\n", static_cast<unsigned>(number));
  }
}

// Loads all of a command's bytes or none, so that it can be sent again.
void TextCommands::load(const char *digits) {
  const size_t length = strlen(digits);
  if (loaded_ == expected_) {
    print("e-[No bytes are expected: 'db load' comes first]\r\n");
    return;
  }
  for (size_t i = 0; i < length; i++) {
    if (hex_digit(digits[i]) >= 0) continue;
    print("e-[Invalid hex digit '%c']\r\n", digits[i]);
    return;
  }
  if (length % 2 != 0) {
    print("e-[Insufficient number of hex digits]\r\n");
    return;
  }
  for (size_t i = 0; i < length && loaded_ < expected_; i += 2) {
    read_hex(digits + i, &bytes_[loaded_++], 1);
  }
  if (loaded_ == expected_) print("m-load-done\r\n");
}

void TextCommands::print_buffer() const {
  for (size_t i = 0; i < loaded_; i++) {
    print(i % 8 == 0 ? "m-buffer-%02x" : "-%02x", bytes_[i]);
    if (i % 8 == 7 || i + 1 == loaded_) print("\r\n");
  }
}

void TextCommands::infer(char *rest) {
  uint32_t times = 1, warmups = 10;
  const char *const first = next_word(rest);
  const char *const second = next_word(rest);
  const size_t count = model_.input().count;
  if (first != nullptr && (!read_number(first, &times) || times == 0 || times > kMostRuns)) {
    print("e-[Inference iterations must be >0 and <=%lu]\r\n", static_cast<unsigned long>(kMostRuns));
  } else if (second != nullptr && (!read_number(second, &warmups) || warmups > kMostRuns)) {
    print("e-[Inference warmup must be >=0 and <=%lu]\r\n", static_cast<unsigned long>(kMostRuns));
  } else if (loaded_ != expected_ || loaded_ != count) {
    print("e-[Input db has %u elements, expected %u]\r\n", static_cast<unsigned>(loaded_),
          static_cast<unsigned>(count));
  } else {
    print("m-warmup-start-%lu\r\n", static_cast<unsigned long>(warmups));
    // A network that keeps state goes on from run to run, from the same first values at each command.
    const char *wrong = model_.reset() ? run(warmups) : cause();
    print("m-warmup-done\r\nm-infer-start-%lu\r\n", static_cast<unsigned long>(times));
    print_time();
    if (wrong == nullptr) wrong = run(times);
    print_time();
    print("m-infer-done\r\n");
    has_result_ = wrong == nullptr;
    if (has_result_) {
      results();
    } else {
      print("e-[The inference failed%s%s]\r\n", *wrong == '\0' ? "" : ": ", wrong);
    }
  }
}

// Runs the network some times, on the same input: the network may use the input's memory for other
// things, so it is filled again before each run. Returns null, or what went wrong.
const char *TextCommands::run(uint32_t times) {
  PixelWriter writer;
  writer.begin(model_.input());
  const uint32_t begin = clock_us();
  for (; times > 0; times--) {
    for (size_t i = 0; i < loaded_; i++) writer.set(i, bytes_[i]);
    if (!model_.invoke()) return cause();
    if (times > 1 && clock_us() - begin > kLongestRunUs) return "so many runs take more than 120 s";
  }
  return nullptr;
}

void TextCommands::results() const {
  if (!has_result_) {
    print("e-[There is no result yet]\r\n");
    return;
  }
  const Tensor &output = model_.output();
  print("m-results-[");
  for (size_t i = 0; i < output.count; i++) {
    print(i == 0 ? "%.6f" : ",%.6f", static_cast<double>(output.get(i)));
  }
  print("]\r\n");
}

void TextCommands::layers() const {
  if (timed_layers() == 0) {
    print("e-[No time is taken per layer: this firmware was built without AIEDGE_PROFILE]\r\n");
  } else if (timed_runs() == 0) {
    print("e-[The network has not run yet]\r\n");
  } else {
    print_layers();
  }
}

}  // namespace aiedge
