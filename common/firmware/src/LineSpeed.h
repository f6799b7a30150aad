// The speed of the serial line: a higher one than the base speed is given up where it carries no frames.
#ifndef AIEDGE_LINE_SPEED_H_
#define AIEDGE_LINE_SPEED_H_

#include "serial_protocol.h"

namespace aiedge {

class LineSpeed {
 public:
  // Sets the speed at which the line starts; false where the hardware has no such speed.
  bool set_base(uint32_t baud);

  // Changes the speed; false where it stays as it was.
  bool use(uint32_t baud);

  // Goes back to the base speed where the other one carries no frames; false where it stays as it was.
  bool check();

  // Somebody begins to listen: silence counts from now on.
  void listen();

  // A frame has come at this speed.
  void confirm();

 private:
  uint32_t base_ = kBaseBaud;
  uint32_t baud_ = kBaseBaud;
  bool confirmed_ = true;  // a frame has come at this speed
  uint32_t heard_us_ = 0;  // when the last frame came
};

}  // namespace aiedge

#endif  // AIEDGE_LINE_SPEED_H_
