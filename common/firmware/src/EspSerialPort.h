// The serial port as a source of inputs and a sink of results.
//
// The computer asks, the board answers: read() waits until an input has arrived, in one frame or in
// hundreds, and write_result() answers it. While the network runs, the driver keeps what comes of the
// next input. What a board says about itself (the frame HELLO, the command `name%`) is answered inside
// read(), unseen by the sketch.
#ifndef AIEDGE_ESP_SERIAL_PORT_H_
#define AIEDGE_ESP_SERIAL_PORT_H_

#include "InputProvider.h"
#include "Model.h"
#include "TextCommands.h"
#include "frame.h"

namespace aiedge {

class EspSerialPort : public InputProvider {
 public:
  explicit EspSerialPort(Model &model);

  // The port of the sketch, null where it has none: there is one serial line.
  static EspSerialPort *instance();

  // Waits for the next input; false where nobody can send one. An input that was read before and
  // got no result is answered as failed.
  bool read(Tensor &input) override;

  // Answers the input that read() returned; to the time of invoke() it adds what a network that runs row by
  // row has worked while the input came. Without one (the input came from elsewhere) it prints
  // the first output and the time: "result 0.9961 (12 us)".
  void write_result(const Tensor &output, uint32_t time_us);

  // Sets the speed at which the line starts, and to which it returns when a higher one does not work.
  // False where the hardware has no such speed.
  bool set_base_baud(uint32_t baud);

 private:
  // An input comes in units of bytes, counted in a bitmap of this size.
  static constexpr size_t kMaxUnits = 4096;
  static constexpr size_t kMinUnit = 16;
  static constexpr size_t kResultHead = 9;  // number, CRC, time

  enum class State : uint8_t { kNone, kComing, kRead };

  bool handle_frame(Tensor &input);
  bool handle_write(Tensor &input);
  void put(Tensor &input, size_t start, const uint8_t *bytes, size_t count);
  void take_rows(Tensor &input);
  void greet();
  void send_hello();
  void send_ack();
  void send_result(uint16_t seq);
  void send_error(uint16_t seq, ErrorCode code, const char *message);
  void answer_set_baud();
  void use_baud(uint32_t baud);
  void check_baud();
  void note_seq(uint16_t seq);
  void begin_frame(FrameType type, uint16_t seq);
  static size_t unit_bytes(const Tensor &input);

  Model &model_;
  FrameReceiver receiver_;
  FrameWriter writer_;
  uint8_t received_[256] = {};  // from the driver: bytes next_ to filled_ are still to be looked at
  size_t next_ = 0;
  size_t filled_ = 0;

  bool greeted_ = false;  // since the reset
  uint16_t last_seq_ = 0;
  uint32_t history_ = 0;  // bit i: the WRITE with the number last_seq_ - 1 - i came

  // The input that comes, or that read() returned last.
  State state_ = State::kNone;
  uint8_t number_ = 0;
  uint16_t seq_ = 0;    // of the frame that completed it
  size_t missing_ = 0;  // units
  size_t taken_ = 0;    // bytes of rows that the network has taken
  uint32_t crc_ = 0;
  uint8_t has_unit_[kMaxUnits / 8] = {};

  // The last result, for when it gets lost on its way.
  bool has_result_ = false;
  bool failed_ = false;
  uint8_t result_number_ = 0;
  size_t result_bytes_ = 0;
  uint8_t result_[kMaxPayload] = {};

  uint32_t base_baud_;
  uint32_t baud_;
  bool confirmed_ = true;  // a frame has come at this speed
  uint32_t heard_us_ = 0;  // when the last frame came

  TextCommands commands_;  // what stands outside frames
};

}  // namespace aiedge

#endif  // AIEDGE_ESP_SERIAL_PORT_H_
