// Declarations for tests; see README.md.
#pragma once

#define IRAM_ATTR __attribute__((section(".iram1")))
#define EXT_RAM_BSS_ATTR __attribute__((section(".ext_ram.bss")))
