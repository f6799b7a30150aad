// EQUAL, LESS and their kin, LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT, SELECT_V2 and CAST. What is true is 1,
// else 0.
#ifndef AIEDGE_COMPARISON_H
#define AIEDGE_COMPARISON_H

#include "aiedge_binary.h"

// One kernel for each formula of values u and v; `layer` has the fields of AIEDGE_BINARY_FIELDS.
#define AIEDGE_COMPARE(name, layer_type, type, u_of, v_of, formula)                                 \
  static inline void aiedge_##name##_row(const layer_type *layer, const type *a, const type *b,     \
                                         uint8_t *y) {                                              \
    for (int32_t l = 0; l < layer->size[3]; l++) {                                                  \
      const type p = a[l * layer->a_step[3]], q = b[l * layer->b_step[3]];                          \
      y[l] = (formula(u_of, v_of)) ? 1 : 0;                                                         \
    }                                                                                               \
  }                                                                                                 \
  AIEDGE_KERNEL void aiedge_##name(const layer_type *layer, const type *a_data, const type *b_data, \
                                   uint8_t *y) {                                                    \
    AIEDGE_BINARY_ROWS(layer, type, aiedge_##name##_row(layer, a, b, y))                            \
  }

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t zero_point[2], multiplier[2], shift[2];
} aiedge_comparison_int8_layer;

// The real number of an int8 value, in steps of 1 / 256.
static inline int32_t aiedge_compared(const aiedge_comparison_int8_layer *layer, int32_t value,
                                      int32_t which) {
  value = (value - layer->zero_point[which]) * (1 << 8);
  return aiedge_multiply(value, layer->multiplier[which], layer->shift[which]);
}

#define AIEDGE_EQUAL(u, v) (u) == (v)
#define AIEDGE_NOT_EQUAL(u, v) (u) != (v)
#define AIEDGE_GREATER(u, v) (u) > (v)
#define AIEDGE_GREATER_EQUAL(u, v) (u) >= (v)
#define AIEDGE_LESS(u, v) (u) < (v)
#define AIEDGE_LESS_EQUAL(u, v) (u) <= (v)
#define AIEDGE_AND(u, v) (u) && (v)
#define AIEDGE_OR(u, v) (u) || (v)

#define AIEDGE_COMPARISON(name, formula)                                                          \
  AIEDGE_COMPARE(name##_int8, aiedge_comparison_int8_layer, int8_t, aiedge_compared(layer, p, 0), \
                 aiedge_compared(layer, q, 1), formula)                                           \
  AIEDGE_COMPARE(name##_int32, aiedge_binary_layer, int32_t, p, q, formula)                       \
  AIEDGE_COMPARE(name##_f32, aiedge_binary_layer, float, p, q, formula)

AIEDGE_COMPARISON(equal, AIEDGE_EQUAL)
AIEDGE_COMPARISON(not_equal, AIEDGE_NOT_EQUAL)
AIEDGE_COMPARISON(greater, AIEDGE_GREATER)
AIEDGE_COMPARISON(greater_equal, AIEDGE_GREATER_EQUAL)
AIEDGE_COMPARISON(less, AIEDGE_LESS)
AIEDGE_COMPARISON(less_equal, AIEDGE_LESS_EQUAL)
AIEDGE_COMPARE(logical_and_bool, aiedge_binary_layer, uint8_t, p, q, AIEDGE_AND)
AIEDGE_COMPARE(logical_or_bool, aiedge_binary_layer, uint8_t, p, q, AIEDGE_OR)

AIEDGE_KERNEL void aiedge_logical_not(const uint8_t *x, uint8_t *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = !x[i];
  }
}

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t c_step[4];  // of the condition
} aiedge_select_layer;

#define AIEDGE_SELECT(suffix, type)                                                                        \
  AIEDGE_KERNEL void aiedge_select_##suffix(const aiedge_select_layer *layer, const type *a_data,          \
                                            const type *b_data, const uint8_t *condition, type *y) {       \
    AIEDGE_BINARY_ROWS(                                                                                    \
        layer, type,                                                                                       \
        const uint8_t *c = condition + i * layer->c_step[0] + j * layer->c_step[1] + k * layer->c_step[2]; \
        for (int32_t l = 0; l < layer->size[3];                                                            \
             l++) { y[l] = c[l * layer->c_step[3]] ? a[l * layer->a_step[3]] : b[l * layer->b_step[3]]; }) \
  }

AIEDGE_SELECT(int8, int8_t)
AIEDGE_SELECT(f32, float)

// Towards zero; beyond int32 its ends, where C leaves open what a cast gives, and 0 for what is no number.
static inline int32_t aiedge_truncate(float value) {
  return value != value            ? 0
         : value >= 2147483648.0f  ? INT32_MAX
         : value <= -2147483648.0f ? INT32_MIN
                                   : (int32_t)value;
}

#define AIEDGE_CAST(from, to, from_type, to_type, formula)                                      \
  AIEDGE_KERNEL void aiedge_cast_##from##_##to(const from_type *x, to_type *y, int32_t count) { \
    for (int32_t i = 0; i < count; i++) {                                                       \
      y[i] = (to_type)formula(x[i]);                                                            \
    }                                                                                           \
  }
#define AIEDGE_CASTS(from, type, integer)          \
  AIEDGE_CAST(from, int8, type, int8_t, integer)   \
  AIEDGE_CAST(from, int16, type, int16_t, integer) \
  AIEDGE_CAST(from, int32, type, int32_t, integer) \
  AIEDGE_CAST(from, float32, type, float, )

AIEDGE_CASTS(int8, int8_t, )
AIEDGE_CASTS(int16, int16_t, )
AIEDGE_CASTS(int32, int32_t, )
AIEDGE_CASTS(float32, float, aiedge_truncate)
AIEDGE_CASTS(boolean, uint8_t, )  // bool is a macro where stdbool.h is

#endif
