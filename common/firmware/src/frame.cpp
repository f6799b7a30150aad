#include "frame.h"

namespace aiedge {
namespace {

constexpr size_t kHeader = 3;  // type, sequence number
constexpr size_t kCrc = 4;

uint32_t number_at(const uint8_t *bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; i++) value |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  return value;
}

}  // namespace

uint32_t crc32(uint32_t crc, const void *data, size_t count) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    // Bit by bit: a table would cost the board 1 KB, and the serial line is slower than this.
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

size_t cobs_decode(uint8_t *data, size_t count) {
  size_t from = 0;
  size_t to = 0;
  while (from < count) {
    const uint8_t code = data[from++];
    if (code == 0 || from + code - 1 > count) return 0;
    for (int i = 1; i < code; i++) data[to++] = data[from++];
    if (code < 255 && from < count) data[to++] = 0;  // full and last blocks stand for no zero
  }
  return to;
}

void FrameWriter::begin(uint8_t type, uint16_t seq) {
  crc_ = 0;
  filled_ = 1;
  const uint8_t zero = 0;
  sink_(&zero, 1);
  add_number(type, 1);
  add_number(seq, 2);
}

void FrameWriter::add(const void *data, size_t count) {
  crc_ = crc32(crc_, data, count);
  for (size_t i = 0; i < count; i++) put(static_cast<const uint8_t *>(data)[i]);
}

void FrameWriter::add_number(uint32_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    const uint8_t byte = static_cast<uint8_t>(value >> (8 * i));
    add(&byte, 1);
  }
}

void FrameWriter::end() {
  add_number(crc_, kCrc);
  end_block();
  const uint8_t zero = 0;
  sink_(&zero, 1);
}

void FrameWriter::put(uint8_t byte) {
  // A full block goes out only when another byte follows: the last block may be a full one.
  if (filled_ == sizeof(block_)) end_block();
  if (byte == 0) {
    end_block();
  } else {
    block_[filled_++] = byte;
  }
}

void FrameWriter::end_block() {
  block_[0] = static_cast<uint8_t>(filled_);
  sink_(block_, filled_);
  filled_ = 1;
}

FrameReceiver::Event FrameReceiver::push(uint8_t byte) {
  if (!inside_) {
    if (byte != 0) return Event::kText;
    inside_ = true;
    filled_ = 0;
    return Event::kNone;
  }
  if (byte != 0) {
    if (filled_ < sizeof(buffer_)) {
      buffer_[filled_++] = byte;
    } else {
      damaged_++;
      inside_ = false;
    }
    return Event::kNone;
  }
  if (filled_ == 0) return Event::kNone;
  const bool good = decode();
  // After a bad segment stay inside: the zero that ended it may be the start of the next frame.
  inside_ = !good;
  filled_ = 0;
  if (!good) damaged_++;
  return good ? Event::kFrame : Event::kNone;
}

void FrameReceiver::idle() {
  if (inside_ && filled_ > 0) damaged_++;
  inside_ = false;
}

bool FrameReceiver::decode() {
  const size_t count = cobs_decode(buffer_, filled_);
  if (count < kHeader + kCrc || count > kMaxBody) return false;
  if (crc32(0, buffer_, count - kCrc) != number_at(buffer_ + count - kCrc, kCrc)) return false;
  frame_.type = buffer_[0];
  frame_.seq = static_cast<uint16_t>(number_at(buffer_ + 1, 2));
  frame_.payload = buffer_ + kHeader;
  frame_.payload_bytes = count - kHeader - kCrc;
  return true;
}

}  // namespace aiedge
