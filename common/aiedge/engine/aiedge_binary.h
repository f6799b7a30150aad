// ADD, SUB and MUL: y = activation(a op b), element by element, and operators of two inputs without
// activation; a dimension of size 1 in one of the inputs repeats.
//
// Four loops walk over the output; in each, an input has a step of its own: 0 where it repeats. The output
// may lie over an input of its own shape.
#ifndef AIEDGE_BINARY_H
#define AIEDGE_BINARY_H

#include <math.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

#define AIEDGE_BINARY_FIELDS \
  int32_t size[4];           \
  int32_t a_step[4], b_step[4];

// Runs `row` for each row of the output: there a and b point to its first operands, y to its results.
#define AIEDGE_BINARY_ROWS(layer, type, row)                                                               \
  for (int32_t i = 0; i < (layer)->size[0]; i++) {                                                         \
    for (int32_t j = 0; j < (layer)->size[1]; j++) {                                                       \
      for (int32_t k = 0; k < (layer)->size[2]; k++) {                                                     \
        const type *a = a_data + i * (layer)->a_step[0] + j * (layer)->a_step[1] + k * (layer)->a_step[2]; \
        const type *b = b_data + i * (layer)->b_step[0] + j * (layer)->b_step[1] + k * (layer)->b_step[2]; \
        row;                                                                                               \
        y += (layer)->size[3];                                                                             \
      }                                                                                                    \
    }                                                                                                      \
  }

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t b_zero_point;
  int32_t a_factor, a_offset;  // to the common scale, 2^20 finer than twice that of a
  int32_t b_sign;              // there for b: sign * (high * 2^11 + low) * 2^(-11 - shift)
  int32_t b_high, b_low, b_shift;
  int32_t multiplier, shift;  // shifts go to the right, by 1 to 30
  int32_t output_zero_point;
  int32_t low, high;  // the fused activation's range
} aiedge_add_int8_layer;

// x / 2^shift of a product x, as aiedge_multiply() rounds it.
static inline int32_t aiedge_add_round(int32_t x, int32_t shift) {
  x += x >> 31;
  return (x + (1 << (shift - 1))) >> shift;
}

static inline void aiedge_add_int8_row(const aiedge_add_int8_layer *layer, const int8_t *a, const int8_t *b,
                                       int8_t *y) {
  const aiedge_add_int8_layer l = *layer;  // y could point into *layer for all the compiler knows
  for (int32_t i = 0; i < l.size[3]; i++) {
    // An int8 difference times 31 bits, over 2^11: within 32 bits as two products.
    int32_t difference = *b - l.b_zero_point;
    int32_t q = difference * l.b_high + ((difference * l.b_low + (1 << 10)) >> 11);
    int32_t sum = *a * l.a_factor + l.a_offset + l.b_sign * aiedge_add_round(q, l.b_shift);
    sum = aiedge_add_round(aiedge_high_multiply(sum, l.multiplier), l.shift) + l.output_zero_point;
    *y++ = aiedge_clamp(sum, l.low, l.high);
    a += l.a_step[3];
    b += l.b_step[3];
  }
}

AIEDGE_KERNEL void aiedge_add_int8(const aiedge_add_int8_layer *layer, const int8_t *a_data,
                                   const int8_t *b_data, int8_t *y) {
  AIEDGE_BINARY_ROWS(layer, int8_t, aiedge_add_int8_row(layer, a, b, y))
}

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t a_zero_point, b_zero_point;
  int32_t multiplier, shift;
  int32_t output_zero_point;
  int32_t low, high;
} aiedge_mul_int8_layer;

static inline void aiedge_mul_int8_row(const aiedge_mul_int8_layer *layer, const int8_t *a, const int8_t *b,
                                       int8_t *y) {
  int32_t count = layer->size[3], a_step = layer->a_step[3], b_step = layer->b_step[3];
  for (int32_t l = 0; l < count; l++) {
    int32_t product = (a[l * a_step] - layer->a_zero_point) * (b[l * b_step] - layer->b_zero_point);
    product = aiedge_multiply(product, layer->multiplier, layer->shift);
    y[l] = aiedge_clamp(product + layer->output_zero_point, layer->low, layer->high);
  }
}

AIEDGE_KERNEL void aiedge_mul_int8(const aiedge_mul_int8_layer *layer, const int8_t *a_data,
                                   const int8_t *b_data, int8_t *y) {
  AIEDGE_BINARY_ROWS(layer, int8_t, aiedge_mul_int8_row(layer, a, b, y))
}

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t a_zero_point, b_zero_point;
  int32_t multiplier[2], shift[2];  // of what is not negative, and of the product
  int32_t output_zero_point;
} aiedge_prelu_int8_layer;

