// The serial port as a source of inputs and a sink of results.
//
// The computer asks, the board answers: read() waits until an input has arrived, in one frame or in
// hundreds, and write_result() answers it. While the network runs, the driver keeps what comes of the
// next input. What a board says about itself (the frame HELLO, the command `name%`) is answered inside
// read(), unseen by the sketch.
#ifndef AIEDGE_ESP_SERIAL_PORT_H_
#define AIEDGE_ESP_SERIAL_PORT_H_

#include "InputAssembly.h"
#include "InputProvider.h"
#include "LastResult.h"
#include "LineSpeed.h"
#include "Model.h"
#include "PieceHistory.h"
#include "Replies.h"
#include "TextCommands.h"
#include "frame.h"

namespace aiedge {

class EspSerialPort : public InputProvider {
 public:
  explicit EspSerialPort(Model &model);

  // The port of the sketch, null where it has none: there is one serial line.
  static EspSerialPort *instance();

  // Answers the input that read() returned; to the time of invoke() it adds what a network that runs row by
  // row has worked while the input came. Without one (the input came from elsewhere) it prints
  // the first output and the time: "result 0.9961 (12 us)".
  void write_result(const Tensor &output, uint32_t time_us);

  // Where it is not null, each result goes to it, too: the output, and in microseconds the time
  // that was reported, the network's by the library's clock, and that since the input was read.
  static void (*on_result)(const Tensor &output, uint32_t time_us, uint32_t network_us, uint32_t request_us);

  // Sets the speed at which the line starts, and to which it returns when a higher one does not work.
  // False where the hardware has no such speed.
  bool set_base_baud(uint32_t baud);

 private:
  // Waits for the next input; false where nobody can send one. An input that was read before and
  // got no result is answered as failed.
  bool next(Tensor &input) override;

  bool handle_frame(Tensor &input);
  void handle_hello(const Frame &frame);
  bool handle_write(const Frame &frame, Tensor &input);
  void handle_fetch(const Frame &frame);
  void handle_set_baud(const Frame &frame);
  void drop_received();

  Model &model_;
  FrameReceiver receiver_;
  Replies replies_;
  uint8_t received_[256] = {};  // from the driver: bytes next_ to filled_ are still to be looked at
  size_t next_ = 0;
  size_t filled_ = 0;

  bool greeted_ = false;  // since the reset
  PieceHistory history_;
  InputAssembly assembly_;  // the input that comes, or that read() returned last
  uint16_t seq_ = 0;        // of the frame that completed it
  LastResult result_;
  LineSpeed speed_;
  TextCommands commands_;  // what stands outside frames
};

}  // namespace aiedge

#endif  // AIEDGE_ESP_SERIAL_PORT_H_
