#include "LastResult.h"

#include <stdio.h>
#include <string.h>

#include "print.h"

namespace aiedge {

void LastResult::fail(uint8_t number, const char *why) {
  exists_ = failed_ = true;
  number_ = number;
  why_ = why;
}

void LastResult::set(uint8_t number, uint32_t crc, uint32_t time_us, const Tensor &output) {
  exists_ = true;
  failed_ = kResultHead + output.bytes() > sizeof(payload_);
  why_ = "the output is too large for a frame";
  number_ = number;
  if (failed_) return;
  bytes_ = short_bytes_ = kResultHead + output.bytes();
  payload_[0] = number;
  for (size_t i = 0; i < 4; i++) {
    payload_[1 + i] = static_cast<uint8_t>(crc >> (8 * i));
    payload_[5 + i] = static_cast<uint8_t>(time_us >> (8 * i));
  }
  memcpy(payload_ + kResultHead, output.data, output.bytes());
}

void LastResult::add(uint32_t network_us, uint32_t request_us, const Conduct &conduct) {
  if (failed_ || bytes_ + kConductHead > sizeof(payload_)) return;
  for (size_t i = 0; i < 4; i++) {
    payload_[bytes_ + i] = static_cast<uint8_t>(network_us >> (8 * i));
    payload_[bytes_ + 4 + i] = static_cast<uint8_t>(request_us >> (8 * i));
  }
  payload_[bytes_ + 8] = conduct.flags();
  bytes_ += kConductHead;
  const size_t left = sizeof(payload_) - bytes_;
  const size_t count = said_bytes() < left ? said_bytes() : left;
  memcpy(payload_ + bytes_, said(), count);
  bytes_ += count;
}

void LastResult::send(Replies &replies, uint16_t seq, bool whole) const {
  if (!failed_) return replies.result(seq, payload_, whole ? bytes_ : short_bytes_);
  const char *const problem = Model::problem();
  char message[128];
  snprintf(message, sizeof(message), "the firmware gave no result: %s", why_);
  replies.error(seq, kInferenceFailed, problem == nullptr ? message : problem);
}

}  // namespace aiedge
