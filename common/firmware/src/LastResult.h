// The last result, for when it gets lost on its way.
#ifndef AIEDGE_LAST_RESULT_H_
#define AIEDGE_LAST_RESULT_H_

#include "Conduct.h"
#include "Replies.h"

namespace aiedge {

class LastResult {
 public:
  void forget() { exists_ = false; }

  // Tells whether the input with this number has one.
  bool is_of(uint8_t number) const { return exists_ && number_ == number; }

  // Enters that the input has none and why, or its output; `crc` is the input's.
  void fail(uint8_t number, const char *why);
  void set(uint8_t number, uint32_t crc, uint32_t time_us, const Tensor &output);

  // Adds what the sketch did with the input, as far as there is room for what it said.
  void add(uint32_t network_us, uint32_t request_us, const Conduct &conduct);

  // Sends it, or why there is none. What add() added goes only with the whole: on a bad line short frames
  // arrive.
  void send(Replies &replies, uint16_t seq, bool whole) const;

 private:
  bool exists_ = false;
  bool failed_ = false;
  const char *why_ = "";
  uint8_t number_ = 0;
  size_t bytes_ = 0;
  size_t short_bytes_ = 0;
  uint8_t payload_[kMaxPayload] = {};
};

}  // namespace aiedge

#endif  // AIEDGE_LAST_RESULT_H_
