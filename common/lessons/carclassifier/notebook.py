# %% [markdown]
# # Cars: a trained network in eight bits
#
# Somebody has trained a network that tells pictures with a car from pictures without. You get it as it is, in
# 32-bit floating point. You find out why rounding its numbers ruins it, how to round them properly, and end with a
# C file of a third of the size that gives the same answers on a camera board. The notebook takes about 85 minutes,
# its firmware 40 more; each heading says its own.
#
# Ten cells are yours, marked **TODO**. Each has a hint, and a check after it. Words that are links lead to a
# glossary. Run a cell with Shift+Enter. The first one takes some seconds: it loads TensorFlow.

# %%
import math

import numpy as np
from IPython.display import display

from aiedge import codegen, cost, energy, quantization, tflite
from aiedge.boards import board
from aiedge.cost import runtimes
from aiedge.quantization import layer_multipliers, multiply_by_quantized_multiplier, patches
from aiedge.train import datasets, models, simulate
from aiedge.train.simulate import rounded, run_layers, with_kernels
from aiedge.workshop import plots, progress
from aiedge.workshop.checks import carclassifier

progress.resume()

# %% [markdown]
# ## 1. The network and its pictures (8 min)
#
# The pictures are 96×96 pixels in three colours. The network has never seen those of the [test set](term). If the
# pictures are not on this computer yet, this cell fetches or draws them, which can take some minutes once.

# %%
splits = datasets.cars()
splits.banner()
test, calibration = splits.test.take(400), splits.calibration.take(200)
images, labels = test.inputs, test.labels
plots.pictures(test.images[:12], [test.classes[label] for label in labels[:12]])

# %%
model = models.pretrained("carclassifier")
probabilities = model.predict(images, verbose=0)[:, 0]
print(f"{len(model.layers)} layers, {model.count_params():,} parameters")

# %% [markdown]
# The network answers with a number between 0 and 1: how sure it is that there is a car. Above one half, its
# answer is "car", which is [label](term) 1. How many of its answers are right? That share is its [accuracy](term).
#
# <details><summary>Hint</summary>
#
# BEGIN LEVEL easy
# `probabilities > 0.5` is an array of answers. `==` compares it with the labels, number by number.
# END LEVEL
# `np.mean` of truth values is the share of those that are true.
# </details>


# %%
def accuracy(probabilities, labels):
    """The share of right answers: accuracy([0.9, 0.2], [1, 1]) is 0.5, as arrays."""
    # TODO 1: Return the share of right answers (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    return np.mean((probabilities > 0.5) == labels)
    # SKELETON[easy] answers = probabilities > ...
    # SKELETON[easy] return ...  # how often is the answer the label?
    # SKELETON[hard] return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.accuracy(accuracy)

# %%
plots.confusion(labels, probabilities > 0.5, test.classes)

# %% [markdown]
# Of what is in the picture, what is easy and what is hard? (In parentheses: how many pictures. Among photographs
# expect trucks at the top: they look much like cars.)

# %%
kinds = {f"{kind} ({np.sum(test.kinds == kind)})": test.kinds == kind for kind in np.unique(test.kinds)}
right = {kind: accuracy(probabilities[chosen], labels[chosen]) for kind, chosen in kinds.items()}
worst_first = dict(sorted(right.items(), key=lambda item: item[1]))
plots.shares(worst_first, "Right answers, by kind of picture")

# %%
hardest = next(iter(worst_first))
rest = ~kinds[hardest]
print(f"all {len(labels)} pictures: {accuracy(probabilities, labels):.1%} right")
print(f"without {hardest}: {accuracy(probabilities[rest], labels[rest]):.1%} right")

# %% [markdown]
# And these are the pictures of which it is least sure; where it is wrong, the title is orange:

# %%
unsure = np.argsort(np.abs(probabilities - 0.5))[:12]
wrong = (probabilities > 0.5) != labels
titles = [f"{test.kinds[i]}: {probabilities[i]:.0%} car" for i in unsure]
plots.pictures(test.images[unsure], titles, wrong[unsure])

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why are the answers counted on pictures that the network never saw?</summary>
#
# It could know the others by heart. What counts is what it does with new ones.
# </details>
#
# <details><summary>Half the pictures show cars. What does a network get that always says car?</summary>
#
# 50 %, as one that flips a coin. That is why the plots mark it as guessing.
# </details>

# %% [markdown]
# ## 2. How much work is one picture? (8 min)
#
# The network is a chain of [convolutions](term:convolution). A convolution slides a small [kernel](term) of
# [weights](term:weight) over the picture. At each place it multiplies what it sees by them, and adds up. This one
# finds edges from left to right:

