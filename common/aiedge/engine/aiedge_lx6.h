// What the kernels for the ESP32's core are made of: in aiedge_lx6.S for that core, here in C for any other.
//
// MAC16, the multiply-accumulate unit of that Xtensa LX6, takes 16-bit numbers. Inputs become int16 as x +
// 128, 0 ... 255, which costs nothing but another bias; weights become int16 times 256, and so does the bias:
// the accumulator then holds 256 times the sum, in 32 bits. A filter stays where it is while windows pass by,
// so that its weights are read once for many pixels: TFLM's two roundings are then one multiplication, one
// addition and one shift for each output. The code generator has checked that they are exact: sums within
// 2^23, shifts from 1 to 16, and an activation that leaves all of int8.
//
// All arrays but x and y, and x itself where nothing else is said, lie at multiples of four bytes.
#ifndef AIEDGE_LX6_H
#define AIEDGE_LX6_H

#include <string.h>

#include "aiedge_engine.h"

#if defined(__XTENSA__) && !defined(AIEDGE_REFERENCE) && __has_include(<xtensa/config/core-isa.h>)
#include <xtensa/config/core-isa.h>
#if XCHAL_HAVE_MAC16 && XCHAL_HAVE_LOOPS && XCHAL_HAVE_MUL32_HIGH
#define AIEDGE_LX6
#endif
#endif

// What each filter needs: 256 times the bias, multiplier, rounding with zero point, and shift.
enum { AIEDGE_LX6_BIAS, AIEDGE_LX6_MULTIPLIER, AIEDGE_LX6_ROUNDING, AIEDGE_LX6_SHIFT, AIEDGE_LX6_STEP };

// Where a filter's outputs and inputs lie, see the functions.
typedef struct {
  int32_t y_step;  // from output to output
  int32_t quads;   // taps / 4 - 1, of a window or of one of its rows
  int32_t next;    // windows of an output, or bytes from the end of a window's row to its next row
  int32_t back;    // bytes from the end of a window's last row to the next window
} aiedge_lx6_step;

// Rows of windows over a plane, see aiedge_lx6_low().
typedef struct {
  int32_t width;    // of the output
  int32_t row;      // bytes from the end of a window's row to the next row
  int32_t back;     // bytes from the end of a window to the next window
  int32_t down;     // bytes from the end of a row of windows to the next
  int32_t y_step;   // from output to output
  int32_t y_bytes;  // in all
  int32_t rows;     // of a window, where a row has five taps
} aiedge_lx6_job;

// An image in planes.
typedef struct {
  int32_t rows, width, channels;
  int32_t jump;  // bytes from a row's end to the next row in a plane
} aiedge_lx6_shape;

static inline int16_t *aiedge_lx6_fill(int16_t *to, int16_t value, int32_t count) {
  while (count-- > 0) *to++ = value;
  return to;
}

// The same of pairs, at a multiple of four bytes.
static inline int16_t *aiedge_lx6_fill_pairs(int16_t *to, int16_t value, int32_t count) {
  const uint32_t pair = (uint16_t)value * UINT32_C(0x10001);
  for (; count > 0; count--, to += 2) memcpy(__builtin_assume_aligned(to, 4), &pair, sizeof pair);
  return to;
}

typedef void aiedge_lx6_filter(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y,
                               int32_t outputs, const aiedge_lx6_step *step);

typedef void aiedge_lx6_channel(const aiedge_lx6_job *job, const int16_t *w, const int32_t *scale,
                                const int16_t *plane, int8_t *y);

#ifdef AIEDGE_LX6

aiedge_lx6_filter aiedge_lx6_short, aiedge_lx6_long, aiedge_lx6_pool, aiedge_lx6_rows, aiedge_lx6_ten;
// The same where the output's zero point is -128.
aiedge_lx6_filter aiedge_lx6_short_relu, aiedge_lx6_long_relu, aiedge_lx6_pool_relu, aiedge_lx6_rows_relu;
aiedge_lx6_filter aiedge_lx6_ten_relu;
void aiedge_lx6_expand(const int8_t *x, int16_t *to, int32_t count, int32_t rows, int32_t x_step);
void aiedge_lx6_expand_bytes(const int8_t *x, int16_t *to, int32_t count, int32_t rows, int32_t x_step);
void aiedge_lx6_unpack(const int8_t *w, int16_t *to, int32_t count);
void aiedge_lx6_planes(const int8_t *x, int16_t *plane0, int16_t *plane1, const aiedge_lx6_shape *shape);
aiedge_lx6_channel aiedge_lx6_low, aiedge_lx6_high, aiedge_lx6_low_relu, aiedge_lx6_high_relu;
aiedge_lx6_channel aiedge_lx6_low_five, aiedge_lx6_high_five;

