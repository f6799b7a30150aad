// Start and end of the firmware as a program.
//
//     program                     prints what the firmware prints, and ends
//     program --images FOLDER     has the pictures in a folder as its camera
//     program --weights FILE      has the network's weights in a file
//     program [...] --pty         listens on a pseudo-terminal, like a board on a serial port
//     program [...] --tcp PORT    listens on a TCP port of this computer (0: any free one)
//     program [...] --facts       says between its lines what happens, for the program that watches it
//     program [...] --leashed     ends when its standard input does: however its parent has ended
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <thread>

#include "Conduct.h"
#include "Model.h"
#include "camera.h"
#include "facts.h"
#include "line.h"
#include "stop.h"
#include "weights_file.h"

extern "C" void app_main(void);

namespace aiedge {

void stop(int status) {
  print_facts();
  exit(status);
}

}  // namespace aiedge

namespace {

struct Options {
  const char *images = nullptr;
  const char *weights = nullptr;
  const char *tcp_port = nullptr;
  bool pty = false;
  bool leashed = false;
  bool facts = false;
};

// False where an argument is unknown, lacks its value, or is there twice.
bool parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; i++) {
    const bool has_value = i + 1 < argc;
    const bool has_line = options.pty || options.tcp_port != nullptr;
    if (strcmp(argv[i], "--pty") == 0 && !has_line) {
      options.pty = true;
    } else if (strcmp(argv[i], "--tcp") == 0 && !has_line && has_value) {
      options.tcp_port = argv[++i];
    } else if (strcmp(argv[i], "--leashed") == 0 && !options.leashed) {
      options.leashed = true;
    } else if (strcmp(argv[i], "--facts") == 0 && !options.facts) {
      options.facts = true;
    } else if (strcmp(argv[i], "--images") == 0 && options.images == nullptr && has_value) {
      options.images = argv[++i];
    } else if (strcmp(argv[i], "--weights") == 0 && options.weights == nullptr && has_value) {
      options.weights = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

// Opens the port whose number is written in `text`. Null after an error, which is printed.
aiedge::Line *open_tcp(const char *text) {
  char *end = nullptr;
  const long port = strtol(text, &end, 10);
  if (end != text && *end == '\0' && port >= 0 && port <= 65535)
    return aiedge::open_tcp(static_cast<int>(port));
  fprintf(stderr, "error: %s is no TCP port\nhint: use --tcp 0 for any free port\n", text);
  return nullptr;
}

// No signal tells that a parent was killed, but a pipe from it closes.
void end_with_input() {
  while (getchar() != EOF) continue;
  _Exit(0);
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    fprintf(stderr,
            "error: unknown arguments\nhint: %s [--images FOLDER] [--weights FILE] [--pty | --tcp PORT] "
            "[--facts] [--leashed]\n",
            argv[0]);
    return 2;
  }
  if (options.leashed) std::thread(end_with_input).detach();
  if (options.images != nullptr && !aiedge::use_images(options.images)) return 2;
  if (options.weights != nullptr) aiedge::use_weights(options.weights);
  if (options.pty || options.tcp_port != nullptr) {
    // Last, since it waits for whoever is to be answered.
    aiedge::Line *line = options.pty ? aiedge::open_pty() : open_tcp(options.tcp_port);
    if (line == nullptr) return 2;
    aiedge::use_line(line);
  }
  if (options.facts) aiedge::use_facts();
  app_main();
  aiedge::settle_input();
  aiedge::print_facts();
  if (options.images != nullptr && !aiedge::took_images()) {
    fprintf(stderr,
            "error: this firmware took no picture from its camera\n"
            "hint: a project with a camera has an environment host-camera in its platformio.ini\n");
    return 2;
  }
  if (options.weights != nullptr && !aiedge::took_weights()) {
    fprintf(stderr,
            "error: this firmware has its weights in the program\n"
            "hint: the environment host-bin reads them from a file; leave --weights out for the others\n");
    return 2;
  }
  return aiedge::Model::problem() == nullptr ? 0 : 2;  // begin() has said what
}
