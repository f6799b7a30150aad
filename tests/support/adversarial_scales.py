"""Models that tell how the factors between their scales were formed: in float64 or, with other answers, in float32.

Random scales hardly ever do. Here a ratio of two scales lies so close to a number of few bits that float32 rounds it
to that number and float64 does not; and sums are chosen beside the point at which the rounding turns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.elementwise import QUANTIZED
from aiedge.quantization import (
    QuantParams,
    factors,
    int16,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    requantize,
)
from aiedge.tflite.interpreters import run_tflm
from aiedge.tflite.traits import TRAITS, Nature
from tests.support.model_files import ModelFile
from tests.support.random_operators import dtypes

EVERY = np.arange(-128, 128, dtype=np.int8)
TRIES = 2000
REALS: tuple[factors.Real, factors.Real] = (np.float64, np.float32)


@dataclass(frozen=True)
class Case:
    """A model of one operator, and the inputs [n, ...] for which the two formulas answer differently."""

    model: bytes
    inputs: list[NDArray[np.int8]]


def near(rng: np.random.Generator, target: float) -> tuple[float, float]:
    """Two scales of float32 whose ratio is `target` in float32 and another number in float64."""
    while True:
        below = np.float32(10 ** rng.uniform(-3, 0))
        above = np.float32(target * float(below))
        if above / below == np.float32(target) and float(above) / float(below) != target:
            return float(above), float(below)


def few_bits(rng: np.random.Generator, bits: int = 9, low: int = -1, high: int = 2) -> float:
    """An odd number of some bits times a power of two, between 2^low and 2^high."""
    odd = int(rng.integers(2 ** (bits - 2), 2 ** (bits - 1))) * 2 + 1
    return odd / 2**bits * 2.0 ** int(rng.integers(low + 1, high + 1))


def zero_point(rng: np.random.Generator) -> int:
    return int(rng.integers(-128, 128))


def _file(
    kind: str, sources: list[QuantParams], target: QuantParams, shape: list[int], **options: object
) -> bytes:
    file = ModelFile()
    x = [file.tensor(shape, scale=float(s.scale), zero_point=int(s.zero_point)) for s in sources]
    y = file.tensor(shape, scale=float(target.scale), zero_point=int(target.zero_point))
    file.operator(kind, x, [y], **options)
    return file.build(x, [y])


def _unary(rng: np.random.Generator, kind: str) -> Case | None:
    """All 256 inputs."""
    table = TRAITS[kind].table
    assert table
    # HARD_SWISH rounds its factors to 15 bits, of a fraction whose 16 bits are a half.
    above, below = near(rng, few_bits(rng, 16, -2, 3) if kind == "HARD_SWISH" else few_bits(rng))
    source, target = QuantParams(above, zero_point(rng)), QuantParams(below, zero_point(rng))
    options: dict[str, float] = {}
    if kind == "LEAKY_RELU":
        options["alpha"] = float(np.float32(rng.uniform(-1, 1.5)))
    exact, single = (table(source, target, *options.values(), real=real) for real in REALS)
    if np.array_equal(exact, single):
        return None
    return Case(_file(kind, [source], target, [1, 256], **options), [EVERY.reshape(1, 1, 256)])


def _conversion(rng: np.random.Generator, kind: str) -> Case | None:
    """All inputs of a type of 8 or 16 bits, to any type that it becomes."""
    dtypes = [d for d in QUANTIZED if d not in ("float32", "int32")]
    source_type = str(rng.choice(dtypes))
    target_type = str(rng.choice(QUANTIZED[source_type]))
    bounds = np.iinfo(source_type)
    x = np.arange(bounds.min, bounds.max + 1).astype(source_type)
    above, below = near(rng, few_bits(rng))
    source, target = (
        QuantParams(scale, int(rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max)))
        for scale, dtype in (
            (above, source_type),
            (below, target_type if target_type != "int32" else "int16"),
        )
    )
    exact, single = (requantize(x, source, target, target_type, real) for real in REALS)
    if np.array_equal(exact, single):
        return None
    file = ModelFile()
    shape = [1, len(x)]
    entry = file.tensor(shape, source_type, above, int(source.zero_point))
    out = file.tensor(shape, target_type, below, int(target.zero_point))
    file.operator(kind, [entry], [out])
    return Case(file.build([entry], [out]), [x.reshape(1, *shape)])


def _softmax(rng: np.random.Generator, kind: str) -> Case | None:
    """Many rows; TFLM itself says what it would answer to a product of float32, given as the scale."""
    scale, beta = (float(np.float32(value)) for value in (10 ** rng.uniform(-2, -1), rng.uniform(0.5, 2)))
    single = float(np.float32(scale) * np.float32(beta))
    shape, target = [4000, 32], QuantParams(1 / 256, -128)
    models = [
        _file(kind, [QuantParams(s, 0)], target, shape, beta=b) for s, b in ((scale, beta), (single, 1.0))
    ]
    x = rng.integers(-40, 40, (1, *shape), dtype=np.int8)
    exact, rounded = (run_tflm(model, x) for model in models)
    return Case(models[0], [x]) if not np.array_equal(exact, rounded) else None


def _binary(rng: np.random.Generator, kind: str) -> Case | None:
    """All pairs of inputs; the kernel's own arithmetic is written here once more, as TFLM has it."""
    a, b = (grid.ravel().astype(np.int64) for grid in np.meshgrid(EVERY, EVERY))
    if kind == "MUL":
        scale_a, scale_b = (float(np.float32(10 ** rng.uniform(-3, 0))) for _ in range(2))
        output = float(np.float32(scale_a) * np.float32(scale_b)) * 2.0 ** int(rng.integers(5, 10))
    else:
        scale_a, output = near(rng, few_bits(rng, 7, -2, 1))
        scale_b = scale_a * rng.choice([1.0, few_bits(rng, 6), float(rng.uniform(0.3, 1))])
    if kind == "SQUARED_DIFFERENCE":
        scale_b, output = scale_a, float(np.float32(scale_a) ** 2) * 2.0 ** int(rng.choice([7, 9, 11]))
    scale_b = float(np.float32(scale_b))
    source = [QuantParams(scale_a, zero_point(rng)), QuantParams(scale_b, zero_point(rng))]
    target = QuantParams(output, zero_point(rng))
    answers = []
    for real in REALS:
        x, y = a - int(source[0].zero_point), b - int(source[1].zero_point)
        if kind == "MUL":
            factor = float(factors.product(scale_a, scale_b, output, real))
            value = multiply_by_quantized_multiplier(x * y, *quantize_multiplier(factor))
        elif kind == "SQUARED_DIFFERENCE":
            pairs = [quantize_multiplier(f) for f in factors.squares(scale_a, scale_b, output, real)]
            sides = [
                multiply_by_quantized_multiplier(side << 7, *pair)
                for side, pair in zip((x, y), pairs[:2], strict=True)
            ]
            value = multiply_by_quantized_multiplier((sides[0] - sides[1]) ** 2, *pairs[2])
        elif kind == "PRELU":
            above = quantize_multiplier(factors.ratio(scale_a, output, real))
            below = quantize_multiplier(float(factors.product(scale_a, scale_b, output, real)))
            value = np.where(
                x >= 0,
                multiply_by_quantized_multiplier(x, *above),
                multiply_by_quantized_multiplier(x * y, *below),
            )
        else:
            larger = max(scale_a, scale_b)
            sides = []
            for operand, scale in ((x, scale_a), (y, scale_b)):
                to_common, to_output = factors.sums(larger, scale, output, real)
                sides.append(multiply_by_quantized_multiplier(operand << 20, *quantize_multiplier(to_common)))
            total = sides[0] + (sides[1] if kind == "ADD" else -sides[1])
            value = multiply_by_quantized_multiplier(total, *quantize_multiplier(to_output))
        answers.append(np.clip(value + int(target.zero_point), -128, 127))
    apart = np.flatnonzero(answers[0] != answers[1])
    if not len(apart):
        return None
    # Those that differ, and others to fill up the tensor.
    chosen = np.resize(np.concatenate([apart[:128], rng.integers(0, len(a), 128)]), 256)
    inputs = [operand[chosen].astype(np.int8).reshape(1, 1, 256) for operand in (a, b)]
    return Case(_file(kind, source, target, [1, 256]), inputs)


