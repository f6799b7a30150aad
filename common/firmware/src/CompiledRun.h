// The buffers of a compiled network and how it runs: on a whole input, or row by row while the input comes.
// For CompiledModel.cpp, which includes the generated headers first.
#ifndef AIEDGE_COMPILED_RUN_H_
#define AIEDGE_COMPILED_RUN_H_

#include "Tensor.h"
#include "aiedge_status.h"
#include "clock.h"

namespace aiedge {
namespace {

AIEDGE_BUFFER AIEDGE_MODEL_OUTPUT_TYPE output_data[AIEDGE_MODEL_OUTPUT_COUNT];
AIEDGE_BUFFER uint8_t arena[AIEDGE_MODEL_ARENA_BYTES + 1];  // + 1: an array cannot be empty

#ifndef AIEDGE_MODEL_ROWS

AIEDGE_BUFFER AIEDGE_MODEL_INPUT_TYPE input_data[AIEDGE_MODEL_INPUT_COUNT];

// Has the input taken row by row, where the network does so.
void take_rows(Tensor &) {}

// Runs the network on its input; false where it fails.
bool run_network() { return AIEDGE_MODEL_INVOKE(input_data, output_data, arena) == AIEDGE_OK; }

#else

// A row of the input, and room for what comes early.
AIEDGE_BUFFER AIEDGE_MODEL_INPUT_TYPE
    input_data[AIEDGE_MODEL_ROW_COUNT + RowSink::kAhead / sizeof(AIEDGE_MODEL_INPUT_TYPE)];

class Rows : public RowSink {
 public:
  void take(size_t row) override {
    if (row == 0) {
      next_ = AIEDGE_MODEL_BEGIN(arena) == AIEDGE_OK ? 0 : kNone;
      time_us_ = 0;
    }
    if (row != next_) {
      next_ = kNone;
      return;
    }
    if (change_ != nullptr) {
      Tensor tensor = *input_;
      tensor.count = AIEDGE_MODEL_ROW_COUNT;
      tensor.rows = nullptr;
      change_(tensor);
    }
    const uint32_t start = clock_us();
    const int status = AIEDGE_MODEL_PUSH_ROW(input_data, output_data, arena);
    time_us_ += clock_us() - start;
    next_++;
    if (status != (next_ < AIEDGE_MODEL_ROWS ? AIEDGE_MORE_ROWS : AIEDGE_OK)) next_ = kNone;
  }

  void on_row(void (*change)(Tensor &row)) override { change_ = change; }
  uint32_t time_us() const override { return time_us_; }

  void take_from(Tensor &input) {
    input.rows = this;
    input.row_count = AIEDGE_MODEL_ROW_COUNT;
    input_ = &input;
  }

  // Tells, once for each input, whether all its rows were taken: then the output is complete.
  bool finish() {
    const bool done = next_ == AIEDGE_MODEL_ROWS;
    next_ = kNone;
    return done;
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  size_t next_ = kNone;  // the row that may come, beside row 0
  uint32_t time_us_ = 0;
  Tensor *input_ = nullptr;
  void (*change_)(Tensor &row) = nullptr;
};

Rows rows;

void take_rows(Tensor &input) { rows.take_from(input); }
bool run_network() { return rows.finish(); }

#endif

}  // namespace
}  // namespace aiedge

#endif  // AIEDGE_COMPILED_RUN_H_
