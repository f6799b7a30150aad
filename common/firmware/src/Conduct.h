// What a sketch does with the input that it has read last: how long it took, what it said, whether the light
// is on.
//
// The library notes it along the way, and the computer compares it with what the network's output means: an
// answer is not right because the network's is.
#ifndef AIEDGE_CONDUCT_H_
#define AIEDGE_CONDUCT_H_

#include <stddef.h>
#include <stdint.h>

namespace aiedge {

struct Conduct {
  bool has_input = false;     // one was read, and nothing has been reported of it
  bool ran = false;           // model.invoke() returned true
  bool failed = false;        // model.invoke() returned false
  bool asked_before = false;  // now_us() was asked between read() and invoke()
  bool asked_after = false;   // and after it
  bool led_set = false;       // set_led() was called
  bool led_on = false;
  bool other_tensor = false;  // write_result() got another tensor than the model's output
  uint32_t read_us = 0;       // when read() returned
  uint32_t network_us = 0;    // what invoke() took

  // Since the start.
  uint32_t inputs = 0;
  uint32_t runs = 0;
  uint32_t results = 0;

  // The bits above as a number, as PROTOCOL.md has it.
  uint8_t flags() const;

  // Says why the input has no result, in a few words.
  const char *why_no_result() const;
};

// Of the input that was read last.
const Conduct &conduct();

// The library calls these.
void note_input();
void note_run(bool done, uint32_t time_us);
void note_led(bool on);
void note_other_tensor();
void note_result();

// Prints a line where an input was read and nothing was reported of it.
void settle_input();

}  // namespace aiedge

#endif  // AIEDGE_CONDUCT_H_
