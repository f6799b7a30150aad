#include "InputAssembly.h"

#include <string.h>

#include "frame.h"

namespace aiedge {

size_t InputAssembly::unit_bytes(const Tensor &input) {
  size_t unit = kMinUnit;
  while (input.bytes() > unit * kMaxUnits) unit *= 2;
  return unit;
}

InputAssembly::Piece InputAssembly::take(Tensor &input, const uint8_t *payload, size_t payload_bytes) {
  const size_t unit = unit_bytes(input);
  const size_t units = (input.bytes() + unit - 1) / unit;
  const size_t count = payload_bytes < kWriteHead ? 0 : payload_bytes - kWriteHead;
  const size_t first = count == 0 ? 0 : number_at(payload + 1, 2);
  const size_t end = first * unit + count;
  if (count == 0 || end > input.bytes() || (count % unit != 0 && end != input.bytes())) return Piece::kWrong;
  if (state_ == State::kNone || payload[0] != number_) {
    state_ = State::kComing;
    number_ = payload[0];
    missing_ = units;
    memset(has_unit_, 0, sizeof(has_unit_));
    taken_ = crc_ = 0;
  }
  if (state_ == State::kComing) {
    if (input.rows != nullptr && end > taken_ + input.row_bytes() + RowSink::kAhead) return Piece::kTooFar;
    // After the input was read its memory belongs to the network: a piece that comes again is not written.
    put(input, first * unit, payload + kWriteHead, count);
    for (size_t i = first; i * unit < end; i++) {
      const uint8_t bit = static_cast<uint8_t>(1 << i % 8);
      if (!(has_unit_[i / 8] & bit)) missing_--;
      has_unit_[i / 8] |= bit;
    }
    if (missing_ == 0) return Piece::kLast;
  }
  take_rows(input);
  return Piece::kTaken;
}

void InputAssembly::finish(Tensor &input) {
  state_ = State::kRead;
  if (input.rows == nullptr) crc_ = crc32(0, input.data, input.bytes());
  take_rows(input);
}

// Copies bytes of the input to their place, except those of rows that the network has taken.
void InputAssembly::put(Tensor &input, size_t start, const uint8_t *bytes, size_t count) {
  const size_t skip = start < taken_ ? taken_ - start : 0;
  if (skip >= count) return;
  memcpy(static_cast<uint8_t *>(input.data) + (start + skip - taken_), bytes + skip, count - skip);
}

// Hands over the rows that are complete, where the network takes the input row by row.
void InputAssembly::take_rows(Tensor &input) {
  if (input.rows == nullptr) return;
  uint8_t *const data = static_cast<uint8_t *>(input.data);
  const size_t row = input.row_bytes(), unit = unit_bytes(input);
  while (taken_ < input.bytes()) {
    for (size_t i = taken_ / unit; i * unit < taken_ + row; i++) {
      if (!(has_unit_[i / 8] & 1 << i % 8)) return;
    }
    crc_ = crc32(crc_, data, row);
    input.rows->take(taken_ / row);
    memmove(data, data + row, RowSink::kAhead);
    taken_ += row;
  }
}

}  // namespace aiedge