#else

// 256 times a sum to int8.
static inline int32_t aiedge_lx6_finish(int32_t sum, const int32_t *scale) {
  const int32_t high = (int32_t)((int64_t)sum * scale[AIEDGE_LX6_MULTIPLIER] >> 32);
  // Halves of negative numbers go down.
  const int32_t y = (high + scale[AIEDGE_LX6_ROUNDING] - (high < 0 ? 128 : 0)) >> scale[AIEDGE_LX6_SHIFT];
  return y < -128 ? -128 : y > 127 ? 127 : y;
}

static inline int32_t aiedge_lx6_dot(const int16_t *x, const int16_t *w, int32_t taps, int32_t sum) {
  uint32_t total = (uint32_t)sum;  // the accumulator has more bits; at the end its low 32 hold all
  for (; taps > 0; taps--) total += (uint32_t)(*x++ * *w++);
  return (int32_t)total;
}

// One filter over windows that follow one another: of up to 64 taps, of 8 or more.
AIEDGE_KERNEL void aiedge_lx6_long(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y,
                                   int32_t outputs, const aiedge_lx6_step *step) {
  const int32_t taps = 4 * (step->quads + 1);
  for (; outputs > 0; outputs--, x += taps, y += step->y_step) {
    *y = (int8_t)aiedge_lx6_finish(aiedge_lx6_dot(x, w, taps, scale[AIEDGE_LX6_BIAS]), scale);
  }
}
#define aiedge_lx6_short aiedge_lx6_long

// The largest of step->next windows raises an output; scaling keeps the order of the sums.
AIEDGE_KERNEL void aiedge_lx6_pool(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y,
                                   int32_t outputs, const aiedge_lx6_step *step) {
  const int32_t taps = 4 * (step->quads + 1);
  for (; outputs > 0; outputs--, y += step->y_step) {
    int32_t most = INT32_MIN;
    for (int32_t i = 0; i < step->next; i++, x += taps) {
      const int32_t sum = aiedge_lx6_dot(x, w, taps, scale[AIEDGE_LX6_BIAS]);
      if (sum > most) most = sum;
    }
    most = aiedge_lx6_finish(most, scale);
    if (most > *y) *y = (int8_t)most;
  }
}

static inline void aiedge_lx6_three(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y,
                                    int32_t outputs, const aiedge_lx6_step *step, int32_t taps) {
  const int32_t row = taps + step->next / 2, forward = taps + step->back / 2;
  for (; outputs > 0; outputs--, y += step->y_step) {
    int32_t sum = aiedge_lx6_dot(x, w, taps, scale[AIEDGE_LX6_BIAS]);
    sum = aiedge_lx6_dot(x + row, w + taps, taps, sum);
    sum = aiedge_lx6_dot(x + 2 * row, w + 2 * taps, taps, sum);
    *y = (int8_t)aiedge_lx6_finish(sum, scale);
    x += 2 * row + forward;
  }
}

// Windows of three rows, straight from an image.
AIEDGE_KERNEL void aiedge_lx6_rows(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y,
                                   int32_t outputs, const aiedge_lx6_step *step) {
  aiedge_lx6_three(x, w, scale, y, outputs, step, 4 * (step->quads + 1));
}

// The same where each row has ten taps.
AIEDGE_KERNEL void aiedge_lx6_ten(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y,
                                  int32_t outputs, const aiedge_lx6_step *step) {
  aiedge_lx6_three(x, w, scale, y, outputs, step, 10);
}

// x + 128 as int16, of each four in the order 0 2 1 3: `count` of each row, x_step bytes from row to row.
AIEDGE_KERNEL void aiedge_lx6_expand(const int8_t *x, int16_t *to, int32_t count, int32_t rows,
                                     int32_t x_step) {
  for (; rows > 0; rows--, x += x_step) {
    for (int32_t i = 0; i < count; i += 4) {
      *to++ = (int16_t)(x[i] + 128);
      *to++ = (int16_t)(x[i + 2] + 128);
      *to++ = (int16_t)(x[i + 1] + 128);
      *to++ = (int16_t)(x[i + 3] + 128);
    }
  }
}

