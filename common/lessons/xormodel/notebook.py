# %% [markdown]
# # XOR: the smallest network that needs a hidden layer
#
# You build a neural network, see what it has learned, and squeeze it into 8-bit integers. At the end it is a C
# file that runs on a 20-euro microcontroller, so small that you can say what each of its bytes is for. The
# notebook takes about 55 minutes, its firmware 25 more; each heading says its own.
#
# Six cells are yours, marked **TODO**. Each has a hint, and a check after it that tells you whether you are
# there. Words that are links lead to a glossary. Run a cell with Shift+Enter. The first one takes some seconds:
# it loads TensorFlow.

# %%
import numpy as np

from aiedge import codegen, cost, quantization, tflite
from aiedge.boards import board
from aiedge.cost import runtimes
from aiedge.quantization import layer_multipliers, multiply_by_quantized_multiplier
from aiedge.train import models, training
from aiedge.train.framework import keras
from aiedge.workshop import plots, progress
from aiedge.workshop.checks import xormodel

progress.resume()

# %% [markdown]
# ## 1. The problem (5 min)
#
# XOR ("exclusive or") is 1 where its two inputs differ, and 0 where they are the same. Write it down as
# data: one row for each pair of inputs.
#
# <details><summary>Hint</summary>
#
# `np.array([[0, 0], ...])` makes an array from a list of rows. The targets are a column: four rows of one
# number each, as in `[[0], ...]`.
# </details>

# %%
# TODO 1: Write XOR's truth table: inputs of shape (4, 2), targets of shape (4, 1) (fill in 2 lines).
# BEGIN SOLUTION
inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
targets = np.array([[0], [1], [1], [0]])
# SKELETON inputs = ...
# SKELETON targets = ...
# END SOLUTION

# %% tags=["check", "nbval-check-output"]
xormodel.truth_table(inputs, targets)

# %% [markdown]
# Try to draw one straight line with all orange squares on one side and all blue circles on the other.

# %%
plots.points(inputs, targets, "Can one straight line separate them?")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Which gates of two inputs can a single straight line separate?</summary>
#
# AND, OR, NAND and NOR: in each of them one corner differs from the other three, so a line can cut it off. In XOR
# the equal ones lie across.
# </details>
#
# <details><summary>Why are there two columns in the inputs, but one in the targets?</summary>
#
# Each row of the inputs is one question of two numbers; each row of the targets is its answer, one number.
# </details>

# %% [markdown]
# ## 2. The network (10 min)
#
# No straight line separates them. A single [neuron](term) draws one straight line, so it cannot learn XOR. A
# [layer](term) of neurons in between bends the line.
#
# Build a network with 2 inputs, two [hidden layers](term:hidden layer) of 16 neurons with [`relu`](term:relu), and
# 1 output with [`sigmoid`](term:sigmoid), which makes any number a value between 0 and 1.
#
# <details><summary>Hint</summary>
#
# `keras.Sequential([...])` takes a list: first `keras.Input((2,))`, then one `keras.layers.Dense(units,
# activation="...")` for each layer.
# </details>

# %%
rng = training.set_seed(0)
# TODO 2: Build the network 2-16-16-1 with Keras (fill in about 6 lines).
# BEGIN SOLUTION
model = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
# SKELETON model = ...
# END SOLUTION

# %% tags=["check", "nbval-check-output"]
xormodel.network(model)

# %% [markdown]
# Train it, and a single neuron beside it, on 64 copies of the table. The [loss](term) says how far the answers
# are from the targets; here it is the [cross-entropy](term). Training makes it small in small steps, whose size
# [Adam](term) chooses, and goes through all copies once in each [epoch](term). (Some seconds.)

# %%
neuron = models.dense_network([2, 1])
histories = {}
copies, their_targets = np.tile(inputs, (64, 1)), np.tile(targets, (64, 1))
for name, network in {"2-16-16-1": model, "one neuron": neuron}.items():
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    histories[name] = training.fit(network, copies, their_targets, epochs=40)
plots.loss(histories)