// a where it is not negative, else a * b.
static inline void aiedge_prelu_int8_row(const aiedge_prelu_int8_layer *layer, const int8_t *a,
                                         const int8_t *b, int8_t *y) {
  int32_t count = layer->size[3], a_step = layer->a_step[3], b_step = layer->b_step[3];
  for (int32_t l = 0; l < count; l++) {
    int32_t value = a[l * a_step] - layer->a_zero_point;
    if (value >= 0) {
      value = aiedge_multiply(value, layer->multiplier[0], layer->shift[0]);
    } else {
      value *= b[l * b_step] - layer->b_zero_point;
      value = aiedge_multiply(value, layer->multiplier[1], layer->shift[1]);
    }
    y[l] = aiedge_clamp(value + layer->output_zero_point, INT8_MIN, INT8_MAX);
  }
}

AIEDGE_KERNEL void aiedge_prelu_int8(const aiedge_prelu_int8_layer *layer, const int8_t *a_data,
                                     const int8_t *b_data, int8_t *y) {
  AIEDGE_BINARY_ROWS(layer, int8_t, aiedge_prelu_int8_row(layer, a, b, y))
}

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t zero_point[2];
  int32_t multiplier[3],
      shift[3];  // of a and b to a common scale, of their difference's square to the output's
  int32_t output_zero_point;
} aiedge_squared_difference_int8_layer;

static inline void aiedge_squared_difference_int8_row(const aiedge_squared_difference_int8_layer *layer,
                                                      const int8_t *a, const int8_t *b, int8_t *y) {
  int32_t count = layer->size[3], a_step = layer->a_step[3], b_step = layer->b_step[3];
  for (int32_t l = 0; l < count; l++) {
    int32_t u = (a[l * a_step] - layer->zero_point[0]) * (1 << 7);
    int32_t v = (b[l * b_step] - layer->zero_point[1]) * (1 << 7);
    int32_t difference = aiedge_multiply(u, layer->multiplier[0], layer->shift[0]) -
                         aiedge_multiply(v, layer->multiplier[1], layer->shift[1]);
    int32_t square = aiedge_multiply(difference * difference, layer->multiplier[2], layer->shift[2]);
    y[l] = aiedge_clamp(square + layer->output_zero_point, INT8_MIN, INT8_MAX);
  }
}

AIEDGE_KERNEL void aiedge_squared_difference_int8(const aiedge_squared_difference_int8_layer *layer,
                                                  const int8_t *a_data, const int8_t *b_data, int8_t *y) {
  AIEDGE_BINARY_ROWS(layer, int8_t, aiedge_squared_difference_int8_row(layer, a, b, y))
}

typedef aiedge_squared_difference_int8_layer aiedge_squared_difference_int16_layer;  // zero points are 0

static inline void aiedge_squared_difference_int16_row(const aiedge_squared_difference_int16_layer *layer,
                                                       const int16_t *a, const int16_t *b, int16_t *y) {
  for (int32_t l = 0; l < layer->size[3]; l++) {
    const int32_t u = aiedge_multiply_any(a[l * layer->a_step[3]], layer->multiplier[0], layer->shift[0]);
    const int32_t v = aiedge_multiply_any(b[l * layer->b_step[3]], layer->multiplier[1], layer->shift[1]);
    const int32_t square = aiedge_multiply_any((u - v) * (u - v), layer->multiplier[2], layer->shift[2]);
    y[l] = (int16_t)aiedge_clamp_32(square, INT16_MIN, INT16_MAX);
  }
}

AIEDGE_KERNEL void aiedge_squared_difference_int16(const aiedge_squared_difference_int16_layer *layer,
                                                   const int16_t *a_data, const int16_t *b_data, int16_t *y) {
  AIEDGE_BINARY_ROWS(layer, int16_t, aiedge_squared_difference_int16_row(layer, a, b, y))
}

typedef struct {
  AIEDGE_BINARY_FIELDS
  int32_t a_multiplier, a_shift, b_multiplier,
      b_shift;   // to the common scale, 2^15 finer than twice the larger one
  int32_t sign;  // of b
  int32_t multiplier, shift;
  int32_t low, high;
} aiedge_add_int16_layer;

static inline void aiedge_add_int16_row(const aiedge_add_int16_layer *layer, const int16_t *a,
                                        const int16_t *b, int16_t *y) {
  for (int32_t l = 0; l < layer->size[3]; l++) {
    const int32_t from_a =
        aiedge_multiply_any(a[l * layer->a_step[3]] * (1 << 15), layer->a_multiplier, layer->a_shift);
    const int32_t from_b =
        aiedge_multiply_any(b[l * layer->b_step[3]] * (1 << 15), layer->b_multiplier, layer->b_shift);
    const int32_t sum = aiedge_multiply_any(from_a + layer->sign * from_b, layer->multiplier, layer->shift);
    y[l] = (int16_t)aiedge_clamp_32(sum, layer->low, layer->high);
  }
}

