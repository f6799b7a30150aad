// The emulated Xtensa: simulator calls.
#include "machine.h"

int simcall(int operation, int a, const void *b, int c);

void machine_write(const void *data, uint32_t bytes) { simcall(4, 1, data, (int)bytes); }

_Noreturn void machine_exit(int status) {
  for (;;) {
    simcall(1, status, 0, 0);
  }
}
