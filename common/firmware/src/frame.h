// Frames on the serial line: COBS, a type, a sequence number, a payload, CRC-32. See PROTOCOL.md.
//
//     0x00, COBS(type u8, seq u16, payload, crc u32), 0x00        numbers little-endian
//
// COBS takes every zero out of the body, so a zero always means "a frame begins or ends here".
#ifndef AIEDGE_FRAME_H_
#define AIEDGE_FRAME_H_

#include "serial_protocol.h"

namespace aiedge {

constexpr size_t kMaxBody = 1 + 2 + kMaxPayload + 4;
constexpr size_t kMaxEncoded = kMaxBody + kMaxBody / 254 + 1;  // COBS adds at most this

// A frame that arrived; the payload lies in the receiver's buffer until its next push().
struct Frame {
  uint8_t type = 0;
  uint16_t seq = 0;
  const uint8_t *payload = nullptr;
  size_t payload_bytes = 0;
};

// Continues the CRC-32 of zlib and Ethernet over more bytes; starts from 0.
uint32_t crc32(uint32_t crc, const void *data, size_t count);

// Replaces COBS code by the bytes that it stands for. Returns their number, 0 for invalid code.
size_t cobs_decode(uint8_t *data, size_t count);

// Reads a little-endian number.
uint32_t number_at(const uint8_t *bytes, size_t count);

// Sends a frame piece by piece; a small one reaches the sink in one piece.
class FrameWriter {
 public:
  using Sink = void (*)(const void *data, size_t count);

  explicit constexpr FrameWriter(Sink sink) : sink_(sink) {}

  void begin(uint8_t type, uint16_t seq);
  void add(const void *data, size_t count);
  void add_number(uint32_t value, size_t bytes);  // the low bytes, lowest first
  void end();

 private:
  void put(uint8_t byte);
  void end_block();
  void flush();

  Sink sink_;
  uint32_t crc_ = 0;
  uint8_t buffer_[512] = {};  // whole blocks, then the code byte and the bytes of the one that grows
  size_t block_ = 0;          // where that one starts
  size_t filled_ = 0;
};

// Finds the frames in a stream of bytes, whatever else or damaged the stream holds.
class FrameReceiver {
 public:
  enum class Event { kNone, kFrame, kText };

  // Takes one byte. kFrame: frame() is new. kText: the byte lies outside frames.
  Event push(uint8_t byte);

  // Call after 100 ms without a byte: a frame that stopped midway is given up.
  void idle();

  const Frame &frame() const { return frame_; }
  uint32_t damaged() const { return damaged_; }  // segments that were no frame

 private:
  bool decode();

  bool inside_ = false;
  size_t filled_ = 0;
  uint32_t damaged_ = 0;
  Frame frame_;
  uint8_t buffer_[kMaxEncoded] = {};
};

}  // namespace aiedge

#endif  // AIEDGE_FRAME_H_
