#include "todo.h"

#include "print.h"
#include "stop.h"

namespace aiedge {

void todo(int number, const char *what) {
  end_line();
  for (;;) {
    print("TODO %d: %s (main.cpp)\n", number, what);
    stop(3);
  }
}

}  // namespace aiedge
