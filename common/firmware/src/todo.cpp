#include "todo.h"

#include "print.h"
#include "stop.h"

namespace aiedge {

void todo(int number, const char *what, int line) {
  end_line();
  for (;;) {
    print("TODO %d: %s (main.cpp line %d)\n", number, what, line);
    stop(3);
  }
}

}  // namespace aiedge
