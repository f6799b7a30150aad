// A plugin of QEMU: counts executed instructions, and notes the count whenever the guest enters one function.
//
// Arguments: mark=ADDRESS of that function, out=FILE for the noted counts, one a line, and skip=FROM:TO for
// code that does not count, such as a handler that stands in for an instruction. It counts by
// translated block, which is exact where no block is left half way: no interrupts and no exceptions, as in a
// benchmark. It declares what it uses of QEMU's plugin interface, version 1, since distributions do not ship
// the header.
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

EXPORT int qemu_plugin_version = 1;

static uint64_t executed;
static uint64_t mark, skip, skip_end;
static FILE *out;

static void on_block(unsigned cpu, void *instructions) {
  (void)cpu;
  executed += (uintptr_t)instructions;
}

static void on_mark(unsigned cpu, void *instructions) {
  fprintf(out, "%" PRIu64 "\n", executed);
  on_block(cpu, instructions);
}

static void on_translation(plugin_id id, struct block *block) {
  (void)id;
  // A call begins a block, so the function's first instruction is a block's first.
  uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0));
  if (address >= skip && address < skip_end) {
    return;
  }
  void *instructions = (void *)(uintptr_t)qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_cb(block, address == mark ? on_mark : on_block, 0, instructions);
}

static void on_end(plugin_id id, void *data) {
  (void)id;
  (void)data;
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
    } else if (!strncmp(arguments[i], "out=", 4)) {
      out = fopen(arguments[i] + 4, "w");
    }
  }
  if (!mark || !out) {
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_end, NULL);
  return 0;
}