# %% tags=["check"]
xormodel.trained(model, inputs, targets)

# %% [markdown]
# What did they learn? Ask both networks for every point of the plane. The dashed line is where they change
# their mind.

# %%
plots.decision_surfaces({"2-16-16-1": model, "one neuron": neuron}, inputs, targets)

# %% [markdown]
# **Check yourself**
#
# <details><summary>The loss of the single neuron stays near 0.69. Where does that number come from?</summary>
#
# It answers one half to everything, and the cross-entropy of that is −ln(0.5) = 0.693. It has learned that it cannot
# know.
# </details>
#
# <details><summary>What would the network be without relu in between?</summary>
#
# One straight line again: layers that only multiply and add are together one such layer.
# </details>

# %% [markdown]
# ## 3. Noise (6 min)
#
# A sensor never says exactly 0 or 1. Write a function that adds noise to the inputs: a random number for
# each value, from a normal distribution with mean 0 and standard deviation `sigma`.
#
# <details><summary>Hint</summary>
#
# `rng.normal(mean, sigma, size=...)` gives random numbers; `inputs.shape` is the size you need. Return a
# new array: `inputs += ...` would change the caller's.
# </details>


# %%
def add_noise(inputs, sigma, rng):
    # TODO 3: Return the inputs plus normal noise (fill in 1 line).
    # BEGIN SOLUTION
    return inputs + rng.normal(0, sigma, size=inputs.shape)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
xormodel.add_noise(add_noise)

# %% [markdown]
# How much noise does it take before the network errs? And does it help to train on noisy inputs? (Some seconds.)

# %%
many_inputs, many_targets = np.tile(inputs, (250, 1)), np.tile(targets, (250, 1))
samples = add_noise(many_inputs, 0.2, rng)
robust = models.dense_network([2, 16, 16, 1])
robust.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
history = training.fit(robust, samples, many_targets, epochs=20)

# %%
networks = {"trained on clean inputs": model, "trained on noisy inputs": robust}
sigmas = np.linspace(0, 0.6, 13)
accuracies = {name: [] for name in networks}
for sigma in sigmas:
    noisy = add_noise(many_inputs, sigma, rng).astype(np.float32)
    for name, network in networks.items():
        accuracies[name].append(np.mean((np.asarray(network(noisy)) > 0.5) == many_targets))
plots.accuracy_by_noise(sigmas, accuracies)

# %%
plots.decision_surfaces(networks, inputs, targets)

# %% [markdown]
# The second network puts its lines in the middle between the points, where noise does least harm. It goes
# on the board.

# %% [markdown]
# **Check yourself**
#
# <details><summary>With more and more noise, why do the lines go towards 50 %, and not towards 0 %?</summary>
#
# With that much noise a point may land anywhere, so the answer is a guess, and one of two guesses is right.
# </details>
#
# <details><summary>Why must the function not change its argument?</summary>
#
# The caller goes on with the clean inputs: after `inputs += …` they would be noisy, too, and noisier with each call.
# </details>

# %% [markdown]
# ## 4. Eight bits (12 min)
#
# A microcontroller adds and multiplies small integers faster, and stores them in a quarter of the bytes. An
# 8-bit integer `q` ([int8](term)) stands for a real number `r`:
#
# $$ r = \text{scale} \cdot (q - \text{zero point}) $$
#
# The [*scale*](term:scale) is the real size of one step. The [*zero point*](term:zero point) is the integer that
# stands for 0.0. Both follow from the range that the numbers have: the lowest becomes −128, the highest 127.
# Here for a range from −1 to 3:

# %%
plots.number_line(-1, 3)

# %% [markdown]
# Now for your network. First its range, from the training samples:

# %%
calibration = samples.astype(np.float32)
low, high = calibration.min(), calibration.max()
print(f"the inputs lie between {low:.4f} and {high:.4f}")

