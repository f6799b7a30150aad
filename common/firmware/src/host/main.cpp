// Start and end of the firmware as a program.
//
//     program              prints what the firmware prints, and ends
//     program --pty        listens on a pseudo-terminal, like a board on a serial port
//     program --tcp PORT   listens on a TCP port of this computer (0: any free one)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "stop.h"

extern "C" void app_main(void);

namespace aiedge {

void stop(int status) { exit(status); }

}  // namespace aiedge

int main(int argc, char **argv) {
  aiedge::Line *line = nullptr;
  if (argc == 2 && strcmp(argv[1], "--pty") == 0) {
    line = aiedge::open_pty();
  } else if (argc == 3 && strcmp(argv[1], "--tcp") == 0) {
    line = aiedge::open_tcp(atoi(argv[2]));
  } else if (argc > 1) {
    fprintf(stderr, "error: unknown arguments\nhint: %s [--pty | --tcp PORT]\n", argv[0]);
  }
  if (argc > 1 && line == nullptr) return 2;
  aiedge::use_line(line);
  app_main();
  return 0;
}