def _matmul(rng: np.random.Generator, kind: str) -> Case | None:
    """All pairs of inputs, as a column times a row; the product's scale is a power of two times the output's."""
    scale_a, scale_b = (float(np.float32(10 ** rng.uniform(-3, 0))) for _ in range(2))
    output = float(np.float32(scale_a) * np.float32(scale_b)) * 2.0 ** int(rng.integers(5, 10))
    source = [QuantParams(scale_a, zero_point(rng)), QuantParams(scale_b, zero_point(rng))]
    x, y = (EVERY.astype(np.int64) - int(params.zero_point) for params in source)
    exact, single = (
        multiply_by_quantized_multiplier(
            np.outer(x, y), *quantize_multiplier(float(factors.product(scale_a, scale_b, output, real)))
        ).clip(-256, 256)
        for real in REALS
    )
    if np.array_equal(exact, single):
        return None
    file = ModelFile()
    a, b = (
        file.tensor(shape, scale=float(params.scale), zero_point=int(params.zero_point))
        for shape, params in zip(([256, 1], [1, 256]), source, strict=True)
    )
    out = file.tensor([256, 256], scale=output, zero_point=0)
    file.operator(kind, [a, b], [out])
    return Case(file.build([a, b], [out]), [EVERY.reshape(1, 256, 1), EVERY.reshape(1, 1, 256)])


