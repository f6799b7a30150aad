"""Random models that keep values from one inference to the next."""

import numpy as np

from tests.support.random_layers import Draw, behind


def stateful(d: Draw, kind: str) -> list[int]:
    """Variables that are read and assigned in any order, amid layers whose outputs have their shape.

    Some are assigned what another one held, or what they themselves held; some are never read, or assigned twice; some
    get their first values from constants and some have none.
    """
    shape = d.shape(largest=4)
    source = d.input(shape)
    handles = []
    for number in range(d.rng.integers(1, 4)):
        first = d.rng.integers(-128, 128, shape) if d.dtype == "int8" else d.rng.normal(0, 3, shape)
        if d.rng.random() < 0.3:
            first = None  # TFLM takes the zero point, or zero
        elif d.rng.random() < 0.5:
            first[...] = first.ravel()[0]
        params = (
            dict(zip(("scale", "zero_point"), d.params[source], strict=True)) if d.dtype == "int8" else {}
        )
        name = f"v{len(d.shapes)}_{number}"  # another one's where a model has several of these
        handles.append(d.file.variable(name, shape, d.dtype, first, **params))
    values, unread = [source], []
    # A variable without first values has those of the type that is assigned to it: each is assigned something.
    assigned: set[int] = set()
    for _ in range(d.rng.integers(4, 14)):
        match d.rng.integers(7):
            case 0 | 1:
                value = d.like(source)
                d.add("READ_VARIABLE", [d.pick(*handles)], [value])
            case 2 | 3:
                handle = d.pick(*handles)
                assigned.add(handle)
                d.add("ASSIGN_VARIABLE", [handle, d.pick(*values[-3:])], [])
                continue
            case 4:
                value = behind(d, d.pick("RELU6", "RELU6") if d.dtype == "int8" else "RELU", values[-1])[0]
            case 5:
                value = d.like(source)
                pair = [values[-1], d.pick(*values)]
                d.add("ADD", pair, [value], fusedActivationFunction=0)
            case 6:
                # An old value that is needed after the new one is made.
                handle = d.pick(*handles)
                assigned.add(handle)
                old = d.like(source)
                if d.rng.random() < 0.5:
                    d.add("READ_VARIABLE", [handle], [old])
                else:
                    d.add("ADD", [values[-1], source], [old], fusedActivationFunction=0)
                    d.add("ASSIGN_VARIABLE", [handle, old], [])
                new, value = d.like(source), d.like(source)
                d.add("ADD", [values[-1], values[-1]], [new], fusedActivationFunction=0)
                d.add("ADD", [new, old], [value], fusedActivationFunction=0)
                d.add("ASSIGN_VARIABLE", [handle, new], [])
        values.append(value)
        unread.append(value)
    for handle in handles:
        if handle not in assigned:
            d.add("ASSIGN_VARIABLE", [handle, values[-1]], [])
    if not unread:
        unread = d.add("READ_VARIABLE", [handles[0]], [d.like(source)])
    chosen = d.rng.permutation(unread)[: d.rng.integers(1, 4)].tolist()
    return [*dict.fromkeys([*chosen, unread[-1]])]


def svdf(d: Draw, kind: str) -> list[int]:
    """Filters over time, with states of int8 or of int16."""
    rows, inputs, units, rank, memory = d.size(3), d.size(20), d.size(9), d.size(3), d.size(9)
    filters = units * rank
    source = d.input([rows, inputs])
    if d.dtype == "float32":
        feature, time = d.constant([filters, inputs]), d.constant([filters, memory])
        bias = d.constant([units])  # TFLM crashes without one
        state, target = d.file.variable_tensor([rows, filters * memory], "float32"), d.tensor([rows, units])
        options = {"rank": rank, "fusedActivationFunction": d.activation(1)}
    else:
        wide = d.pick("int8", "int16")
        largest = 127 if wide == "int8" else 32767
        scales = [float(np.float32(10 ** d.rng.uniform(-3, -1))) for _ in range(2)]
        reached = d.params[source][0] * scales[0] * 5000 * np.sqrt(inputs)
        of_state = float(np.float32(reached / largest * d.pick(0.2, 1, 3)))
        feature = d.file.tensor(
            [filters, inputs], scale=scales[0], data=d.rng.integers(-127, 128, [filters, inputs])
        )
        # Some of the greatest values, at which sums leave int32.
        values = d.rng.integers(-largest, largest + 1, [filters, memory]) // d.pick(1, 1, 200)
        time = d.file.tensor([filters, memory], wide, scale=scales[1], data=values)
        product = float(np.float32(of_state) * np.float32(scales[1]))
        bias = d.file.tensor([units], "int32", scale=product, data=d.rng.integers(-9000, 9000, units))
        zero_point = d.zero_point() if wide == "int8" else 0
        state = d.file.variable_tensor([rows, filters * memory], wide, of_state, zero_point)
        target = d.tensor([rows, units], max(product * largest * 40 * np.sqrt(memory * rank), 1e-6))
        options = {"rank": rank, "fusedActivationFunction": 0}
    return d.add(kind, [source, feature, time, bias, state], [target], **options)


