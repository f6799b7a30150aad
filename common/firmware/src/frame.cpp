#include "frame.h"

namespace aiedge {
namespace {

constexpr size_t kHeader = 3;  // type, sequence number
constexpr size_t kCrc = 4;
constexpr size_t kFullBlock = 255;  // a code byte and 254 others

// CRC-32 of the numbers 0 to 15, four bits long.
constexpr uint32_t kCrcOfNibble[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                       0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                       0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};

}  // namespace

uint32_t number_at(const uint8_t *bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; i++) value |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  return value;
}

uint32_t crc32(uint32_t crc, const void *data, size_t count) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    // By halves of a byte: a table of all bytes would cost the board 1 KB.
    crc = (crc >> 4) ^ kCrcOfNibble[crc & 15];
    crc = (crc >> 4) ^ kCrcOfNibble[crc & 15];
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
  buffer_[0] = 0;
  block_ = 1;
  filled_ = 2;
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
  buffer_[block_] = 0;  // in the place of the next block's code
  flush();
}

void FrameWriter::put(uint8_t byte) {
  // A full block ends only when another byte follows: the last block may be a full one.
  if (filled_ - block_ == kFullBlock) end_block();
  if (byte == 0) {
    end_block();
  } else {
    buffer_[filled_++] = byte;
  }
}

void FrameWriter::end_block() {
  buffer_[block_] = static_cast<uint8_t>(filled_ - block_);
  if (filled_ + kFullBlock > sizeof(buffer_)) flush();
  block_ = filled_++;
}

void FrameWriter::flush() {
  sink_(buffer_, filled_);
  filled_ = 0;
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
