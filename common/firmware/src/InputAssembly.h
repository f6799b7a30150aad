// An input that comes in pieces: which of them are there, and where they belong.
//
// Where the network takes its input row by row, a row is handed over as soon as it is complete; no more is
// kept than the row that comes and what its buffer holds beyond it.
#ifndef AIEDGE_INPUT_ASSEMBLY_H_
#define AIEDGE_INPUT_ASSEMBLY_H_

#include "Tensor.h"
#include "serial_protocol.h"

namespace aiedge {

class InputAssembly {
 public:
  enum class Piece : uint8_t {
    kWrong,   // it is no piece of this input
    kTooFar,  // there is no place for it yet
    kTaken,   // or was there already
    kLast,    // nothing is missing now: finish() comes next
  };

  // Returns the bytes in which pieces are counted.
  static size_t unit_bytes(const Tensor &input);

  // Takes the payload of a WRITE. One with a new number begins a new input.
  Piece take(Tensor &input, const uint8_t *payload, size_t payload_bytes);

  // Hands the complete input over: from now on its memory belongs to the network.
  void finish(Tensor &input);

  void forget() { state_ = State::kNone; }

  // Tells whether the input that came last was complete.
  bool is_read() const { return state_ == State::kRead; }

  uint8_t number() const { return number_; }
  uint32_t crc() const { return crc_; }  // of a complete input

 private:
  enum class State : uint8_t { kNone, kComing, kRead };

  void put(Tensor &input, size_t start, const uint8_t *bytes, size_t count);
  void take_rows(Tensor &input);

  State state_ = State::kNone;
  uint8_t number_ = 0;
  size_t missing_ = 0;  // units
  size_t taken_ = 0;    // bytes of rows that the network has taken
  uint32_t crc_ = 0;
  uint8_t has_unit_[kMaxUnits / 8] = {};
};

}  // namespace aiedge

#endif  // AIEDGE_INPUT_ASSEMBLY_H_