def _scan(rng: np.random.Generator, kind: str) -> Case | None:
    """All 256 inputs, each a sum of its own."""
    if not (params := _telling_sums(rng, 1, 2)):
        return None
    file = ModelFile()
    x, y = (
        file.tensor([256, 1], scale=float(each.scale), zero_point=int(each.zero_point)) for each in params
    )
    file.operator(kind, [x, file.tensor([1], "int32", data=np.array([1]))], [y])
    return Case(file.build([x], [y]), [EVERY.reshape(1, 256, 1)])


def _total(rng: np.random.Generator, kind: str) -> Case | None:
    """All 256 inputs, each added to itself; TFLM takes the zero point off once more than it has inputs."""
    if not (params := _telling_sums(rng, 2, 3)):
        return None
    source, target = params
    return Case(_file(kind, [source, source], target, [1, 256]), [EVERY.reshape(1, 1, 256)] * 2)


def _telling_sums(
    rng: np.random.Generator, inputs: int, zero_points: int
) -> tuple[QuantParams, QuantParams] | None:
    """Scales of all 256 inputs, taken so many times less so many zero points, that tell how factors were formed.

    None where those drawn do not. The kernels' arithmetic is written here once more.
    """
    above, below = near(rng, few_bits(rng))
    source, target = QuantParams(above, zero_point(rng)), QuantParams(below, zero_point(rng))
    sums = inputs * EVERY.astype(np.int64) - zero_points * int(source.zero_point)
    exact, single = (
        multiply_by_quantized_multiplier(
            sums << 19, *quantize_multiplier(factors.sums(above, above, below, real)[1])
        )
        for real in REALS
    )
    if np.array_equal(*((y + int(target.zero_point)).clip(-128, 127) for y in (exact, single))):
        return None
    return source, target


