// Start and end of the firmware as a program.
//
//     program                     prints what the firmware prints, and ends
//     program --images FOLDER     has the pictures in a folder as its camera
//     program [...] --pty         listens on a pseudo-terminal, like a board on a serial port
//     program [...] --tcp PORT    listens on a TCP port of this computer (0: any free one)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera.h"
#include "line.h"
#include "stop.h"

extern "C" void app_main(void);

namespace aiedge {

void stop(int status) { exit(status); }

}  // namespace aiedge

int main(int argc, char **argv) {
  aiedge::Line *line = nullptr;
  for (int i = 1; i < argc; i++) {
    const bool has_value = i + 1 < argc;
    bool done = false;
    if (strcmp(argv[i], "--pty") == 0 && line == nullptr) {
      done = (line = aiedge::open_pty()) != nullptr;
    } else if (strcmp(argv[i], "--tcp") == 0 && line == nullptr && has_value) {
      done = (line = aiedge::open_tcp(atoi(argv[++i]))) != nullptr;
    } else if (strcmp(argv[i], "--images") == 0 && has_value) {
      done = aiedge::use_images(argv[++i]);
    } else {
      fprintf(stderr, "error: unknown arguments\nhint: %s [--images FOLDER] [--pty | --tcp PORT]\n", argv[0]);
    }
    if (!done) return 2;
  }
  aiedge::use_line(line);
  app_main();
  return 0;
}
