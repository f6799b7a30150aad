/* What of the ESP32's core the engine asks for, as ESP-IDF's file of this name has it. */
#ifndef CORE_ISA_H
#define CORE_ISA_H

#define XCHAL_HAVE_MAC16 1
#define XCHAL_HAVE_LOOPS 1
#define XCHAL_HAVE_MUL32_HIGH 1
#define XCHAL_HAVE_DIV32 1

#endif