# %% [markdown]
# From these two numbers compute the scale and the zero point.
#
# <details><summary>Hint</summary>
#
# From −128 to 127 there are 255 steps, and they span `high - low`. For the zero point, put `r = low` and `q
# = -128` into the formula above, solve it, and round to an integer with `round(...)`.
# </details>

# %%
# TODO 4: Compute scale and zero point of the range low ... high (fill in 2 lines).
# BEGIN SOLUTION
scale = (high - low) / 255
zero_point = round(-128 - low / scale)
# SKELETON scale = ...
# SKELETON zero_point = ...
# END SOLUTION

# %% tags=["check"]
xormodel.scale_and_zero_point(scale, zero_point, low, high)

# %%
plots.quantization_line(scale, zero_point, low, high)

# %% [markdown]
# Now turn real numbers into integers. Rounding may lead beyond the ends of the range, and an int8 that
# passes 127 comes out at −128, so clamp before you convert.
#
# <details><summary>Hint</summary>
#
# `np.round(values / scale)`, then add the zero point; `np.clip(x, -128, 127)` clamps; `.astype(np.int8)`
# converts at the very end.
# </details>


# %%
def quantize(values, scale, zero_point):
    # TODO 5: Return the values as int8 (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    q = np.round(values / scale) + zero_point
    return np.clip(q, -128, 127).astype(np.int8)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
xormodel.quantize(quantize)

# %% [markdown]
# **Check yourself**
#
# <details><summary>The range gets twice as wide. What happens to the scale, and to the error of rounding?</summary>
#
# The scale doubles, and with it the largest error, which is half a step.
# </details>
#
# <details><summary>Why must 0.0 have an integer of its own?</summary>
#
# It is special: padding around pictures and the output of `relu` are exactly 0. If 0.0 fell between two integers,
# each of them would be off.
# </details>

# %% [markdown]
# ## 5. The converter (4 min)
#
# TensorFlow's converter does the same for every [tensor](term) of the network. It runs the samples through and
# notes the ranges ([*calibration*](term:calibration)). The [weights](term:weight) get a scale for each neuron.
# (Some seconds.)

# %%
float_model = tflite.convert_float(robust)
int8_model = tflite.convert_int8(robust, calibration)
graph = tflite.read(int8_model)
print(cost.describe(graph, "xormodel.tflite"))

# %%
theirs = graph.inputs[0].quantization
print(f"the converter: scale {theirs.scale:.6f}, zero point {theirs.zero_point}")
print(f"you:           scale {scale:.6f}, zero point {zero_point}")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Where do the ranges of the inner tensors come from? You gave the converter inputs alone.</summary>
#
# It runs the inputs through the network and watches: that is calibration. Weights need none, they are known.
# </details>
#
# <details><summary>337 parameters: how many bytes are they in float, and how many in int8?</summary>
#
# 4 · 337 = 1,348 in float. In int8 the weights take a byte each, but the biases stay 32-bit: 304 + 33 · 4 = 436.
# </details>

# %% [markdown]
# ## 6. One layer in integers (10 min)
#
# Inside the board there are no real numbers any more. A layer multiplies integers and adds them up, then adds
# the [bias](term):
#
# $$ \text{sum} = \sum_i w_i \, (x_i - z_x) + \text{bias} \qquad y = z_y + \frac{s_x s_w}{s_y} \cdot
# \text{sum} $$
#
# The factor $s_x s_w / s_y$ is a real number, but known beforehand: it becomes an integer *multiplier* and
# a *shift*. `multiply_by_quantized_multiplier(sum, multiplier, shift)` multiplies by it and rounds. In boxes:

# %%
plots.integer_layer()

