// What the harness needs of the machine that it runs on.
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

void machine_write(const void *data, uint32_t bytes);  // to the standard output of the emulator
_Noreturn void machine_exit(int status);               // ends the emulation

#endif
