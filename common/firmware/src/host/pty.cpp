// A pseudo-terminal as the serial line: what opens /dev/pts/N sees a serial port.
#include <stdio.h>

#include "line.h"

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#endif

namespace aiedge {

#ifdef _WIN32

Line *open_pty() {
  fprintf(stderr, "error: Windows has no pseudo-terminals\nhint: use --tcp 0\n");
  return nullptr;
}

#else

namespace {

bool ready(int file, short events, int timeout_ms) {
  pollfd what = {file, events, 0};
  return poll(&what, 1, timeout_ms) > 0;
}

class PtyLine : public Line {
 public:
  bool open() {
    board_ = posix_openpt(O_RDWR | O_NOCTTY);
    if (board_ < 0 || grantpt(board_) != 0 || unlockpt(board_) != 0) return false;
    const char *name = ptsname(board_);
    // The other end stays open here too, or reading would fail whenever no program has it open.
    computer_ = ::open(name, O_RDWR | O_NOCTTY);
    if (computer_ < 0) return false;
    termios settings;
    if (tcgetattr(computer_, &settings) != 0) return false;
    cfmakeraw(&settings);
    if (tcsetattr(computer_, TCSANOW, &settings) != 0) return false;
    // What nobody reads is lost, as on a wire, instead of stopping the firmware.
    fcntl(board_, F_SETFL, O_NONBLOCK);
    printf("listening on %s\n", name);
    fflush(stdout);
    return true;
  }

  size_t read(void *data, size_t count, uint32_t timeout_ms) override {
    if (!ready(board_, POLLIN, static_cast<int>(timeout_ms))) return 0;
    const ssize_t got = ::read(board_, data, count);
    return got > 0 ? static_cast<size_t>(got) : 0;
  }

  void write(const void *data, size_t count) override {
    const char *bytes = static_cast<const char *>(data);
    while (count > 0 && ready(board_, POLLOUT, 1000)) {
      const ssize_t sent = ::write(board_, bytes, count);
      if (sent <= 0) return;
      bytes += sent;
      count -= static_cast<size_t>(sent);
    }
  }

 private:
  int board_ = -1;
  int computer_ = -1;
};

PtyLine pty;

}  // namespace

Line *open_pty() {
  if (pty.open()) return &pty;
  fprintf(stderr, "error: cannot open a pseudo-terminal\nhint: use --tcp 0\n");
  return nullptr;
}

#endif  // _WIN32

}  // namespace aiedge