def _mean(rng: np.random.Generator, kind: str) -> Case | None:
    rows, columns = 8, 64
    count = int(rng.choice([rows, 5, 7]))
    above, below = near(rng, few_bits(rng, 7, 2, 6))
    source, target = QuantParams(above, zero_point(rng)), QuantParams(below, zero_point(rng))
    x = (int(source.zero_point) + rng.integers(-6, 7, (count, columns))).clip(-128, 127).astype(np.int8)
    answers = []
    for real in REALS:
        multiplier, shift = quantize_multiplier(factors.ratio(above, below, real))
        divisor = count if kind == "MEAN" else 1
        extra = min(divisor.bit_length() - 1, 32, 31 + shift)
        sums = x.astype(np.int64).sum(axis=0) - count * int(source.zero_point)
        y = multiply_by_quantized_multiplier(sums, (multiplier << extra) // divisor, shift - extra)
        answers.append(np.clip(y + int(target.zero_point), -128, 127))
    if np.array_equal(*answers):
        return None
    file = ModelFile()
    entry = file.tensor([1, count, 1, columns], scale=above, zero_point=int(source.zero_point))
    axes = file.tensor([2], "int32", data=np.array([1, 2], np.int32))
    out = file.tensor([1, columns], scale=below, zero_point=int(target.zero_point))
    file.operator(kind, [entry, axes], [out])
    return Case(file.build([entry], [out]), [x.reshape(1, 1, count, 1, columns)])


def _layer(rng: np.random.Generator, kind: str) -> Case | None:
    """A layer whose sums are its biases, each beside a point at which the rounding turns; one scale of weights."""
    channels = 24
    scale, weight = (float(np.float32(10 ** rng.uniform(-3, -1))) for _ in range(2))
    output = float(np.float32(scale * weight * 2 ** rng.uniform(19, 21)))
    pairs = [quantize_multiplier(float(factors.product(scale, weight, output, real))) for real in REALS]
    if pairs[0] == pairs[1]:
        return None
    ratio = pairs[0][0] * 2.0 ** (pairs[0][1] - 31)
    bias = []
    for _ in range(TRIES):
        middle = round((int(rng.integers(-127, 127)) + 0.5) / ratio)
        sums = middle + np.arange(-64, 65)
        exact, single = (multiply_by_quantized_multiplier(sums, *pair) for pair in pairs)
        bias += sums[exact != single][:1].tolist()
        if len(bias) == channels:
            break
    else:
        return None
    file = ModelFile()
    dense = kind == "FULLY_CONNECTED"
    entry = file.tensor([1, 1] if dense else [1, 1, 1, 1], scale=scale)
    shape = [channels, 1] if dense else [1, 1, 1, channels] if "DEPTHWISE" in kind else [channels, 1, 1, 1]
    weights = file.tensor(shape, scale=weight, data=np.ones(shape, np.int8))
    add = file.tensor([channels], "int32", scale=float(np.float32(scale * weight)), data=np.array(bias))
    result = [1, channels] if dense else [1, 1, 1, channels]
    out = file.tensor(result, scale=output)
    options = {} if dense else {"strideH": 1, "strideW": 1}
    if kind == "DEPTHWISE_CONV_2D":
        options["depthMultiplier"] = channels
    if not dense and kind != "TRANSPOSE_CONV":
        options |= {"dilationHFactor": 1, "dilationWFactor": 1}
    inputs = [entry, weights, add]
    if kind == "TRANSPOSE_CONV":
        inputs = [file.tensor([4], "int32", data=np.array(result)), weights, entry, add]
    file.operator(kind, inputs, [out], version=4, **options)
    return Case(file.build([entry], [out]), [np.zeros((1, *([1, 1] if dense else [1, 1, 1, 1])), np.int8)])


def _turning(
    rng: np.random.Generator, factors_: Sequence[float], reach: int, count: int
) -> NDArray[np.int64] | None:
    """Sums that the two factors bring to different integers, up to `reach`; None where they have one multiplier."""
    pairs = [quantize_multiplier(factor) for factor in factors_]
    if pairs[0] == pairs[1]:
        return None
    found: list[int] = []
    for _ in range(TRIES):
        middle = round((int(rng.integers(-reach, reach)) + 0.5) / factors_[0])
        sums = middle + np.arange(-64, 65)
        exact, single = (multiply_by_quantized_multiplier(sums, *pair) for pair in pairs)
        found += sums[exact != single][:1].tolist()
        if len(found) == count:
            return np.array(found)
    return None


def _svdf(rng: np.random.Generator, kind: str) -> Case | None:
    """A layer whose sums are its biases, as those of `_layer`: its state stays at zero."""
    units = 24
    state, time = (float(np.float32(10 ** rng.uniform(-3, -1))) for _ in range(2))
    output = float(np.float32(state * time * 2 ** rng.uniform(19, 21)))
    bias = _turning(rng, [factors.quotient(state, time, output, real) for real in REALS], 127, units)
    if bias is None:
        return None
    file = ModelFile()
    entry = file.tensor([1, 1], scale=0.1)
    feature = file.tensor([units, 1], scale=0.1, data=np.ones([units, 1], np.int8))
    weights = file.tensor([units, 2], "int16", scale=time, data=np.ones([units, 2]))
    add = file.tensor([units], "int32", scale=float(np.float32(state) * np.float32(time)), data=bias)
    kept = file.variable_tensor([1, 2 * units], "int16", scale=state)
    out = file.tensor([1, units], scale=output)
    file.operator(kind, [entry, feature, weights, add, kept], [out], rank=1)
    return Case(file.build([entry], [out]), [np.zeros((1, 1, 1), np.int8)])


def _lstm(rng: np.random.Generator, kind: str) -> Case | None:
    """Cells that take what goes into the cell gate, small numbers, and give them out: the other gates are open."""
    cells = 24
    scale, weight = (float(np.float32(2.7e-5 * 2 ** rng.uniform(-1, 1))) for _ in range(2))
    ratios = [float(factors.product(scale, weight, 2.0**-12, real)) for real in REALS]
    bias = _turning(rng, ratios, 100, cells)
    if bias is None:
        return None
    file = ModelFile()
    entry = file.tensor([1, 1, 1], scale=scale)
    ones, zeros = np.ones([cells, 1], np.int8), np.zeros([cells, cells], np.int8)
    weights = [file.tensor([cells, 1], scale=weight if k == 2 else 1.0, data=ones) for k in range(4)]
    weights += [file.tensor([cells, cells], scale=0.01, data=zeros) for _ in range(4)]
    biases = [bias if k == 2 else np.full(cells, 10**6) for k in range(4)]
    add = [file.tensor([cells], "int32", scale=1e-4, data=values) for values in biases]
    states = [
        file.variable_tensor([1, cells], "int8", scale=1 / 4096),
        file.variable_tensor([1, cells], "int16", scale=2.0**-15),
    ]
    out = file.tensor([1, 1, cells], scale=1 / 4096)
    inputs = [entry, *weights, *[-1] * 3, *add, -1, -1, *states, *[-1] * 4]
    file.operator(kind, inputs, [out], fusedActivationFunction=4)
    return Case(file.build([entry], [out]), [np.zeros((1, 1, 1, 1), np.int8)])


INT16 = (
    "ABS",
    "SUM",
    "ADD",
    "SUB",
    "MUL",
    "RELU",
    "LEAKY_RELU",
    "MEAN",
    "FULLY_CONNECTED",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
)


def adversarial_int16(rng: np.random.Generator, kind: str) -> Case:
    """A model of the int16 operator whose multipliers differ where their factors are formed in float32; many inputs."""
    nature, count = TRAITS[kind].nature, 20_000
    while True:
        above, below = near(rng, few_bits(rng, 9, -2, 1))
        other = float(np.float32(10 ** rng.uniform(-3, 0)))
        alpha = float(np.float32(rng.uniform(-1, 1.5)))
        weighted = nature not in (Nature.BINARY, Nature.UNARY, Nature.REDUCTION)
        if kind == "MUL" or weighted:
            below = float(
                np.float32(above * other * 2.0 ** int(rng.integers(13 if kind == "MUL" else 5, 16)))
            )
            pairs = [quantize_multiplier(float(factors.product(above, other, below, real))) for real in REALS]
        elif nature is Nature.BINARY:
            other = float(np.float32(above * rng.uniform(0.3, 1)))
            pairs = [
                [quantize_multiplier(f) for f in factors.sums(above, other, below, real, bits=15)]
                for real in REALS
            ]
        elif nature is Nature.UNARY:
            pairs = [int16.slopes(above, below, alpha, real) for real in REALS]
        else:
            pairs = [quantize_multiplier(factors.ratio(above, below, real)) for real in REALS]
        if pairs[0] != pairs[1]:
            break
    file, options = ModelFile(), {"alpha": alpha} if kind == "LEAKY_RELU" else {}
    shape = [1, count] if not weighted else [1, count, 1, 1] if kind != "FULLY_CONNECTED" else [count, 1]
    shape = [1, 3, count] if nature is Nature.REDUCTION else shape
    x = file.tensor(shape, "int16", above)
    inputs, outputs, result = [x], [x], shape
    if nature is Nature.BINARY:
        outputs = inputs = [x, file.tensor(shape, "int16", other)]
    elif nature is Nature.REDUCTION:
        inputs, result = [x, file.tensor([1], "int32", data=np.array([1]))], [1, count]
    elif weighted:
        weights = [1, 1] if kind == "FULLY_CONNECTED" else [1, 1, 1, 1]
        inputs = [x, file.tensor(weights, scale=other, data=np.full(weights, 127))]
        if kind != "FULLY_CONNECTED":
            options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
        if "DEPTHWISE" in kind:
            options["depthMultiplier"] = 1
    y = file.tensor(result, "int16", below)
    file.operator(kind, inputs, [y], version=4, **options)
    values = [rng.integers(-(2**15), 2**15, (1, *shape)).astype(np.int16) for _ in outputs]
    return Case(file.build(outputs, [y]), values)


# What draws a case of each nature whose int8 operators have factors; None where the draw tells nothing.
DRAWS: dict[Nature, Callable[[np.random.Generator, str], Case | None]] = {
    Nature.UNARY: _unary,
    Nature.CONVERSION: _conversion,
    Nature.BINARY: _binary,
    Nature.MATMUL: _matmul,
    Nature.REDUCTION: _mean,
    Nature.SCAN: _scan,
    Nature.TOTAL: _total,
    Nature.SOFTMAX: _softmax,
    Nature.DENSE: _layer,
    Nature.CONVOLUTION: _layer,
    Nature.DEPTHWISE: _layer,
    Nature.TRANSPOSED: _layer,
    Nature.MEMORY: _svdf,
    Nature.RECURRENT: _lstm,
}
# Kinds of these natures that have no factor, or one of a power of two, which both formulas form alike, or that TFLM
# computes in real numbers; unary ones without a table are of floats only.
WITHOUT = {
    "DEQUANTIZE",
    "RELU6",
    "LOGISTIC",
    "TANH",
    "ELU",
    "GELU",
    "RSQRT",
    "MAXIMUM",
    "MINIMUM",
    "LOG_SOFTMAX",
    "REDUCE_MAX",
    "REDUCE_MIN",
}
KINDS = [
    kind
    for kind, trait in TRAITS.items()
    if trait.nature in DRAWS and kind not in WITHOUT and "int8" in dtypes(kind)
]
# Natures that move or compare integers, or form no ratio of scales.
UNSCALED = {
    Nature.VIEW,
    Nature.POOL,
    Nature.CONCATENATION,
    Nature.SPLIT,
    Nature.PAD,
    Nature.SLICE,
    Nature.PERMUTATION,
    Nature.REPETITION,
    Nature.MIRROR,
    Nature.UNPACK,
    Nature.PACK,
    Nature.COMPARISON,
    Nature.SELECTION,
    Nature.CAST,
    Nature.FILL,
    Nature.ARG,
    Nature.NORMALIZATION,
    Nature.GATHER,
    Nature.BLOCKS,
    Nature.NEAREST,
    Nature.BILINEAR,
    Nature.INITIALIZER,
    Nature.HANDLE,
    Nature.READ,
    Nature.ASSIGN,
}


def adversarial(rng: np.random.Generator, kind: str) -> Case:
    """A case of the kind."""
    for _ in range(TRIES):
        if case := DRAWS[TRAITS[kind].nature](rng, kind):
            return case
    raise AssertionError(f"no scales were found that tell {kind}'s formulas apart")
