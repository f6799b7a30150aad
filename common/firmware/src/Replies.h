// What a board answers on the serial line.
#ifndef AIEDGE_REPLIES_H_
#define AIEDGE_REPLIES_H_

#include "Model.h"
#include "frame.h"

namespace aiedge {

// Each sends one frame, with the number of the request that it answers.
class Replies {
 public:
  Replies();

  // Says what the board is, and how inputs may be sent to it.
  void hello(uint16_t seq, Model &model);

  // Says that the WRITE with this number came, and by the bits of `history` which before it did.
  void ack(uint16_t seq, uint32_t history);

  void result(uint16_t seq, const uint8_t *payload, size_t count);
  void baud(uint16_t seq, uint32_t baud);
  void error(uint16_t seq, ErrorCode code, const char *message);

 private:
  void begin(FrameType type, uint16_t seq);

  FrameWriter writer_;
};

}  // namespace aiedge

#endif  // AIEDGE_REPLIES_H_
