// Declarations for tests: the little of MicroPython's API for native modules that the kit's glue uses, and
// bodies that do what the real ones do, for a library that ctypes loads. MicroPython's own header decides
// when a module is built.
#pragma once

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  void *buf;
  size_t len;
} mp_buffer_info_t;
typedef mp_buffer_info_t *mp_obj_t;
typedef struct {
  mp_obj_t (*call)(mp_obj_t, mp_obj_t);
} mp_obj_fun_bc_t;

enum { MP_QSTR_invoke, MP_BUFFER_READ, MP_BUFFER_WRITE };

#define mp_const_none ((mp_obj_t)0)
#define MP_ERROR_TEXT(text) text
#define MP_OBJ_FROM_PTR(pointer) ((mp_obj_t)(void *)(pointer))
#define MP_DEFINE_CONST_FUN_OBJ_2(name, function) const mp_obj_fun_bc_t name = {function}
#define MP_DYNRUNTIME_INIT_ENTRY
#define MP_DYNRUNTIME_INIT_EXIT return mp_const_none;

static mp_obj_t globals[1];
static const struct {
  void *(*memmove_)(void *, const void *, size_t);
  void *(*memset_)(void *, int, size_t);
} mp_fun_table = {memmove, memset};

static inline void *m_malloc(size_t bytes) { return malloc(bytes); }

static inline void m_free(void *data) { free(data); }

static inline void mp_get_buffer_raise(mp_obj_t object, mp_buffer_info_t *info, int flags) {
  (void)flags;
  *info = *object;
}

static inline void mp_store_global(int name, mp_obj_t value) { globals[name] = value; }

// What a test calls: the module's function, and what it raised.
const char *raised;
static jmp_buf handler;

static inline void mp_raise_ValueError(const char *text) {
  raised = text;
  longjmp(handler, 1);
}

void call_invoke(mp_obj_t x, mp_obj_t y) {
  const mp_obj_fun_bc_t *function = (const void *)globals[MP_QSTR_invoke];
  raised = 0;
  if (!setjmp(handler)) function->call(x, y);
}
