// Which WRITEs have come, as an ACK tells it.
#ifndef AIEDGE_PIECE_HISTORY_H_
#define AIEDGE_PIECE_HISTORY_H_

#include "serial_protocol.h"

namespace aiedge {

class PieceHistory {
 public:
  // Forgets what came before the frame with this number, a HELLO.
  void begin(uint16_t seq) {
    newest_ = seq;
    bits_ = 0;
  }

  // Enters the number of a WRITE that came.
  void note(uint16_t seq) {
    const uint16_t ahead = static_cast<uint16_t>(seq - newest_);
    if (ahead == 0) return;
    if (ahead < 0x8000) {
      bits_ = ahead > kHistoryFrames
                  ? 0
                  : static_cast<uint32_t>((static_cast<uint64_t>(bits_) << 1 | 1) << (ahead - 1));
      newest_ = seq;
    } else if (const uint16_t back = static_cast<uint16_t>(newest_ - seq); back <= kHistoryFrames) {
      bits_ |= 1u << (back - 1);
    }
  }

  uint16_t newest() const { return newest_; }
  uint32_t bits() const { return bits_; }  // bit i: the WRITE with the number newest() - 1 - i came

 private:
  uint16_t newest_ = 0;
  uint32_t bits_ = 0;
};

}  // namespace aiedge

#endif  // AIEDGE_PIECE_HISTORY_H_
