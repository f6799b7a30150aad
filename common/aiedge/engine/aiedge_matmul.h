// BATCH_MATMUL: each matrix of a times one of b. A dimension of size 1 among those of the matrices repeats.
#ifndef AIEDGE_MATMUL_H
#define AIEDGE_MATMUL_H

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

#define AIEDGE_MATMUL_FIELDS                                                                                \
  int32_t batches[3], a_batch[3], b_batch[3]; /* of matrices: numbers, and steps in a and b, 0 to repeat */ \
  int32_t rows, depth, columns;                                                                             \
  int32_t a_step[2], b_step[2]; /* from row to row and from column to column: transposed the other way */

// Runs `finish` for each output, where `sum` is the sum of the products of its values u of a and v of b.
#define AIEDGE_MATMUL(layer, type, sum_type, product, finish)                                               \
  for (int32_t i = 0; i < (layer)->batches[0]; i++) {                                                       \
    for (int32_t j = 0; j < (layer)->batches[1]; j++) {                                                     \
      for (int32_t k = 0; k < (layer)->batches[2]; k++) {                                                   \
        const type *left = a + i * (layer)->a_batch[0] + j * (layer)->a_batch[1] + k * (layer)->a_batch[2]; \
        for (int32_t r = 0; r < (layer)->rows; r++) {                                                       \
          const type *right =                                                                               \
              b + i * (layer)->b_batch[0] + j * (layer)->b_batch[1] + k * (layer)->b_batch[2];              \
          for (int32_t c = 0; c < (layer)->columns; c++) {                                                  \
            const type *u = left, *v = right;                                                               \
            sum_type sum = 0;                                                                               \
            for (int32_t d = 0; d < (layer)->depth; d++) {                                                  \
              sum += product;                                                                               \
              u += (layer)->a_step[1];                                                                      \
              v += (layer)->b_step[0];                                                                      \
            }                                                                                               \
            finish;                                                                                         \
            right += (layer)->b_step[1];                                                                    \
          }                                                                                                 \
          left += (layer)->a_step[0];                                                                       \
        }                                                                                                   \
      }                                                                                                     \
    }                                                                                                       \
  }

typedef struct {
  AIEDGE_MATMUL_FIELDS
  int32_t a_zero_point, b_zero_point;
  int32_t multiplier, shift;
  int32_t output_zero_point;
} aiedge_matmul_int8_layer;

AIEDGE_KERNEL void aiedge_matmul_int8(const aiedge_matmul_int8_layer *layer, const int8_t *a, const int8_t *b,
                                      int8_t *y) {
  const aiedge_matmul_int8_layer l = *layer;  // y could point into *layer for all the compiler knows
  AIEDGE_MATMUL(&l, int8_t, int32_t, (*u - l.a_zero_point) * (*v - l.b_zero_point),
                *y++ = aiedge_clamp(aiedge_multiply(sum, l.multiplier, l.shift) + l.output_zero_point,
                                    INT8_MIN, INT8_MAX))
}

typedef struct {
  AIEDGE_MATMUL_FIELDS
} aiedge_matmul_f32_layer;

AIEDGE_KERNEL void aiedge_matmul_f32(const aiedge_matmul_f32_layer *layer, const float *a, const float *b,
                                     float *y) {
  AIEDGE_MATMUL(layer, float, float, *u **v, *y++ = sum)
}

#endif