// The same in the order of x, which may lie anywhere.
AIEDGE_KERNEL void aiedge_lx6_expand_bytes(const int8_t *x, int16_t *to, int32_t count, int32_t rows,
                                           int32_t x_step) {
  for (; rows > 0; rows--, x += x_step) {
    for (int32_t i = 0; i < count; i++) *to++ = (int16_t)(x[i] + 128);
  }
}

// Weights times 256, of each four in the order 0 2 1 3.
AIEDGE_KERNEL void aiedge_lx6_unpack(const int8_t *w, int16_t *to, int32_t count) {
  for (int32_t i = 0; i < count; i += 4) {
    *to++ = (int16_t)(w[i] * 256);
    *to++ = (int16_t)(w[i + 2] * 256);
    *to++ = (int16_t)(w[i + 1] * 256);
    *to++ = (int16_t)(w[i + 3] * 256);
  }
}

// Four channels of an image, x + 128: pairs (c0, c2) in one plane, (c1, c3) in the other.
AIEDGE_KERNEL void aiedge_lx6_planes(const int8_t *x, int16_t *plane0, int16_t *plane1,
                                     const aiedge_lx6_shape *shape) {
  for (int32_t row = shape->rows; row > 0; row--) {
    for (int32_t i = shape->width; i > 0; i--, x += shape->channels) {
      *plane0++ = (int16_t)(x[0] + 128);
      *plane0++ = (int16_t)(x[2] + 128);
      *plane1++ = (int16_t)(x[1] + 128);
      *plane1++ = (int16_t)(x[3] + 128);
    }
    plane0 += shape->jump / 2;
    plane1 += shape->jump / 2;
  }
}

// Windows of 3x3 over one channel, the first or the second of a plane's pairs. w: nine taps times 256.
AIEDGE_KERNEL void aiedge_lx6_low(const aiedge_lx6_job *job, const int16_t *w, const int32_t *scale,
                                  const int16_t *plane, int8_t *y) {
  for (const int8_t *end = y + job->y_bytes; y < end; plane += (job->down + 4) / 2) {
    for (int32_t i = job->width; i > 0; i--, y += job->y_step) {
      int32_t sum = scale[AIEDGE_LX6_BIAS];
      for (int32_t tap = 0; tap < 9; tap++) {
        sum += *plane * w[tap];
        plane += tap == 8 ? 2 + job->back / 2 : tap % 3 == 2 ? 2 + job->row / 2 : 2;
      }
      *y = (int8_t)aiedge_lx6_finish(sum, scale);
    }
  }
}

static inline void aiedge_lx6_high(const aiedge_lx6_job *job, const int16_t *w, const int32_t *scale,
                                   const int16_t *plane, int8_t *y) {
  aiedge_lx6_low(job, w, scale, plane + 1, y);
}

// The same for windows of any number of rows of five taps. w: the taps of each row, times 256, and 0.
AIEDGE_KERNEL void aiedge_lx6_low_five(const aiedge_lx6_job *job, const int16_t *w, const int32_t *scale,
                                       const int16_t *plane, int8_t *y) {
  const int32_t row = job->row / 2 + 2 * 5;
  for (const int8_t *end = y + job->y_bytes; y < end; plane += (job->down + 4) / 2) {
    for (int32_t i = job->width; i > 0; i--, y += job->y_step) {
      int32_t sum = scale[AIEDGE_LX6_BIAS];
      for (int32_t tap = 0; tap < 6 * job->rows; tap++) {
        if (tap % 6 < 5) sum += plane[tap / 6 * row + tap % 6 * 2] * w[tap];
      }
      plane += job->rows * row + job->back / 2 + 2;
      *y = (int8_t)aiedge_lx6_finish(sum, scale);
    }
  }
}

static inline void aiedge_lx6_high_five(const aiedge_lx6_job *job, const int16_t *w, const int32_t *scale,
                                        const int16_t *plane, int8_t *y) {
  aiedge_lx6_low_five(job, w, scale, plane + 1, y);
}

#define aiedge_lx6_short_relu aiedge_lx6_short
#define aiedge_lx6_long_relu aiedge_lx6_long
#define aiedge_lx6_pool_relu aiedge_lx6_pool
#define aiedge_lx6_rows_relu aiedge_lx6_rows
#define aiedge_lx6_ten_relu aiedge_lx6_ten
#define aiedge_lx6_low_relu aiedge_lx6_low
#define aiedge_lx6_high_relu aiedge_lx6_high

#endif

#endif