AIEDGE_KERNEL void aiedge_add_int16(const aiedge_add_int16_layer *layer, const int16_t *a_data,
                                    const int16_t *b_data, int16_t *y) {
  AIEDGE_BINARY_ROWS(layer, int16_t, aiedge_add_int16_row(layer, a, b, y))
}

typedef aiedge_mul_int8_layer aiedge_mul_int16_layer;  // its zero points are 0

static inline void aiedge_mul_int16_row(const aiedge_mul_int16_layer *layer, const int16_t *a,
                                        const int16_t *b, int16_t *y) {
  for (int32_t l = 0; l < layer->size[3]; l++) {
    const int32_t product = a[l * layer->a_step[3]] * b[l * layer->b_step[3]];
    const int32_t value = aiedge_multiply_any(product, layer->multiplier, layer->shift);
    y[l] = (int16_t)aiedge_clamp_32(value, layer->low, layer->high);
  }
}

AIEDGE_KERNEL void aiedge_mul_int16(const aiedge_mul_int16_layer *layer, const int16_t *a_data,
                                    const int16_t *b_data, int16_t *y) {
  AIEDGE_BINARY_ROWS(layer, int16_t, aiedge_mul_int16_row(layer, a, b, y))
}

typedef struct {
  AIEDGE_BINARY_FIELDS
  float low, high;
} aiedge_binary_f32_layer;

// One kernel for each of + - * /.
#define AIEDGE_BINARY_F32(name, op)                                                                 \
  static inline void aiedge_##name##_f32_row(const aiedge_binary_f32_layer *layer, const float *a,  \
                                             const float *b, float *y) {                            \
    for (int32_t l = 0; l < layer->size[3]; l++) {                                                  \
      float value = a[l * layer->a_step[3]] op b[l * layer->b_step[3]];                             \
      y[l] = value < layer->low ? layer->low : value > layer->high ? layer->high : value;           \
    }                                                                                               \
  }                                                                                                 \
  AIEDGE_KERNEL void aiedge_##name##_f32(const aiedge_binary_f32_layer *layer, const float *a_data, \
                                         const float *b_data, float *y) {                           \
    AIEDGE_BINARY_ROWS(layer, float, aiedge_##name##_f32_row(layer, a, b, y))                       \
  }

AIEDGE_BINARY_F32(add, +)
AIEDGE_BINARY_F32(sub, -)
AIEDGE_BINARY_F32(mul, *)
AIEDGE_BINARY_F32(div, /)

typedef struct {
  AIEDGE_BINARY_FIELDS
} aiedge_binary_layer;

// The rest of a division, with the sign of the divisor.
static inline float aiedge_floor_mod(float a, float b) {
  float rest = fmodf(a, b);
  return rest != 0.0f && (b < 0.0f) != (rest < 0.0f) ? rest + b : rest;
}

// One kernel for each formula of values u and v, without activation.
#define AIEDGE_BINARY(name, type, formula)                                                                   \
  static inline void aiedge_##name##_row(const aiedge_binary_layer *layer, const type *a, const type *b,     \
                                         type *y) {                                                          \
    for (int32_t l = 0; l < layer->size[3]; l++) {                                                           \
      const type u = a[l * layer->a_step[3]], v = b[l * layer->b_step[3]];                                   \
      y[l] = formula;                                                                                        \
    }                                                                                                        \
  }                                                                                                          \
  AIEDGE_KERNEL void aiedge_##name(const aiedge_binary_layer *layer, const type *a_data, const type *b_data, \
                                   type *y) {                                                                \
    AIEDGE_BINARY_ROWS(layer, type, aiedge_##name##_row(layer, a, b, y))                                     \
  }

AIEDGE_BINARY(maximum_int8, int8_t, u > v ? u : v)
AIEDGE_BINARY(maximum_int16, int16_t, u > v ? u : v)
AIEDGE_BINARY(maximum_f32, float, u > v ? u : v)
AIEDGE_BINARY(minimum_int8, int8_t, u < v ? u : v)
AIEDGE_BINARY(minimum_int16, int16_t, u < v ? u : v)
AIEDGE_BINARY(minimum_f32, float, u < v ? u : v)
AIEDGE_BINARY(squared_difference_f32, float, (u - v) * (u - v))
AIEDGE_BINARY(floor_div_f32, float, (float)floor((double)u / (double)v))
AIEDGE_BINARY(floor_mod_f32, float, aiedge_floor_mod(u, v))
AIEDGE_BINARY(prelu_f32, float, u >= 0.0f ? u : (u * v))

#endif
