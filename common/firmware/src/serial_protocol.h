// The numbers of the serial protocol. PROTOCOL.md is their source, aiedge/board/line/protocol.py has them in
// Python, and tests compare both with its tables.
#ifndef AIEDGE_SERIAL_PROTOCOL_H_
#define AIEDGE_SERIAL_PROTOCOL_H_

#include <stddef.h>
#include <stdint.h>

namespace aiedge {

constexpr uint8_t kProtocolVersion = 3;
constexpr uint32_t kBaseBaud = 115200;  // the line's speed at first
constexpr size_t kMaxPayload = 1024;
constexpr unsigned kHistoryFrames = 32;  // before the one that an ACK names
constexpr size_t kMostText = 96;         // bytes of what a sketch printed
// An input comes in units of so many bytes, or more where it has more than so many units.
constexpr size_t kMinUnit = 16;
constexpr size_t kMaxUnits = 4096;
constexpr uint32_t kSilenceMs = 100;   // a frame that stops for so long is given up
constexpr uint32_t kConfirmMs = 1000;  // a new speed must carry a frame within this time
constexpr uint32_t kQuietMs = 3000;    // without a frame for so long, a speed is given up

enum FrameType : uint8_t {
  kHello = 0x01,
  kWrite = 0x02,
  kFetch = 0x03,
  kSetBaud = 0x04,
  kHelloReply = 0x81,
  kAck = 0x82,
  kResult = 0x83,
  kBaudReply = 0x84,
  kError = 0xFF,
};

enum ErrorCode : uint8_t {
  kUnknownType = 1,
  kWrongPayload = 2,
  kInferenceFailed = 3,
  kWrongVersion = 4,
  kNotGreeted = 5,
  kNoResult = 6,
  kWrongBaud = 7,
};

// Bytes before the piece in a WRITE (number, index), and before the output in a RESULT (number, CRC, time).
constexpr size_t kWriteHead = 3;
constexpr size_t kResultHead = 9;
// Of what follows the output in a RESULT: the network's time, the request's, flags.
constexpr size_t kConductHead = 9;

}  // namespace aiedge

#endif  // AIEDGE_SERIAL_PROTOCOL_H_