# %% [markdown]
# <details><summary>Hint</summary>
#
# Subtract `x_params.zero_point` from `x` after `x.astype(np.int32)`: an int8 would overflow. `@` is the
# matrix product; the weights are `[outputs, inputs]`, so use `weights.T.astype(np.int32)`. Then add the
# bias, multiply, add `y_params.zero_point`, clamp, convert.
# </details>


# %%
def integer_layer(x, weights, bias, x_params, w_params, y_params):
    multiplier, shift = layer_multipliers(x_params, w_params, y_params, len(weights))
    # TODO 6: Compute the sums, multiply, add the zero point, clamp (fill in 1 to 3 lines).
    # BEGIN SOLUTION
    sums = (x.astype(np.int32) - x_params.zero_point) @ weights.T.astype(np.int32) + bias
    y = multiply_by_quantized_multiplier(sums, multiplier, shift) + y_params.zero_point
    return np.clip(y, -128, 127).astype(np.int8)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
xormodel.integer_layer(integer_layer, graph)

# %% [markdown]
# **Check yourself**
#
# <details><summary>The sum of 16 products of two int8 numbers: why does it need 32 bits?</summary>
#
# One product can be 128 · 128 = 16,384, and 16 of them 262,144: too much for 16 bits. With 32 bits there is room for
# more than a hundred thousand products.
# </details>
#
# <details><summary>Why a multiplier and a shift instead of one division?</summary>
#
# Small chips have no fast division, and many have no floating point. An integer multiplication and a shift to the
# right cost a few cycles.
# </details>

# %% [markdown]
# ## 7. The same bits everywhere (4 min)
#
# The network has two int8 inputs, so there are only 65,536 different questions. Ask them all: of NumPy, of
# the C code that you will put on the board, of TensorFlow Lite Micro ([TFLM](term)), the
# [interpreter](term) for microcontrollers, and of LiteRT, the one for phones. (Some seconds.)

# %%
questions = runtimes.every_int8_pair()
answers = runtimes.run_everywhere(int8_model, questions)

# %%
for name, count in runtimes.differences(answers, "NumPy integers").items():
    print(f"{name:15} {count:4} of {len(questions):,} answers differ from NumPy's")

# %% [markdown]
# NumPy, compiled C and TFLM agree in every bit. LiteRT differs in a few answers. In its fully connected
# layers, TFLM rounds twice: once after it multiplies, once after it shifts. LiteRT rounds once, at the end. Put
# its rounding into our NumPy network, and the difference is gone:

# %%
once = tflite.run_integer(graph, questions, multiply=quantization.multiply_rounding_once)
print(f"{np.sum(once != answers['LiteRT'])} answers differ when NumPy rounds once, too")
difference = answers["LiteRT"].astype(int) - answers["NumPy integers"]
title = f"LiteRT differs in {np.mean(difference != 0):.1%}"
plots.disagreement(questions, difference[:, 0], title)

# %% [markdown]
# **Check yourself**
#
# <details><summary>Two runtimes differ in some answers by one step of an int8. Is one of them broken?</summary>
#
# No: both round correctly, at different moments. But then a test against the wrong one fails, so know which of them
# your board runs.
# </details>
#
# <details><summary>Could you compare all answers of a network that takes pictures?</summary>
#
# No: already four pixels in three colours have 256¹² inputs. There one tests with samples.
# </details>

# %% [markdown]
# ## 8. What it needs on the board (4 min)
#
# [*Flash*](term:flash) keeps the program and the weights, [*SRAM*](term:SRAM) what changes while it runs: the
# [*arena*](term:arena). Know both before you flash.

# %%
source = codegen.generate(graph, "xormodel")
print("\n".join(cost.memory_lines(source)))

# %% [markdown]
# This is the arena while the network runs. Each box is what one layer hands to the next: as wide as the steps for
# which it is needed, as high as its bytes. The last, smaller one lies where the first one was; its one number gets
# four bytes.

# %%
plots.arena(source.plan)

# %% [markdown]
# And beside what the board has (some seconds):