def lstm(d: Draw, kind: str) -> list[int]:
    """A sequence, batch or time first, of cells whose gates are saturated, or not."""
    first, second, inputs, cells = d.size(3), d.size(5), d.size(12), d.size(9)
    time_major = bool(d.rng.random() < 0.3)
    batch = second if time_major else first
    shape = [first, second, inputs]
    if d.dtype == "float32":
        source = d.input(shape)
        parts = [
            d.tensor(s, data=d.rng.normal(0, 0.4, s)) for s in [[cells, inputs]] * 4 + [[cells, cells]] * 4
        ]
        biases = [d.tensor([cells], data=d.rng.normal(0, 0.5, [cells])) for _ in range(4)]
        states = [d.file.variable_tensor([batch, cells], "float32") for _ in range(2)]
        target = d.tensor([first, second, cells])
    else:
        source = d.input(shape, float(10 ** d.rng.uniform(-3, -1)))
        hidden = (float(d.pick(1 / 128, 1 / 128, 10 ** d.rng.uniform(-3, -1))), d.zero_point())
        parts = []
        for s in [[cells, inputs]] * 4 + [[cells, cells]] * 4:
            scale = float(10 ** d.rng.uniform(-3, -1.5))
            parts.append(d.file.tensor(s, scale=scale, data=d.rng.integers(-127, 128, s)))
        biases = [
            d.file.tensor([cells], "int32", scale=1e-4, data=d.rng.integers(-9000, 9000, cells))
            for _ in range(4)
        ]
        states = [
            d.file.variable_tensor([batch, cells], "int8", *hidden),
            d.file.variable_tensor([batch, cells], "int16", 2.0 ** -int(d.rng.integers(8, 16))),
        ]
        target = d.tensor([first, second, cells], *hidden)
    ordered = [source, *parts, -1, -1, -1, *biases, -1, -1, *states, -1, -1, -1, -1]
    clip = float(d.pick(0.0, 0.0, 0.7))
    return d.add(kind, ordered, [target], fusedActivationFunction=4, timeMajor=time_major, cellClip=clip)


def stream(rng: np.random.Generator, first: int | None = None) -> bytes:
    """Like a wake word: the latest frames beside a new one, a convolution over them, what is kept for the next time."""
    d = Draw(rng, "int8")
    x = d.input([1, 3, 1, 8], 0.1, -128)
    start = np.full([1, 2, 1, 8], first) if first is not None else rng.integers(-128, 128, [1, 2, 1, 8])
    handle = d.file.variable("frames", [1, 2, 1, 8], "int8", start, scale=0.1, zero_point=-128)
    old = d.add("READ_VARIABLE", [handle], [d.like(x, [1, 2, 1, 8])])[0]
    both = d.add("CONCATENATION", [old, x], [d.like(x, [1, 5, 1, 8])], axis=1)[0]
    ends = [d.integers(values) for values in ([0, -2, 0, 0], [0, 0, 0, 8], [1, 1, 1, 1])]
    kept = d.add("STRIDED_SLICE", [both, *ends], [d.like(x, [1, 2, 1, 8])], beginMask=13, endMask=15)[0]
    d.add("ASSIGN_VARIABLE", [handle, kept], [])
    weights = d.file.tensor([4, 5, 1, 8], scale=0.01, data=rng.integers(-127, 128, [4, 5, 1, 8]))
    y = d.tensor([1, 1, 1, 4], 0.3)
    options = {"padding": 1, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    d.add("CONV_2D", [both, weights], [y], version=3, **options)
    return d.file.build([x], [y])
