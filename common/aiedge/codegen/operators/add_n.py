"""ADD_N: the sum of any number of tensors of one shape, int8 and float32."""

from aiedge.codegen.operators.call import Call, Places, kernel_suffix, same_scales, unsupported, zero_point
from aiedge.quantization import factors, quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

FRACTION = 19  # fractional bits of int8 sums
MOST = 2 ** (31 - FRACTION) // 256 - 1  # whose sum int32 holds with them, and a zero point more


def _emit(operator: Operator, at: Places) -> Call:
    sources, target = [operator.input(i) for i in range(len(operator.inputs))], operator.outputs[0]
    suffix = kernel_suffix(operator, *sources, target)
    count, numbers = len(sources), [target.elements]
    if suffix == "int8":
        same_scales(operator, *sources)
        if count > MOST:
            raise unsupported(operator, f"it may add up at most {MOST} int8 inputs")
        scale, output = float(params_of(sources[0]).scale), float(params_of(target).scale)
        _, factor = factors.sums(scale, scale, output)
        multiplier, shift = quantize_multiplier(factor)
        if shift > 0:
            raise unsupported(operator, "its output's scale must exceed 2^-19 of its inputs'")
        numbers += [-(count + 1) * zero_point(sources[0]), multiplier, max(shift, -31), zero_point(target)]
    kind = {"int8": "int8_t", "f32": "float"}[suffix]
    inputs = f"(const {kind} *const[]){{{', '.join(map(at, sources))}}}"
    arguments = ", ".join(map(str, [inputs, count, at(target), *numbers]))
    return Call('"aiedge_add_n.h"', (f"aiedge_add_n_{suffix}({arguments})",))


EMITTERS = {Nature.TOTAL: _emit}
