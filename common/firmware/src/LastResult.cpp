#include "LastResult.h"

#include <string.h>

namespace aiedge {

void LastResult::fail(uint8_t number) {
  exists_ = failed_ = true;
  number_ = number;
}

void LastResult::set(uint8_t number, uint32_t crc, uint32_t time_us, const Tensor &output) {
  exists_ = true;
  failed_ = kResultHead + output.bytes() > sizeof(payload_);
  number_ = number;
  if (failed_) return;
  bytes_ = kResultHead + output.bytes();
  payload_[0] = number;
  for (size_t i = 0; i < 4; i++) {
    payload_[1 + i] = static_cast<uint8_t>(crc >> (8 * i));
    payload_[5 + i] = static_cast<uint8_t>(time_us >> (8 * i));
  }
  memcpy(payload_ + kResultHead, output.data, output.bytes());
}

void LastResult::send(Replies &replies, uint16_t seq) const {
  if (!failed_) return replies.result(seq, payload_, bytes_);
  const char *const problem = Model::problem();
  replies.error(seq, kInferenceFailed, problem == nullptr ? "the firmware gave no result" : problem);
}

}  // namespace aiedge
