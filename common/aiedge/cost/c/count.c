// A plugin of QEMU: counts executed instructions, and notes the count whenever the guest enters one function.
//
// Arguments: mark=ADDRESS of that function, out=FILE for the noted counts, one a line, or without a mark for
// that at the end, and skip=FROM:TO for code that does not count, such as a handler that stands in for an
// instruction. It counts by translated block, which is exact where no block is left half way: no interrupts
// and no exceptions, as in a benchmark. It declares what it uses of QEMU's plugin interface, version 1, since
// distributions do not ship the header.
//
// With cycles=FILE it adds up cycles, too, and notes them behind each count: a line of that file has an
// instruction's address, its cycles, and those besides where it is a branch that is taken.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct block;
struct instruction;
typedef uint64_t plugin_id;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *block, void (*callback)(unsigned, void *), int flags,
                                          void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct block *block);
struct instruction *qemu_plugin_tb_get_insn(const struct block *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct instruction *instruction);
size_t qemu_plugin_insn_size(const struct instruction *instruction);

EXPORT int qemu_plugin_version = 1;

struct counted {
  uint64_t begin, end;  // addresses
  uint64_t instructions, cycles, taken;
};

enum { ADDRESSES = 1 << 22 };  // with known cycles: those below
static struct {
  uint8_t cycles, taken;
} timings[ADDRESSES / 2];

static uint64_t executed, cycles;
static uint64_t mark, skip, skip_end;
static const struct counted *before;
static FILE *out;

static void on_block(unsigned cpu, void *data) {
  const struct counted *block = data;
  (void)cpu;
  executed += block->instructions;
  cycles += block->cycles;
  if (before && block->begin != before->end) {
    cycles += before->taken;
  }
  before = block;
}

static void on_mark(unsigned cpu, void *data) {
  fprintf(out, "%" PRIu64 " %" PRIu64 "\n", executed, cycles);
  on_block(cpu, data);
}

static void on_translation(plugin_id id, struct block *block) {
  (void)id;
  // A call begins a block, so the function's first instruction is a block's first.
  uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0));
  if (address >= skip && address < skip_end) {
    return;
  }
  struct counted *counted = calloc(1, sizeof *counted);  // as long as QEMU runs
  if (!counted) {
    abort();
  }
  counted->begin = address;
  counted->instructions = qemu_plugin_tb_n_insns(block);
  for (size_t i = 0; i < counted->instructions; i++) {
    const struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
    uint64_t at = qemu_plugin_insn_vaddr(instruction);
    counted->end = at + qemu_plugin_insn_size(instruction);
    if (at < ADDRESSES) {
      counted->cycles += timings[at / 2].cycles;
      counted->taken = timings[at / 2].taken;
    }
  }
  qemu_plugin_register_vcpu_tb_exec_cb(block, address == mark ? on_mark : on_block, 0, counted);
}

static int read_timings(const char *name) {
  FILE *file = fopen(name, "r");
  unsigned address, each, taken;
  if (!file) {
    return 0;
  }
  while (fscanf(file, "%u %u %u", &address, &each, &taken) == 3) {
    if (address < ADDRESSES) {
      timings[address / 2].cycles = (uint8_t)each;
      timings[address / 2].taken = (uint8_t)taken;
    }
  }
  fclose(file);
  return 1;
}

static void on_end(plugin_id id, void *data) {
  (void)id;
  (void)data;
  if (!mark) {
    fprintf(out, "%" PRIu64 "\n", executed);
  }
  fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments) {
  (void)info;
  for (int i = 0; i < count; i++) {
    if (!strncmp(arguments[i], "mark=", 5)) {
      mark = strtoull(arguments[i] + 5, NULL, 0);
    } else if (!strncmp(arguments[i], "skip=", 5)) {
      char *rest;
      skip = strtoull(arguments[i] + 5, &rest, 0);
      skip_end = strtoull(rest + 1, NULL, 0);
    } else if (!strncmp(arguments[i], "cycles=", 7)) {
      if (!read_timings(arguments[i] + 7)) {
        return 1;
      }
    } else if (!strncmp(arguments[i], "out=", 4)) {
      out = fopen(arguments[i] + 4, "w");
    }
  }
  if (!out) {
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_end, NULL);
  return 0;
}
