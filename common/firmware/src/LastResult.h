// The last result, for when it gets lost on its way.
#ifndef AIEDGE_LAST_RESULT_H_
#define AIEDGE_LAST_RESULT_H_

#include "Replies.h"

namespace aiedge {

class LastResult {
 public:
  void forget() { exists_ = false; }

  // Tells whether the input with this number has one.
  bool is_of(uint8_t number) const { return exists_ && number_ == number; }

  // Enters that the input has none, or its output; `crc` is the input's.
  void fail(uint8_t number);
  void set(uint8_t number, uint32_t crc, uint32_t time_us, const Tensor &output);

  // Sends it, or why there is none.
  void send(Replies &replies, uint16_t seq) const;

 private:
  bool exists_ = false;
  bool failed_ = false;
  uint8_t number_ = 0;
  size_t bytes_ = 0;
  uint8_t payload_[kMaxPayload] = {};
};

}  // namespace aiedge

#endif  // AIEDGE_LAST_RESULT_H_