# %%
plots.sliding(
    np.array([[0, 0, 2, 2, 0], [0, 0, 2, 2, 0], [0, 0, 2, 2, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]),
    np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
)

# %% [markdown]
# A colour picture has three [channels](term:channel). A usual convolution sums over all of them. A [depthwise
# convolution](term:depthwise convolution) keeps them apart, with a kernel for each, and so needs a fraction of the
# weights. This network takes both in turn: depthwise 3×3, then usual ones of 1×1, which mix the channels.

# %%
plots.convolutions()

# %% [markdown]
# Behind each stands a [*batch normalization*](term:batch normalization). Once training is over, it multiplies each
# channel by a fixed number and adds another, so the convolution before it can do that with its own weights
# ([*folding*](term:folding)). The folded network gives the same answers with fewer
# [layers](term:layer):

# %%
folded = simulate.fold_batch_norm(model)
difference = run_layers(folded, images[:100])[:, 0] - probabilities[:100]
print(f"{len(folded.layers)} layers; the answers differ by {np.abs(difference).max():.6f} at most")

# %% [markdown]
# Now count its multiply-accumulate steps ([MACs](term:MAC)): one multiplication, one addition. A convolution does the
# same sums for every pixel of its output.
#
# <details><summary>Hint</summary>
#
# Each weight of the kernel is used exactly once for each pixel of the output: rows times columns.
# `math.prod(shape)` multiplies all the numbers of a shape. The channels of the output are in the kernel's shape
# already.
# </details>


# %%
def macs(kernel_shape, output_shape):
    """MACs of a layer: macs((3, 3, 2, 4), (10, 10, 4)) is 7200 (rows, columns, channels)."""
    # TODO 2: How often is each weight used, and how many weights are there (fill in 1 or 2 lines)?
    # BEGIN SOLUTION
    rows, columns, _ = output_shape
    return math.prod(kernel_shape) * rows * columns
    # SKELETON[easy] rows, columns, channels = output_shape
    # SKELETON[easy] return ...
    # SKELETON[hard] return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.macs(macs)

# %% [markdown]
# The workshop of KU Leuven from which this one comes counts 8.9 million operations for such a network. Which way of
# counting leads there? Besides the MACs, each value that a convolution writes gets a [bias](term), and
# [ReLU6](term:relu) compares it with 0 and with 6. Without folding, batch normalization subtracts a mean, divides
# by a deviation, multiplies and adds.

# %%
weights, shapes = simulate.kernels(folded), simulate.output_shapes(folded)
total = sum(macs(kernel.shape, shapes[name]) for name, kernel in weights.items())
values = sum(math.prod(shapes[name]) for name, kernel in weights.items() if kernel.ndim > 2)
ways = {
    "MACs alone": total,
    "+ bias, ReLU6's two bounds": total + 3 * values,
    "+ batch norm in two steps, ReLU6": total + 4 * values,
    "+ batch norm in four steps, ReLU6": total + 6 * values,
}

# %%
plots.bars(ways, "Operations for one picture", "operations", ("KU Leuven's count", 8.9e6))
closest = min(ways, key=lambda way: abs(ways[way] - 8.9e6))
print(f"MACs: {total:,}; closest to 8.9 million, with {ways[closest] / 1e6:.2f} million:\n{closest}")

# %% [markdown]
# **Check yourself**
#
# <details><summary>A depthwise layer and the 1×1 layer behind it, both of 64 channels: which works more?</summary>
#
# The 1×1 layer: 64·64 MACs a pixel against 9·64. Mixing the channels is most of the work.
# </details>
#
# <details><summary>Folding saves layers. Why do the answers not change?</summary>
#
# Batch normalization multiplies and adds, as the convolution does: doing both at once with changed weights and
# biases is the same sum, but for the last digits of a float.
# </details>

# %% [markdown]
# ## 3. Look at the numbers (5 min)
#
# Before you round numbers, look at them. These are the weights of three layers, all of them on one axis:

# %%
names = list(weights)
plots.histograms({name: weights[name] for name in (names[0], names[1], names[20])}, "Weights")

# %% [markdown]
# And one layer, channel by channel. A depthwise convolution has nine weights a channel; folding has multiplied
# each channel by a number of its own.

# %%
depthwise = weights[names[1]]
plots.channel_ranges(depthwise, f"Weights of {names[1]}, by channel")

# %% [markdown]
# [Activations](term:activation) are what flows between the layers. `run_layers` hands you each of them on its way.

# %%
seen = {}
run_layers(folded, images[:50], seen.__setitem__)
stored = list(seen)
shown = {name: seen[name] for name in (stored[0], stored[2], stored[10], stored[-2])}
plots.histograms(shown, "Activations over 50 pictures")

# %%
plots.channel_ranges(seen[stored[2]], f"Activations of {stored[2]}, by channel")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Which of the histograms promise trouble for whole numbers from −128 to 127?</summary>
#
# All of them: most values lie between −1 and 1, where only three whole numbers are. Most of the 256 integers would
# never be used.
# </details>
#
# <details><summary>Why do the channels of one layer have such different ranges?</summary>
#
# Folding multiplied each by a number of its own, and training has no reason to make them alike.
# </details>

# %% [markdown]
# ## 4. The naive way (5 min)
#
# An [int8](term) is a whole number from −128 to 127. So round every number, weights and activations, and see what is
# left: $q = \mathrm{round}(x)$.
#
# <details><summary>Hint</summary>
#
# `np.round(values)` rounds; `np.clip(values, low, high)` clamps what lies outside of a range to its ends.
# </details>


# %%
def naive(values):
    """The values as whole numbers from −128 to 127: 0.4 becomes 0, and 300 becomes 127."""
    # TODO 3: Round, and clamp to int8's range (fill in 1 line).
    # BEGIN SOLUTION
    return np.clip(np.round(values), -128, 127)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.naive(naive)


# %%
def test_network(network, at=None):
    """Accuracy on the test pictures; `at(name, values)` may replace the activations."""
    return accuracy(run_layers(network, images, at)[:, 0], labels)


ladder = {"float": accuracy(probabilities, labels)}
ladder["naive"] = test_network(with_kernels(folded, naive), lambda name, values: naive(values))
plots.shares(ladder, "What rounding to whole numbers does")

# %%
every = np.concatenate([kernel.ravel() for kernel in weights.values()])
print(f"{np.mean(naive(every) == 0):.1%} of all weights have become 0")
plots.histograms({"before": every, "after": naive(every)}, "All weights, rounded to whole numbers")

# %% [markdown]
# **Check yourself**
#
# <details><summary>The naive network still answers. What does it answer?</summary>
#
# Nearly always the same: nearly all of its weights are 0, so it hardly sees the picture. That is why it is right as
# often as guessing is.
# </details>
#
# <details><summary>Would multiplying all weights by 100 before the rounding help?</summary>
#
# Yes: that is the idea of a scale. But 100 is a guess. The best factor follows from the largest weight.
# </details>

# %% [markdown]
# ## 5. A scale for each layer (6 min)
#
# The numbers are small, and int8's steps of 1 are far too wide for them. So stretch them first: divide by a
# [*scale*](term:scale) such that the largest weight becomes 127, then round.
#
# $$ s = \frac{\max |w|}{127} \qquad q = \mathrm{round}(w / s) $$
#
# <details><summary>Hint</summary>
#
# `np.abs(weights)` makes all numbers positive, and `.max()` of that is the largest.
# </details>


# %%
def scale_of_layer(weights):
    """One scale for all weights of a layer; for −2.54, 1 and 0 it is 0.02."""
    # TODO 4: Return the scale with which the largest weight becomes 127 or −127 (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    return np.abs(weights).max() / 127
    # SKELETON[easy] largest = ...
    # SKELETON[easy] return ...
    # SKELETON[hard] return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.scale_of_layer(scale_of_layer)

# %% [markdown]
# `rounded(values, scale)` quantizes and turns back: each value then is one of the 256 that int8 can hold. With
# such weights, and activations still in floating point (some seconds):

# %%
per_layer = with_kernels(folded, lambda w: rounded(w, scale_of_layer(w)))
ladder["a scale for each layer"] = test_network(per_layer)
plots.shares(ladder, "Weights in int8 with one scale for each layer")

# %% [markdown]
# **Check yourself**
#
# <details><summary>What is the largest error that rounding makes to a weight, in units of the scale?</summary>
#
# Half a step: 0.5 times the scale.
# </details>
#
# <details><summary>One weight is ten times as large as all others. What does that do to them?</summary>
#
# It sets the scale. The others get a tenth of the integers, about 25, and lose three bits.
# </details>

# %% [markdown]
# ## 6. A scale for each channel (8 min)
#
# One channel with large weights stretches the scale of its whole layer, and the channels with small weights get
# few integers. So give each channel its own scale. Kernels here have their channels last: (3, 3, 3, 8) are 8
# channels, and you need 8 scales.
#
# <details><summary>Hint</summary>
#
# BEGIN LEVEL easy
# `np.abs(table).max(axis=0)` is the largest number of each column.
# END LEVEL
# BEGIN LEVEL hard
# `.max(axis=(0, 1, 2))` is the maximum over the first three axes. A depthwise kernel has one axis less and a
# dense one two less: `range(weights.ndim - 1)` counts all but the last. Or make a table with a column for each
# channel.
# END LEVEL
# </details>


# %%
def scales_of_channels(weights):
    """One scale for each channel, the last axis of `weights`, which has two to four axes."""
    # TODO 5: Return an array with the scale of each channel (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    by_channel = np.abs(weights).reshape(-1, weights.shape[-1])
    return by_channel.max(axis=0) / 127
    # SKELETON[easy] table = weights.reshape(-1, weights.shape[-1])  # a column for each channel
    # SKELETON[easy] return ...
    # SKELETON[hard] return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.scales_of_channels(scales_of_channels)

# %%
scales = {"one scale": scale_of_layer(depthwise), "a scale each": scales_of_channels(depthwise)}
plots.steps_by_channel(depthwise, scales)

# %%
per_channel = with_kernels(folded, lambda w: rounded(w, scales_of_channels(w)))
ladder["a scale for each channel"] = test_network(per_channel)
plots.shares(ladder, "Weights in int8 with a scale for each channel")

# %% [markdown]
# Are the last two bars level? Then eight bits are enough here, however they are scaled. With fewer bits you see what
# each way of scaling is worth. (Half a minute.)


# %%
def test_bits(scales_of, bits):
    """Accuracy with weights of fewer bits: the largest becomes 31 for 6 bits, 15 for 5 and 7 for 4."""
    wider = 127 / (2 ** (bits - 1) - 1)
    network = with_kernels(folded, lambda w: rounded(w, scales_of(w) * wider))
    return test_network(network)


bits = (6, 5, 4)
schemes = {"a scale for each layer": scale_of_layer, "a scale for each channel": scales_of_channels}
by_bits = {}
for name, scheme in schemes.items():
    by_bits[name] = [ladder[name], *(test_bits(scheme, b) for b in bits)]
plots.lines((8, *bits), by_bits, "bits of a weight", "Fewer bits")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Where do the lines part, and why there?</summary>
#
# Where a channel with small weights has only a handful of integers left. A scale for each channel gives each of them
# all the integers that there are.
# </details>
#
# <details><summary>What does a scale for each channel cost on the board?</summary>
#
# A multiplier and a shift for each channel, eight bytes or so. The work stays the same: each output is scaled once
# anyway.
# </details>

# %% [markdown]
# ## 7. Activations (6 min)
#
# Activations are not symmetric: ReLU6 leaves nothing below 0. So int8 gets the whole range from the lowest to
# the highest number, with a [*zero point*](term:zero point) $z$, the integer that stands for 0. Here for a range
# from −1 to 3:

# %%
plots.number_line(-1, 3)

# %% [markdown]
# As formulas:
#
# $$ s = \frac{\max - \min}{255} \qquad z = -128 - \frac{\min}{s} \qquad q = \mathrm{round}(x / s) + z $$
#
# <details><summary>Hint</summary>
#
# The zero point is an integer: `round(...)` it. For a range from 0 to 6 it is −128.
# </details>


# %%
def activation_params(low, high):
    """Scale and zero point for `low` ... `high`: activation_params(0, 25.5) is (0.1, -128)."""
    # TODO 6: Compute both from the formulas (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    scale = (high - low) / 255
    zero_point = round(-128 - low / scale)
    # SKELETON[easy] scale = ...
    # SKELETON[easy] zero_point = round(...)
    # SKELETON[hard] scale, zero_point = ..., ...
    # END SOLUTION
    return scale, zero_point


# %% tags=["check", "nbval-check-output"]
carclassifier.activation_params(activation_params)

# %% [markdown]
# **Check yourself**
#
# <details><summary>What would a symmetric scale waste on the output of ReLU6?</summary>
#
# Half of the integers: all below 0.
# </details>
#
# <details><summary>Why do weights get no zero point?</summary>
#
# They are nearly symmetric, so little is gained. And a zero point would cost: each sum would need a correction for
# each input that it saw.
# </details>

# %% [markdown]
# ## 8. Calibration (9 min)
#
# The lowest and the highest activation are not stored anywhere: they depend on the pictures. So run some
# pictures through, and note for each [tensor](term) the lowest and the highest number so far. That is
# [*calibration*](term:calibration).
#
# <details><summary>Hint</summary>
#
# `ranges.get(name, (0.0, 0.0))` is what is known so far, or (0, 0) at first. That 0 lies in the range is
# no accident: 0 must have an integer.
# BEGIN LEVEL easy
# `min(low, values.min())` keeps the lower of two numbers.
# END LEVEL
# </details>


# %%
def note_range(ranges, name, values):
    """Keep in `ranges` under `name` the pair (lowest, highest) of all values so far, and of 0."""
    # BEGIN LEVEL easy
    low, high = ranges.get(name, (0.0, 0.0))
    # END LEVEL
    # TODO 7: Widen the range of this tensor to hold the new values (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    # BEGIN LEVEL hard
    low, high = ranges.get(name, (0.0, 0.0))
    # END LEVEL
    ranges[name] = (min(low, values.min()), max(high, values.max()))
    # SKELETON[easy] ranges[name] = ...
    # SKELETON[hard] ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.note_range(note_range)


# %%
def calibrate(pictures):
    """Lowest and highest number of each activation over the pictures."""
    ranges = {}
    run_layers(folded, pictures, lambda name, values: note_range(ranges, name, values))
    return ranges


ranges = calibrate(calibration.inputs)
print(f"{len(ranges)} ranges; {stored[2]}: {ranges[stored[2]][0]:.2f} ... {ranges[stored[2]][1]:.2f}")

# %% [markdown]
# How many pictures does it take? Each line is one activation, and says how much of its final range is known after
# so many pictures. Here are the six that take longest; where ReLU6 reaches its 6 at once, the first is enough.

# %%
plots.settling(simulate.ranges_by_picture(folded, calibration.inputs))

# %% [markdown]
# Now the whole network in int8, weights and activations, as far as floating point can imitate it (some seconds):


# %%
def test_int8(network, ranges):
    """Accuracy with the activations rounded to int8 within their ranges."""
    params = {name: activation_params(*ends) for name, ends in ranges.items()}
    return test_network(network, lambda name, values: rounded(values, *params[name]))


ladder["and calibrated activations"] = test_int8(per_channel, ranges)
plots.shares(ladder, "Weights and activations in int8")

# %% [markdown]
# What if the calibration pictures are not like those that the network will see? (Half a minute.)

# %%
real = calibration.inputs
sets = {
    "only pictures without a car": real[calibration.labels == 0],
    "one picture": real[:1],
    "one dark picture": real[:1] * 0.1,
    "noise": np.random.default_rng(0).uniform(size=(50, 96, 96, 3)).astype(np.float32),
    "plain grey": np.full((1, 96, 96, 3), 0.5, np.float32),
}
found = {name: test_int8(per_channel, calibrate(pictures)) for name, pictures in sets.items()}
found = {"the calibration set": ladder["and calibrated activations"]} | found
plots.shares(found, "Calibrated on ...")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Which of the sets ruin the network, and what do they have in common?</summary>
#
# Those that know too little of what the network will see: their ranges are too narrow, so that later numbers are
# clamped.
# </details>
#
# <details><summary>Is a range that is too wide harmless?</summary>
#
# It clamps nothing, but its steps are wider, so all numbers are rounded more coarsely.
# </details>

# %% [markdown]
# ## 9. The converter (3 min)
#
# TensorFlow's converter does what you have done: it folds batch normalization, gives each channel a scale and
# calibrates the activations. Then it writes a network that runs in integers alone. (Half a minute.)

# %%
float_model = tflite.convert_float(model)
int8_model = tflite.convert_int8(model, calibration.inputs)
graph = tflite.read(int8_model)
print(f"float: {len(float_model):,} bytes, int8: {len(int8_model):,} bytes")

# %% [markdown]
# Its scales beside yours, one dot for each activation:

# %%
tensors = [graph.inputs[0], *(operator.outputs[0] for operator in graph.operators)]
theirs = {name: t.quantization.scale for name, t in zip(stored, tensors, strict=True)}
mine = {name: activation_params(*ranges[name])[0] for name in stored}
plots.same_scales(mine, theirs, "Scales of the activations")

# %% [markdown]
# **Check yourself**
#
# <details><summary>The int8 file is more than a quarter of the float one. What else is in it?</summary>
#
# Names, shapes, a scale for each channel, and biases of 32 bits. They do not get smaller.
# </details>
#
# <details><summary>Your scales and the converter's agree. What did both of you do?</summary>
#
# Both ran the same calibration pictures through and took the lowest and the highest number.
# </details>

# %% [markdown]
# ## 10. One convolution in integers (12 min)
#
# On the board there are no real numbers any more. This is the first layer, for one picture, as it runs there:
#
# $$ \text{sum} = \sum_i w_i \, (x_i - z_x) + \text{bias} \qquad y = z_y + \frac{s_x s_w}{s_y} \cdot
# \text{sum} $$
#
# `patches(x, 3, 2, fill)` holds, for each pixel of the output, the 27 numbers that the 3×3×3 kernel sees there;
# around the picture it sees `fill`, which must stand for 0.0. The factor is known beforehand, one for each
# channel: an integer *multiplier* and a *shift*. In boxes, for one sum:

# %%
plots.integer_layer()

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which integer stands for 0.0? The zero point of `x`. Convert the patches to `np.int32` before you subtract: an
# int8 would overflow. `@` is the matrix product: (48, 48, 27) @ (27, 8) gives (48, 48, 8).
# BEGIN LEVEL easy
# So the sums are `(seen - x_params.zero_point) @ matrix`, plus the bias.
# END LEVEL
# BEGIN LEVEL hard
# `layer_multipliers(x_params, w_params, y_params, 8)` gives multipliers and shifts, and
# `multiply_by_quantized_multiplier(sums, multiplier, shift)` multiplies and rounds as the board does.
# END LEVEL
# Multiply, add `y_params.zero_point`, clamp to −128 ... 127, convert.
# </details>


# %%
def integer_convolution(x, weights, bias, x_params, w_params, y_params):
    """int8 [96, 96, 3] and weights [8, 3, 3, 3] to int8 [48, 48, 8]; a step is 2 pixels."""
    # BEGIN LEVEL easy
    multiplier, shift = layer_multipliers(x_params, w_params, y_params, len(weights))
    matrix = weights.reshape(len(weights), -1).T.astype(np.int32)
    # END LEVEL
    # TODO 8: Take the patches, sum, multiply, add the zero point, clamp (fill in 4 to 6 lines).
    # BEGIN SOLUTION
    # BEGIN LEVEL hard
    multiplier, shift = layer_multipliers(x_params, w_params, y_params, len(weights))
    matrix = weights.reshape(len(weights), -1).T.astype(np.int32)
    # END LEVEL
    seen = patches(x, 3, 2, x_params.zero_point).astype(np.int32)
    sums = (seen - x_params.zero_point) @ matrix + bias
    y = multiply_by_quantized_multiplier(sums, multiplier, shift) + y_params.zero_point
    return np.clip(y, -128, 127).astype(np.int8)
    # SKELETON[easy] seen = patches(x, 3, 2, ...).astype(np.int32)
    # SKELETON[easy] sums = ...
    # SKELETON[easy] y = multiply_by_quantized_multiplier(..., multiplier, shift) + ...
    # SKELETON[easy] return np.clip(y, ...).astype(np.int8)
    # SKELETON[hard] return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.integer_convolution(integer_convolution, int8_model)

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why is the picture padded with the zero point of x, and not with 0?</summary>
#
# Around the picture the network expects 0.0, and the integer that stands for it is the zero point.
# </details>
#
# <details><summary>The sum of 27 products of int8 numbers, plus a bias: which type holds it?</summary>
#
# 27 · 255 · 127 is below a million: int32 holds it with ease, int16 does not.
# </details>

# %% [markdown]
# ## 11. The same bits, and the answers (5 min)
#
# The compiled C that goes on the board and the [interpreter](term) TensorFlow Lite Micro ([TFLM](term)) must agree in
# every bit. (Some seconds.)

# %%
questions = quantization.quantize(images, graph.inputs[0].quantization)
answers = runtimes.run_everywhere(int8_model, questions[:20], ("compiled C", "TFLM"))
for name, count in runtimes.differences(answers).items():
    print(f"{name:10} {count} of 20 answers differ")

# %% [markdown]
# The answer is an int8, too. The board need not turn it back into a number between 0 and 1: it compares
# integers. Which integer stands for one half?
#
# <details><summary>Hint</summary>
#
# $q = r / s + z$ with $r = 0.5$; `params` has `.scale` and `.zero_point`. Round it with `round(...)`.
# </details>


# %%
def threshold_of(params):
    """The integer that stands for 0.5, by the scale and the zero point of `params`."""
    # TODO 9: Compute the integer that stands for 0.5 (fill in 1 line).
    # BEGIN SOLUTION
    return round(0.5 / params.scale) + params.zero_point
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.threshold(threshold_of)

# %%
threshold = threshold_of(graph.outputs[0].quantization)
int8_answers = runtimes.run_int8(int8_model, questions)[:, 0] > threshold
ladder["the converter's int8"] = np.mean(int8_answers == labels)
print(f"{np.sum(int8_answers != (probabilities > 0.5))} of {len(labels)} answers differ from float's")

# %% [markdown]
# The whole way, as one picture. What was lost, and at which step? With drawn pictures only the naive way loses
# anything: they are easy, and eight bits with any scale are enough. Photographs are harder, and there the steps can
# differ.

# %%
plots.shares(ladder, "From float to int8, step by step")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why can the board compare integers without turning them back?</summary>
#
# Scale and zero point keep the order: a larger integer is a larger number. So only the threshold must be turned into
# an integer, once.
# </details>
#
# <details><summary>Two answers of 400 would differ between float and int8. Is that an error?</summary>
#
# No: where the network is unsure, a tiny change tips the answer. Bits must agree between two int8 runtimes, not
# between float and int8.
# </details>

# %% [markdown]
# ## 12. What it needs on the board (4 min)
#
# [*Flash*](term:flash) keeps the program and the weights, [*SRAM*](term:SRAM) what changes while it runs: the
# [*arena*](term:arena). The ESP-EYE's internal RAM also has to hold the camera's picture, stacks and drivers. (Half a
# minute.)

# %%
networks = {"float": float_model, "int8": int8_model}
sources = {name: codegen.generate(tflite.read(data), "net") for name, data in networks.items()}
flash = {
    "flash: float, KU Leuven's": 840_000,
    "flash: float .tflite": len(float_model),
    "flash: int8, KU Leuven's": 320_000,
    "flash: int8 .tflite": len(int8_model),
}
sram = {f"SRAM: arena, {name}": source.plan.arena_bytes for name, source in sources.items()}

# %%
if tflite.has_tflm():
    sram["SRAM: arena, int8 in TFLM"] = tflite.tflm_arena_bytes(int8_model)
budget = board("esp-eye").budget
plots.memory(flash | sram, budget)

# %%
for name, size in (flash | sram).items():
    print(f"{name:30} {size / budget[name.split(':')[0]]:6.1%} of what the ESP-EYE has")

# %% [markdown]
# What is an arena? Each box below is what one layer hands to the next: as wide as the steps for which it is needed,
# as high as its bytes. What lies at the same height shares the same bytes, one after the other.

# %%
plots.arena(sources["int8"].plan)

# %% [markdown] tags=["hard"]
# ### Every byte of the arena
#
# TFLM places the same tensors one after the other, the largest first. The upper part of this picture says how many
# bytes are needed at each step, the lower one where they lie.

# %% tags=["hard"]
from aiedge.cost.ladder import ladder as memory_ladder
from aiedge.cost.pictures import ladder_figure, map_figure
from aiedge.tflm.map import memory_map

display(map_figure(memory_map(graph), "The int8 network in TFLM"))

# %% [markdown] tags=["hard"]
# Is that the least? Four things save memory, and no bit of the answer changes: another order of the layers,
# better places, outputs over inputs that nobody needs any more, and running row by row: each layer keeps only
# the rows that the next one's kernel spans, and the picture arrives row by row from the camera.

# %% tags=["hard"]
memory_steps = memory_ladder(int8_model)
display(ladder_figure(memory_steps, "Activations, step by step"))

# %% tags=["hard"]
print(memory_steps)

# %% [markdown]
# **Check yourself**
#
# <details><summary>Which step of the network needs most of the arena, and why is it so early?</summary>
#
# The third: the maps are large while the picture is hardly shrunk. Each step of 2 pixels makes them a quarter.
# </details>
#
# <details><summary>The float network's arena is four times as large. Why exactly four?</summary>
#
# The same numbers in four bytes each.
# </details>

# %% [markdown]
# ## 13. How long it takes (6 min)
#
# First the instructions for one picture, counted on an emulated Cortex-M4. An emulator knows nothing of time.
# (Half a minute.)

# %%
levels = None
with runtimes.optional("the count of instructions"):
    levels = cost.optimization_levels(graph)
    of_float = cost.optimization_levels(tflite.read(float_model), levels=("-O2",))
    counts = {"float": of_float.rows[0].cost, "int8": levels.rows[2].cost}
    plots.bars(counts, f"One picture on {levels.core}, {levels.rows[2].level}", levels.unit)

# %% [markdown]
# The compiler's options matter, too. On the ESP-EYE they are in `menuconfig`; for this computer and the emulated
# core there is an environment of PlatformIO for each, such as `host-O3`. Here the same C code, compiled four ways:

# %%
if levels:
    print(levels)
    display(levels.plot())

# %% [markdown]
# A time for the ESP-EYE can only be estimated here. Its maker has published how many milliseconds a very similar
# network takes on the ESP32 in TFLM, with plain kernels and with its own (ESP-NN). That gives clock cycles for
# each MAC. (The picture after the check takes some seconds.)
#
# <details><summary>Hint</summary>
#
# MACs times cycles for each MAC are cycles. A clock of 240 MHz makes 240,000 cycles in a millisecond.
# </details>


# %%
def expected_ms(macs, cycles_per_mac, megahertz):
    """Estimated milliseconds of one inference: a million MACs of 24 cycles at 240 MHz take 100."""
    # TODO 10: Compute the time from the cycles (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    return macs * cycles_per_mac / (megahertz * 1000)
    # SKELETON[easy] cycles = ...
    # SKELETON[easy] return ...
    # SKELETON[hard] return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
carclassifier.expected_ms(expected_ms)

# %%
estimates = {
    f"{name}, {megahertz} MHz": expected_ms(total, cycles, megahertz)
    for name, cycles in energy.published_cycles_per_mac().items()
    for megahertz in (160, 240)
}
with runtimes.optional("the estimate for compiled C"):
    counted = cost.instructions(graph, "esp32")
    estimates["compiled C, 240 MHz"] = 1000 * energy.cycles_s(counted)
plots.bars(estimates, "Estimated, not measured", "milliseconds for a picture")

# %% [markdown]
# The last bar is for C that is compiled from the network with kernels for the ESP32's own core: its instructions are
# counted on that core, emulated, and each is taken for one cycle. Waiting for flash comes on top.

# %% [markdown]
# **Check yourself**
#
# <details><summary>-O3 takes fewer instructions than -O2. Is it faster, then?</summary>
#
# Likely, but not surely: instructions take different numbers of cycles, and its longer code waits for the flash more
# often. A count is no time; only a measurement on the board is.
# </details>
#
# <details><summary>Which is larger here: the gain of int8, or of better kernels for the ESP32?</summary>
#
# Look at that picture: the plain kernels and the maker's own differ by a factor of ten. How a sum is computed
# matters as much as its type.
# </details>

# %% [markdown]
# ## 14. To the board (40 min)
#
# Export the network: .tflite files, and each as a C array.

# %%
for path in tflite.export("carclassifier", float_model, int8_model, float_array=True):
    print(f"wrote {path.name}, {path.stat().st_size:,} bytes")

# %% [markdown]
# Now the firmware. Double-click its `main.cpp` in the list of files on the left: it lies in `vscode/main`, beside the
# folder `notebook`. It has TODOs of its own; save it after each, and run it: each run stops at the next one. For that
# open a terminal (File → New → Terminal), which begins in this project's folder, and paste:
#
# ```
# cp notebook/carclassifier.cpp vscode/main/carclassifier.cpp
# pio run -d vscode -e host -t exec
# ```
#
# This builds it for this computer, which takes a minute at first, and runs it. Where the compiler does not understand
# a line, the last words name its TODO. With a board, when it runs here (the first time downloads the board's tools,
# some minutes):
#
# ```
# pio run -d vscode -e esp-eye -t upload
# ```
#
# No board? This builds the same firmware for this computer and talks to it as if it were one:
#
# ```
# BEGIN LEVEL easy
# ../run_serial.py --simulate carclassifier_easy --count 100
# END LEVEL
# BEGIN LEVEL hard
# ../run_serial.py --simulate carclassifier_hard --count 100
# END LEVEL
# ```

# %% tags=["summary"]
print(f"{graph.macs:,} MACs, {len(float_model):,} bytes in float, {len(int8_model):,} in int8")
for name, value in ladder.items():
    print(f"{value:6.1%} right  {name}")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Both networks fit the flash. Why does the firmware take the int8 one?</summary>
#
# It takes a third of the flash, a quarter of the arena, and a fraction of the instructions.
# </details>
#
# <details><summary>The board answers worse than the notebook. What is different there?</summary>
#
# Its pictures: the camera's colours, light and sharpness are not those of the test set. Look at what it sees first.
# </details>

# %% [markdown]
# ## What you can tell a friend
#
# - Rounding to whole numbers destroys a network whose numbers are small. A scale stretches them first.
# - A scale for each channel keeps small channels alive. With eight bits it may not matter, with four it does.
# - The ranges of activations come from calibration, so the calibration pictures must be like those to come.
# - A depthwise convolution does not mix channels, and so needs a fraction of the weights.
# - Int8 takes a quarter of the bytes and a fraction of the instructions, and gives the same answers, or nearly so.

# %% tags=["easy"]
progress.show("carclassifier_easy")

# %% tags=["hard"]
progress.show("carclassifier_hard")
