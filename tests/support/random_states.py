"""Random models that keep values from one inference to the next."""

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
        handles.append(d.file.variable(f"v{number}", shape, d.dtype, first, **params))
    values, unread = [source], []
    # A variable without first values has those of the type that is assigned to it: each is assigned something.
    assigned: set[int] = set()
    for _ in range(d.rng.integers(4, 14)):
        match d.rng.integers(6):
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
        values.append(value)
        unread.append(value)
    for handle in handles:
        if handle not in assigned:
            d.add("ASSIGN_VARIABLE", [handle, values[-1]], [])
    if not unread:
        unread = d.add("READ_VARIABLE", [handles[0]], [d.like(source)])
    chosen = d.rng.permutation(unread)[: d.rng.integers(1, 4)].tolist()
    return [*dict.fromkeys([*chosen, unread[-1]])]