# %%
sizes = {
    "flash: float .tflite": len(float_model),
    "flash: int8 .tflite": len(int8_model),
    "flash: weights and tables of compiled C": source.constant_bytes,
    "SRAM: arena of compiled C": source.plan.arena_bytes,
}
if tflite.has_tflm():
    sizes["SRAM: arena of TFLM"] = tflite.tflm_arena_bytes(int8_model)
plots.memory(sizes, board("esp-eye").budget)

# %% [markdown]
# In a network this small, names, shapes and scales fill most of a .tflite file, so int8 does not make it smaller. It
# does once the weights outweigh them, as in the next projects. Compiled C drops most of that: the weights, the
# biases, the multipliers and a table for the sigmoid remain. That is the third bar; the constants of the line further
# up are a few bytes more, which say how large each layer is.

# %% [markdown]
# **Check yourself**
#
# <details><summary>The arena is 32 bytes, though the layers hand over 16 + 16 + 1 numbers. Why not 33?</summary>
#
# The last number can lie where the first 16 were: nobody needs them any more.
# </details>
#
# <details><summary>Why does the arena of TFLM take so much more?</summary>
#
# It also holds what the interpreter must know while it runs: a structure for each tensor and operator. Compiled C
# has that in the program, in flash.
# </details>

# %% [markdown]
# ## 9. To the board (25 min)
#
# Export the network: the two .tflite files, and the int8 one as a C array.

# %%
for path in tflite.export("xormodel", float_model, int8_model):
    print(f"wrote {path.name}, {path.stat().st_size:,} bytes")

# %% [markdown]
# Now the firmware. Double-click its `main.cpp` in the list of files on the left: it lies in `vscode/main`, beside the
# folder `notebook`. It has five TODOs of its own; save it after each, and run it: each run stops at the next one. For
# that open a terminal (File → New → Terminal), which begins in this project's folder, and paste:
#
# ```
# cp notebook/xormodel.cpp vscode/main/xormodel.cpp
# pio run -d vscode -e host -t exec
# ```
#
# This builds it for this computer, which takes half a minute at first, and runs it. Where the compiler does not
# understand a line, the last words name its TODO. With a board, when it runs here (the first time downloads the
# board's tools, some minutes):
#
# ```
# pio run -d vscode -e esp-eye -t upload
# ```
#
# No board? This builds the same firmware for this computer and talks to it as if it were one:
#
# ```
# ../run_serial.py --simulate xormodel
# ```

# %% tags=["summary"]
quantized = quantize(inputs, scale, zero_point)
outputs = tflite.run_integer(graph, quantized)[:, 0]
params = graph.outputs[0].quantization
print(f"{graph.parameters} parameters, {source.plan.arena_bytes} bytes of arena in C")
for row, q in zip(inputs, outputs, strict=True):
    print(f"{row[0]} xor {row[1]} = {params.scale * (int(q) - params.zero_point):.2f}")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Which file do you copy to the firmware, and what is in it?</summary>
#
# `xormodel.cpp`: the bytes of the int8 .tflite as a C array. The build turns them into straight C code, or links an
# interpreter that reads them.
# </details>
#
# <details><summary>Your firmware prints other answers than the notebook. Where do you look first?</summary>
#
# Whether it has the model of this notebook: copied again after the last export? Then at the inputs: are they in the
# order and the scale that the model expects?
# </details>

# %% [markdown]
# ## What you can tell a friend
#
# - One neuron draws a straight line. XOR needs two, and a layer that combines them.
# - An int8 is a real number in steps: the scale is the size of a step, the zero point the integer that stands for 0.
# - A layer of int8 multiplies and adds integers, scales the sum by a multiplier and a shift, and clamps.
# - What was computed once in NumPy comes out of the C code on the board bit for bit.
# - The weights lie in flash. SRAM needs only room for what two layers hand over: 32 bytes here.

# %%
progress.show("xormodel")
