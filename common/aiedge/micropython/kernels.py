"""int8 kernels for MicroPython, in 32-bit words only: one source for viper, native code and bytecode.

`aiedge.micropython.source` copies the functions that a model needs into its module, and puts the decorator of the
emitter before each. They run in CPython as well, where the names of viper's types mean nothing.

Activations are bytes u = q + 128, which viper loads without a sign; weights lie as w + 128. The data of a layer with
weights begin with a row of `ROW` bytes for each output: the bias as it meets such bytes, plus 2^31, and the multiplier,
least byte first, then the shifts to the right and to the left. What else a layer is lies in 16-bit numbers, `g`:

0 inputs, 1 outputs, 2 zero point, 3 least and 4 largest output, 5 and 6 the data's place in the file; of what slides
7 height, 8 width, 9 channels, 10 and 11 size of the window, 12 and 13 padding before it, 14 and 15 strides, 16 and 17
dilations, 18 input's zero point, 19 and 20 height and width of the output, 21 and 22 those of the pool in the same call

Each new name and each object costs a board some of its heap. So the kernels have few, and prefer those that
MicroPython has anyway: e f n r s t v count end max start step sum.
"""

from array import array

ROW = 10  # bytes

ptr8 = bytearray
ptr16 = array


def scale(x: int, w: ptr8, t: int) -> int:
    # (x · multiplier + 2^30) >> 31 out of four 16-bit products, then a shift that rounds halves away from zero.
    x = x << w[t + 9]
    high = (x >> 16) & 0xFFFF
    if high & 0x8000:
        high -= 0x10000
    low = x & 0xFFFF
    a = w[t + 7] << 8 | w[t + 6]
    b = w[t + 5] << 8 | w[t + 4]
    n = high * b
    v = low * a
    sum = (n & 0xFFFF) + (v & 0xFFFF) + ((low * b >> 16) & 0xFFFF) + 0x4000
    x = (high * a + (n >> 16) + (v >> 16) + (sum >> 16)) * 2 + ((sum >> 15) & 1)
    s = w[t + 8]
    v = (1 << s) - 1
    r = x & v
    v = v >> 1
    if x < 0:
        v += 1
    x = x >> s
    if r > v:
        x += 1
    return x


def dense(x: ptr8, y: ptr8, w: ptr8, g: ptr16, a: int, max: int) -> None:
    # Writes y[a], y[a + 1], ...; with max only what is larger than what is there.
    n = g[0]
    end = n - (n & 3)
    s = 0
    i = 0
    while i < n:
        s += x[i]
        i += 1
    s = s << 7
    t = g[5] | g[6] << 16
    b = g[1]
    p = t + 10 * b
    b += a
    while a < b:
        sum = (((w[t + 3] << 8 | w[t + 2]) - 0x8000) << 16) + (w[t + 1] << 8 | w[t]) - s
        i = 0
        while i < end:
            sum += x[i] * w[p] + x[i + 1] * w[p + 1] + x[i + 2] * w[p + 2] + x[i + 3] * w[p + 3]
            i += 4
            p += 4
        while i < n:
            sum += x[i] * w[p]
            i += 1
            p += 1
        v = int(scale(sum, w, t)) + g[2]
        if v < g[3]:
            v = g[3]
        if v > g[4]:
            v = g[4]
        if max and v < y[a]:
            v = y[a]
        y[a] = v
        a += 1
        t += 10


def conv(x: ptr8, y: ptr8, w: ptr8, g: ptr16, patch: ptr8) -> None:
    # e, f: row and column in the pool; r, s: in the input; t, v: in the window, which is copied to patch.
    step = g[9]
    a = 0
    row = 0
    while row < g[19]:
        column = 0
        while column < g[20]:
            max = 0
            e = 0
            while e < g[21]:
                f = 0
                while f < g[22]:
                    p = 0
                    r = (row * g[21] + e) * g[14] - g[12]
                    t = 0
                    while t < g[10]:
                        s = (column * g[22] + f) * g[15] - g[13]
                        v = 0
                        while v < g[11]:
                            end = p + step
                            if r < 0 or r >= g[7] or s < 0 or s >= g[8]:
                                while p < end:
                                    patch[p] = g[18]
                                    p += 1
                            else:
                                i = (r * g[8] + s) * step
                                while p < end:
                                    patch[p] = x[i]
                                    p += 1
                                    i += 1
                            s += g[17]
                            v += 1
                        r += g[16]
                        t += 1
                    dense(patch, y, w, g, a, max)
                    max = 1
                    f += 1
                e += 1
            a += g[1]
            column += 1
        row += 1


