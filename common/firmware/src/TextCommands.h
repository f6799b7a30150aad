// The ASCII commands of MLPerf Tiny's boards, so that its benchmark runner finds a board here; and two more,
// for the time of each layer and the memory.
//
// A command ends in '%', a reply in the line "m-ready". The runner loads an input byte by byte, as
// hexadecimal digits, lets the network run on it as often as it likes, and reads the times and the output.
// The bytes are those of a picture: 0 is 0.0 and 255 is 1.0, for an int8 network and for a float32 one.
// PROTOCOL.md has the table of commands.
#ifndef AIEDGE_TEXT_COMMANDS_H_
#define AIEDGE_TEXT_COMMANDS_H_

#include "Model.h"

namespace aiedge {

class TextCommands {
 public:
  explicit TextCommands(Model &model) : model_(model) {}
  TextCommands(const TextCommands &) = delete;
  TextCommands &operator=(const TextCommands &) = delete;
  ~TextCommands();

  // Takes one character; answers a command when its '%' has come. '\r' and '\n' are skipped, any other
  // character that is not printable begins a new command.
  void take(char character);

 private:
  void answer();
  void profile();
  void buffer(char *rest);
  void start_load(const char *count);
  void load(const char *digits);
  void print_buffer() const;
  void infer(char *rest);
  const char *run(uint32_t times);
  void results() const;
  void layers() const;

  Model &model_;
  char command_[81] = {};
  size_t length_ = 0;
  bool too_long_ = false;
  uint8_t *bytes_ = nullptr;  // the input, from `db load` on
  size_t expected_ = 0;
  size_t loaded_ = 0;
  bool has_result_ = false;
};

}  // namespace aiedge

#endif  // AIEDGE_TEXT_COMMANDS_H_
