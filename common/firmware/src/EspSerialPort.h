// The serial port as a source of inputs and a sink of results.
//
// The computer asks, the board answers: read() waits until an input arrives in a frame, and
// write_result() answers it. What a board says about itself (the frame HELLO, the command `name%`)
// is answered inside read(), unseen by the sketch.
#ifndef AIEDGE_ESP_SERIAL_PORT_H_
#define AIEDGE_ESP_SERIAL_PORT_H_

#include "InputProvider.h"
#include "Model.h"
#include "frame.h"

namespace aiedge {

class EspSerialPort : public InputProvider {
 public:
  explicit EspSerialPort(Model &model);

  // Waits for the next input; false where nobody can send one. An input that was read before and
  // got no result is answered as failed.
  bool read(Tensor &input) override;

  // Answers the input that read() returned. Without one (the input came from elsewhere) it prints
  // the first output and the time: "result 0.9961 (12 us)".
  void write_result(const Tensor &output, uint32_t time_us);

 private:
  bool handle_frame(Tensor &input);
  void handle_text(char character);
  void send_hello(uint16_t seq);
  void send_error(uint16_t seq, ErrorCode code, const char *message);
  void begin_frame(FrameType type, uint16_t seq);

  Model &model_;
  FrameReceiver receiver_;
  FrameWriter writer_;
  bool pending_ = false;  // an input waits for its result
  uint16_t pending_seq_ = 0;
  char command_[81] = {};
  size_t command_length_ = 0;
};

}  // namespace aiedge

#endif  // AIEDGE_ESP_SERIAL_PORT_H_