def depthwise(x: ptr8, y: ptr8, w: ptr8, g: ptr16) -> None:
    # g[0] outputs for each channel.
    step = g[1]
    a = 0
    row = 0
    while row < g[19]:
        column = 0
        while column < g[20]:
            n = 0
            while n < step:
                t = (g[5] | g[6] << 16) + 10 * n
                sum = (((w[t + 3] << 8 | w[t + 2]) - 0x8000) << 16) + (w[t + 1] << 8 | w[t])
                i = n // g[0]
                p = t + 10 * step - 9 * n
                r = row * g[14] - g[12]
                e = 0
                while e < g[10]:
                    s = column * g[15] - g[13]
                    f = 0
                    while f < g[11]:
                        if r >= 0 and r < g[7] and s >= 0 and s < g[8]:
                            sum += (x[(r * g[8] + s) * g[9] + i] - g[18]) * (w[p] - 128)
                        p += step
                        s += g[17]
                        f += 1
                    r += g[16]
                    e += 1
                v = int(scale(sum, w, t)) + g[2]
                if v < g[3]:
                    v = g[3]
                if v > g[4]:
                    v = g[4]
                y[a] = v
                a += 1
                n += 1
            column += 1
        row += 1


def pool(x: ptr8, y: ptr8, g: ptr16) -> None:
    # The mean with g[0], else the largest.
    a = 0
    row = 0
    while row < g[19]:
        column = 0
        while column < g[20]:
            n = 0
            while n < g[9]:
                max = 0
                sum = 0
                count = 0
                r = row * g[14] - g[12]
                e = 0
                while e < g[10]:
                    s = column * g[15] - g[13]
                    f = 0
                    while f < g[11]:
                        if r >= 0 and r < g[7] and s >= 0 and s < g[8]:
                            v = x[(r * g[8] + s) * g[9] + n]
                            sum += v
                            count += 1
                            if v > max:
                                max = v
                        s += 1
                        f += 1
                    r += 1
                    e += 1
                if g[0]:
                    # Of int8, halves away from zero.
                    sum -= count << 7
                    v = count >> 1
                    max = (sum + v) // count + 128 if sum > 0 else 128 - (v - sum) // count
                if max < g[3]:
                    max = g[3]
                if max > g[4]:
                    max = g[4]
                y[a] = max
                a += 1
                n += 1
            column += 1
        row += 1


def mean(x: ptr8, y: ptr8, w: ptr8, g: ptr16) -> None:
    # Two loops over what is kept, g[0] and g[1] times in steps of g[7] and g[8]; two over what is added up, g[9] and
    # g[10] times in steps of g[11] and g[12].
    t = g[5] | g[6] << 16
    a = 0
    e = 0
    while e < g[0]:
        f = 0
        while f < g[1]:
            sum = (((w[t + 3] << 8 | w[t + 2]) - 0x8000) << 16) + (w[t + 1] << 8 | w[t])
            r = 0
            while r < g[9]:
                p = e * g[7] + f * g[8] + r * g[11]
                s = 0
                while s < g[10]:
                    sum += x[p]
                    p += g[12]
                    s += 1
                r += 1
            v = int(scale(sum, w, t)) + g[2]
            if v < 0:
                v = 0
            if v > 255:
                v = 255
            y[a] = v
            a += 1
            f += 1
        e += 1


def add(x: ptr8, a: ptr8, y: ptr8, w: ptr8, g: ptr16, n: int) -> None:
    # Three rows of w: of x, of a, of their sum; g[7] and g[8] are the zero points of x and a.
    t = g[5] | g[6] << 16
    i = 0
    while i < n:
        sum = int(scale((x[i] - g[7]) << 20, w, t)) + int(scale((a[i] - g[8]) << 20, w, t + 10))
        v = int(scale(sum, w, t + 20)) + g[2]
        if v < g[3]:
            v = g[3]
        if v > g[4]:
            v = g[4]
        y[i] = v
        i += 1


def lookup(x: ptr8, y: ptr8, w: ptr8, t: int, n: int) -> None:
    i = 0
    while i < n:
        y[i] = w[t + x[i]]
        i += 1


def copy(x: ptr8, y: ptr8, n: int) -> None:
    i = 0
    while i < n:
        y[i] = x[i]
        i += 1
