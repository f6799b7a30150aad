# %% [markdown]
# # CIFAR-10: a network in a few kilobytes
#
# A published pipeline takes a network that tells ten kinds of things apart, cuts it from 545,098
# [parameters](term:parameter) down to 28,576, and runs it on an ESP32. You go the same way, and put your figures
# beside the published ones; those about right answers only where your pictures are photographs, too. Then you go
# past them: a network of the same size that is right more often. The notebook takes about 105 minutes, its firmware
# 35 more; each heading says its own.
#
# Eight cells are yours, marked **TODO**. Each has a hint, and a check after it. Words that are links lead to a
# glossary. Run a cell with Shift+Enter. The first one takes some seconds: it loads TensorFlow.

# %%
import math
from pathlib import Path

import numpy as np
from IPython.display import display

from aiedge import cost, energy, quantization, tflite
from aiedge.cost import runtimes
from aiedge.energy import figures
from aiedge.text import table
from aiedge.tflite import bin_file
from aiedge.train import datasets, simulate
from aiedge.train.aware import quantization_aware
from aiedge.train.framework import keras
from aiedge.train.pruning import METHODS, PruningPlan, importance, remove
from aiedge.train.training import fine_tune, set_seed
from aiedge.workshop import plots, progress
from aiedge.workshop.checks import cifar_cnn
from aiedge.workshop.recipes.quick import LOSS, trained

progress.resume()

# %% [markdown]
# ## 1. The pictures, and where the numbers sit (12 min)
#
# The pictures are 32×32 pixels in three colours. If they are not on this computer yet, this cell fetches or draws
# them, which can take some minutes once.

# %%
splits = datasets.cifar10()
splits.banner()
test, calibration = splits.test, splits.calibration.inputs
inputs, labels = test.inputs, test.labels
two_of_each = np.concatenate([np.flatnonzero(labels == k)[:2] for k in range(10)])
plots.pictures(test.images[two_of_each], [test.classes[k] for k in labels[two_of_each]], columns=10)

# %% [markdown]
# For photographs the kit has trained networks. For drawn pictures they are trained here, each in some ten seconds
# to half a minute, and kept for the next time. `RETRAIN = True` trains them here in any case: for photographs,
# that takes some minutes a network, and they are right less often than those that learned for hours.

# %%
RETRAIN = False
original = trained("cifar_original", splits, RETRAIN)


# %%
def accuracy(network, count=None):
    """The share of test pictures, or of the first `count`, for which the right output is the greatest."""
    chosen = inputs[:count]
    parts = np.array_split(chosen, len(chosen) // 250)
    outputs = np.concatenate([network(part, training=False) for part in parts])
    return np.mean(outputs.argmax(axis=1) == labels[:count])


right = {"original": accuracy(original)}
print(f"{right['original']:.2%} of {len(labels):,} pictures; guessing would give 10 %")

# %% [markdown]
# This is the published pipeline's first network: two [convolutions](term:convolution), each followed by max
# [pooling](term), and two [dense layers](term:dense layer). A convolution slides small [kernels](term:kernel) over
# the picture. At each place it multiplies what it sees by their [weights](term:weight), and adds up:

# %%
plots.sliding(
    np.array([[0, 0, 2, 2, 0], [0, 0, 2, 2, 0], [0, 0, 2, 2, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]),
    np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
)

# %% [markdown]
# How many numbers does each [layer](term) keep? All of its kernel, and a [*bias*](term:bias) for each output
# [channel](term), which is the kernel's last axis.
#
# <details><summary>Hint</summary>
#
# `math.prod(shape)` multiplies all the numbers of a shape. `shape[-1]` is the last of them.
# </details>


# %%
def parameters(kernel_shape):
    """Weights and biases of a layer: parameters((3, 3, 3, 32)) is 896."""
    # TODO 1: Return how many weights and biases there are (fill in 1 line).
    # BEGIN SOLUTION
    return math.prod(kernel_shape) + kernel_shape[-1]
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
cifar_cnn.parameters(parameters)


# %%
def layers_of(network):
    """Parameters and multiplications (MACs) of each layer, by its name."""
    weights, shapes = simulate.kernels(network), simulate.output_shapes(network)
    counts = {name: parameters(kernel.shape) for name, kernel in weights.items()}
    macs = {name: math.prod(k.shape) * math.prod(shapes[name][:2]) for name, k in weights.items()}
    return {"parameters": counts, "multiplications": macs}


plots.columns(layers_of(original), "Where the original network keeps its numbers, and where it works")

# %%
counts = layers_of(original)["parameters"]
share = counts["dense1"] / sum(counts.values())
print(f"{sum(counts.values()):,} parameters, {share:.0%} of them in the first dense layer")

# %% [markdown]
# The work is done in the convolutions, and nearly all the memory goes to one dense layer, which hardly works at
# all.

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why does a convolution work so much with so few numbers?</summary>
#
# It uses each of its weights again at every place of the picture. A dense layer uses each weight once.
# </details>
#
# <details><summary>The picture gets twice as wide and high. Which of the layers get larger?</summary>
#
# The convolutions keep their weights and work four times as much. The first dense layer gets four times the inputs,
# and so four times the weights.
# </details>

# %% [markdown]
# ## 2. Adaptive average pooling (12 min)
#
# That layer is large because it gets 64 maps of 8×8 numbers. So make each map smaller first: cut it into 2×2
# areas and keep the mean of each. *Adaptive* means that you choose the number of areas, and their size follows
# from the map. Of a map with $h$ rows cut into $n$ areas, area $i$ (from 0) has the rows
#
# $$ \text{from } \left\lfloor \frac{i \, h}{n} \right\rfloor \text{ to before } \left\lceil \frac{(i + 1) \,
# h}{n} \right\rceil $$
#
# Rounding down and up, neighbours share a row where $h$ cannot be divided by $n$, and no row is left out.
#
# <details><summary>Hint</summary>
#
# `math.floor(x)` rounds down, `math.ceil(x)` rounds up. For the columns it is the same with `j` and `width`.
# `maps[:, 0:4, 0:4]` is an area of all maps; `.mean(axis=(1, 2))` is the mean over rows and columns.
# </details>


# %%
def adaptive_pool(maps, n):
    """The mean of each of n × n areas: maps [pictures, rows, columns, channels] to [pictures, n, n, channels]."""
    height, width = maps.shape[1:3]
    pooled = np.zeros((len(maps), n, n, maps.shape[3]))
    for i in range(n):
        for j in range(n):
            # TODO 2: Find the rows and columns of area (i, j), and keep its mean (fill in 3 lines).
            # BEGIN SOLUTION
            rows = slice(math.floor(i * height / n), math.ceil((i + 1) * height / n))
            columns = slice(math.floor(j * width / n), math.ceil((j + 1) * width / n))
            pooled[:, i, j] = maps[:, rows, columns].mean(axis=(1, 2))
            # SKELETON rows = slice(..., ...)
            # SKELETON columns = slice(..., ...)
            # SKELETON pooled[:, i, j] = ...
            # END SOLUTION
    return pooled


# %% tags=["check", "nbval-check-output"]
cifar_cnn.adaptive_pool(adaptive_pool)

# %% [markdown]
# This is what it leaves of six maps of one picture: what they found is still there, and roughly where.

# %%
convolutions = keras.Model(original.inputs[0], original.layers[3].output)
maps = np.asarray(convolutions(inputs[:1]))
busiest = np.argsort(maps[0].std(axis=(0, 1)))[-6:]
small = adaptive_pool(maps, 2)
shown = [array[0, :, :, k] for array in (maps, small) for k in busiest]
plots.pictures(shown, [f"map {k}" for k in busiest] + ["its 2×2 means"] * 6)

# %% [markdown]
# Keras has no adaptive pooling, but 8 can be divided by 2: there, `AveragePooling2D(4)` does the same. On 7×7
# it would leave rows and columns out.

# %%
theirs = np.asarray(keras.layers.AveragePooling2D(4)(maps))
print(f"8×8: yours and theirs differ by {np.abs(small - theirs).max():.6f} at most")
print(f"7×7: yours {adaptive_pool(maps[:, :7, :7], 2).shape[1:3]}", end=", ")
print(f"theirs {keras.layers.AveragePooling2D(4)(maps[:, :7, :7]).shape[1:3]}")

# %% [markdown]
# With the pool in its place, the network learns anew. (For drawn pictures half a minute.)

# %%
pooled = trained("cifar_pooled", splits, RETRAIN)
right["average pooling"] = accuracy(pooled)
plots.columns(layers_of(pooled), "With average pooling")

# %%
plots.columns(
    {
        "parameters": {"original": original.count_params(), "average pooling": pooled.count_params()},
        "right answers (%)": {name: 100 * right[name] for name in ("original", "average pooling")},
    },
    "A tenth of the parameters",
)

# %% [markdown]
# **Check yourself**
#
# <details><summary>What is lost where each 4×4 area becomes one mean?</summary>
#
# Where exactly something was within the area. What was found, and roughly where, stays.
# </details>
#
# <details><summary>Why do neighbouring areas share rows where the size cannot be divided?</summary>
#
# So that each area is whole and none is left out: the first begins at the rounded-down, the last ends at the
# rounded-up place.
# </details>

# %% [markdown]
# ## 3. Which channels matter? (8 min)
#
# [*Pruning*](term:pruning) takes whole channels out of a convolution, and whole [neurons](term:neuron) out of a
# dense layer. It should take those that matter least. The simplest guess at that is the *L1 norm*: a channel made
# by small weights has small numbers.
#
# $$ \text{score}_k = \sum |w| \text{ over all weights } w \text{ of output channel } k $$
#
# <details><summary>Hint</summary>
#
# The channels are the last axis. `weights.reshape(-1, weights.shape[-1])` makes a table with a column for each
# channel, whatever the other axes are, and `.sum(axis=0)` sums each column.
# </details>


# %%
def channel_norms(weights):
    """The L1 norm of each channel, the last axis of `weights`, which has two or four axes."""
    # TODO 3: Return an array with the score of each channel (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    by_channel = np.abs(weights).reshape(-1, weights.shape[-1])
    return by_channel.sum(axis=0)
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
cifar_cnn.channel_norms(channel_norms)

# %%
SHARES = {"conv1": 0.2, "conv2": 0.2, "dense1": 0.4}  # what the published pipeline removes
weights = simulate.kernels(pooled)
norms = {name: channel_norms(weights[name]) for name in SHARES}
plots.scores(norms, "L1 norms")

# %% [markdown]
# There are other guesses: the L2 norm, how much the [loss](term) changes without the channel
# ([*gradient*](term:gradient)), how often its outputs are not zero (*APoZ*), how much it has to do with the answer
# (*relevance*). The last three look at pictures. (Some seconds.)

# %%
few = splits.train.take(250)
by_method = {name: importance(pooled, name, few.inputs, few.labels, LOSS) for name in METHODS}
plots.methods(
    {name: found["conv2"] for name, found in by_method.items()}, "conv2: which channels come first?"
)

# %% [markdown]
# **Check yourself**
#
# <details><summary>A channel has small weights. When may it matter all the same?</summary>
#
# Where the next layer multiplies it by large ones, or where what it finds is rare but decides.
# </details>
#
# <details><summary>Where do the methods agree, and where do they not?</summary>
#
# Mostly at the end: channels with tiny weights matter to none of them. Further up they differ, so no score is the
# truth.
# </details>

# %% [markdown]
# ## 4. Prune (12 min)
#
# Now choose. Of $n$ channels, $\lfloor n \, (1 - \text{share}) \rfloor$ stay.
#
# <details><summary>Hint</summary>
#
# `np.argsort(scores)` gives the numbers of the channels, the one with the smallest score first. `int(x)` rounds
# a positive number down; what does not stay goes.
# </details>


# %%
def channels_to_remove(scores, share):
    """Numbers of the least important channels: channels_to_remove([3, 1, 2, 4, 5], 0.4) is [1, 2]."""
    # TODO 4: How many go, and which are they (fill in 2 lines)?
    # BEGIN SOLUTION
    gone = len(scores) - int(len(scores) * (1 - share))
    return np.argsort(scores)[:gone]
    # SKELETON gone = ...
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
cifar_cnn.channels_to_remove(channels_to_remove)


# %%
def prune(scores, times=1.0):
    """The pooled network without its least important channels, and the plan; `times` the shares may go."""
    gone = {name: channels_to_remove(scores[name], times * share) for name, share in SHARES.items()}
    removed = {name: tuple(sorted(map(int, numbers))) for name, numbers in gone.items()}
    plan = PruningPlan({name: len(scores[name]) for name in SHARES}, removed)
    return remove(pooled, plan), plan


pruned, plan = prune(norms)
plots.scores(norms, "What goes", plan.removed)

# %%
for name in SHARES:
    print(f"{name:7} {plan.before[name]:4} channels before, {plan.after[name]:3} after")
print(f"{pooled.count_params():,} parameters before, {pruned.count_params():,} after")

# %% [markdown]
# `remove` cuts for real: each layer gets smaller, and so does the next one, which has fewer inputs. What does it
# cost? Here with less than these shares and with more, straight after pruning. (Some seconds.)

# %%
times = (0, 0.5, 1, 1.5, 2)
falls = {}
for name in ("l1", "gradient", "relevance"):
    falls[name] = [accuracy(prune(by_method[name], t)[0], 1000) for t in times]
removed = [100 * t * SHARES["conv1"] for t in times]
plots.lines(removed, falls, "removed: % of the channels, twice that of the neurons", "Accuracy falls", 0)

# %% [markdown]
# Where does it begin to fall? Drawings are easy: this network has channels to spare for them, and falls late.
# Photographs need nearly all that a small network has, and there it falls at once. Let it learn again for a few
# [epochs](term:epoch), with what it has left ([*fine-tuning*](term:fine-tuning)). (Half a minute.)

# %%
set_seed()
right["pruned, not tuned"] = accuracy(pruned)
some, seen = splits.train.take(5000), test.take(1000)
history = fine_tune(pruned, some.inputs, some.labels, 3, LOSS, validation_data=(seen.inputs, seen.labels))
course = [right["pruned, not tuned"], *history["val_accuracy"]]
plots.recovery(course, right["average pooling"], "Right answers while it learns again")

# %% [markdown]
# Go on with the network that had more time for it: the kit's, or for drawn pictures yours with some more epochs.
# Published right answers stand beside yours only for photographs: the others are of other pictures.

# %%
pruned = trained("cifar_pruned", splits, RETRAIN, begin=pruned)
right["pruned"] = accuracy(pruned)
stages = ["original", "average pooling", "pruned, not tuned", "pruned"]
published = [float(figures.ACCURACIES[f"{name}, FP32"]) for name in ("original", "average pooling")]
published += [float(figures.NOT_TUNED), float(figures.ACCURACIES["pruned, FP32"])]
on_photographs = splits.source == "CIFAR-10"
series = {"published": published} if on_photographs else {}
series["ours"] = [100 * right[name] for name in stages]
plots.beside({"right answers (%)": series}, stages)

# %% [markdown]
# **Check yourself**
#
# <details><summary>28,576 of 53,578 parameters are left, though only 20 and 40 % were removed. Why so few?</summary>
#
# A layer loses outputs, and the next one loses the inputs that came from them: 0.8 · 0.8 for the second convolution.
# </details>
#
# <details><summary>Why does fine-tuning help more than a new start with the small network?</summary>
#
# The channels that stay have learned something already. The network only has to make up for the gaps.
# </details>

# %% [markdown]
# ## 5. Eight bits (8 min)
#
# An [int8](term) is a whole number from −128 to 127. *Symmetric* int8 needs one real number for each channel, the
# [*scale*](term:scale): the channel's largest weight becomes 127 or −127, and 0 stays 0.
#
# $$ s_k = \frac{\max |w|}{127} \qquad q = \mathrm{round}(w / s_k) $$
#
# <details><summary>Hint</summary>
#
# Make the table with a column for each channel again; `.max(axis=0)` is the largest number of each column.
# `weights / scales` divides each channel by its own scale, since the channels are the last axis. Round with
# `np.round`, then `.astype(np.int8)`.
# </details>


# %%
def quantize_channels(weights):
    """int8 weights of the same shape, and an array with the scale of each channel, the last axis."""
    # TODO 5: Compute the scales, then divide by them and round (fill in 2 or 3 lines).
    # BEGIN SOLUTION
    scales = np.abs(weights).reshape(-1, weights.shape[-1]).max(axis=0) / 127
    integers = np.round(weights / scales).astype(np.int8)
    # SKELETON scales = ...
    # SKELETON integers = ...
    # END SOLUTION
    return integers, scales


# %% tags=["check", "nbval-check-output"]
cifar_cnn.quantize_channels(quantize_channels)

# %%
weights = simulate.kernels(pruned)
integers, scales = quantize_channels(weights["conv2"])
one_for_all = np.abs(weights["conv2"]).max() / 127
plots.steps_by_channel(weights["conv2"], {"one scale for all": one_for_all, "a scale each": scales})

# %% [markdown]
# TensorFlow's converter does the same, and finds the scales of the [activations](term:activation) by running some
# pictures through ([*calibration*](term:calibration)). Since all that happens after the training, this is
# post-training [quantization](term), [PTQ](term) for short. Are its integers yours? It stores the channels first.
# (Some seconds.)

# %%
ptq_model = tflite.convert_int8(pruned, calibration)
with_weights = [operator for operator in tflite.read(ptq_model).operators if operator.macs]
for name, operator in zip(weights, with_weights, strict=True):
    mine, theirs = quantize_channels(weights[name])[0], operator.input(1).values
    different = np.sum(np.moveaxis(mine, -1, 0) != theirs)
    print(f"{name:7} {different:4} of {mine.size:6,} integers differ")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why −127 … 127 for weights, when int8 reaches −128?</summary>
#
# With the same reach on both sides, 0 stays 0 and no zero point is needed.
# </details>
#
# <details><summary>A channel is all zeros. What is its scale?</summary>
#
# 0, and dividing by it fails. Real converters take another scale for such a channel.
# </details>

# %% [markdown]
# ## 6. Training that knows of the eight bits (12 min)
#
# PTQ rounds a network that never saw a rounded number. *Quantization-aware training*, [QAT](term), rounds while the
# network still learns, so that the weights can move to where rounding hurts less.
#
# One thing stands in the way. Training follows the slope, and the slope of a staircase is 0 nearly everywhere:
# nothing would be learned. So on the way back training pretends that rounding was not there (*straight-through*):
# the gradient passes as it is where the number lies within the range, and is 0 where it was clamped.
#
# <details><summary>Hint</summary>
#
# `x >= low` is an array of truth values; `&` combines two of them, each in parentheses. A truth value times a
# number is the number or 0.
# </details>


# %%
def backwards(gradient, x, low, high):
    """The gradient that passes back through rounding and clamping `x` to low ... high; both ends are within."""
    # TODO 6: Let the gradient pass where x lies within the range (fill in 1 or 2 lines).
    # BEGIN SOLUTION
    within = (x >= low) & (x <= high)
    return gradient * within
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
cifar_cnn.backwards(backwards)

# %%
plots.straight_through(lambda x: backwards(np.ones_like(x), x, -1, 1), -1, 1)

# %% [markdown]
# `quantization_aware` puts such a rounding behind each layer and on each kernel. Then the network learns on. (Half a
# minute.)

# %%
aware = quantization_aware(pruned, calibration, (0.0, 1.0))
aware = trained("cifar_pruned_qat", splits, RETRAIN, begin=aware)
int8_model = tflite.convert_int8(aware)
graph = tflite.read(int8_model)


# %%
def answers_of(model):
    """The int8 network's answer to each test picture, by compiled C."""
    entry = tflite.read(model).inputs[0].quantization
    return runtimes.run_int8(model, quantization.quantize(inputs, entry)).argmax(axis=1)


answers = answers_of(int8_model)
by_way = {"float": right["pruned"], "int8, PTQ": np.mean(answers_of(ptq_model) == labels)}
by_way["int8, QAT"] = np.mean(answers == labels)
plots.shares(by_way, "The pruned network", 0.1)

# %% [markdown]
# Are the bars level? Then rounding hardly costs this network anything, with and without such training. It pays where
# PTQ loses something: with fewer bits, smaller networks, harder pictures.
#
# Which classes does it confuse?

# %%
plots.confusion(labels, answers, test.classes)

# %%
titles = [f"{test.classes[answers[i]]}?" for i in two_of_each]
plots.pictures(test.images[two_of_each], titles, (answers != labels)[two_of_each], columns=10)

# %% [markdown]
# **Check yourself**
#
# <details><summary>What would training do with the true slope of rounding?</summary>
#
# Nothing: it is 0 nearly everywhere, so no weight would move.
# </details>
#
# <details><summary>Why does the gradient end where a number was clamped?</summary>
#
# There a small change of the number changes nothing behind the clamp, so there is no reason to push it further.
# </details>

# %% [markdown]
# ## 7. The published table, and yours (5 min)
#
# Six rows: three networks, each in floating point and in int8. The sizes that were published are not 4 bytes or 1
# byte for each parameter, so both are here; published right answers only beside photographs. (Half a minute.)

# %%
networks = {"original": original, "average pooling": pooled, "pruned": pruned}
int8_models = {"original": tflite.convert_int8(original, calibration)}
int8_models["average pooling"] = tflite.convert_int8(pooled, calibration)
int8_models["pruned"] = int8_model
for name, model in int8_models.items():
    right[f"{name}, INT8"] = np.mean(answers_of(model) == labels)
    right[f"{name}, FP32"] = right[name]

# %%
rows = [name for name, *_ in figures.SIZES]
their_mb = [float(megabytes) for *_, megabytes in figures.SIZES]
our_mb = [networks[row.split(",")[0]].count_params() * (4 if "FP32" in row else 1) / 1e6 for row in rows]
their_percent = [float(figures.ACCURACIES[row]) for row in rows]
our_percent = [100 * right[row] for row in rows]
sizes = {"published": their_mb, "bytes of the parameters": our_mb}
accuracies = {"published": their_percent} if on_photographs else {}
accuracies["ours"] = our_percent
plots.beside({"size (MB)": sizes, "right answers (%)": accuracies}, rows)

# %%
head = ("network", "published MB", "parameters' MB", "ours %", *(["published %"] if on_photographs else []))
found = [rows, *([f"{value:.3f}" for value in column] for column in (their_mb, our_mb))]
found += [[f"{value:.2f}" for value in column] for column in reversed(accuracies.values())]
lines = list(zip(*found, strict=True))
print(f"on pictures from: {splits.source}", *table(head, lines), sep="\n")

# %% [markdown]
# In a terminal, `aiedge energy` takes the published figures apart, one by one: which of them follow from others, and
# which do not fit together.

# %% [markdown]
# **Check yourself**
#
# <details><summary>The pruned int8 network: published 52 KB, parameters 29 KB. What may be in the rest?</summary>
#
# Names, shapes, scales, biases of 32 bits, and what the file format needs: it does not shrink with the weights.
# </details>
#
# <details><summary>Which step saved most bytes, and which cost most right answers, in your table?</summary>
#
# Average pooling saved by far most: nine tenths of the parameters. For the cost read your own column: it depends on
# the pictures.
# </details>

# %% [markdown]
# ## 8. To files (10 min)
#
# Firmware can carry a network in three forms: as a `.tflite` file, as the same bytes in a C array, and as its bare
# weights in a `.bin` file, as the published pipeline does.

# %%
float_model = tflite.convert_float(pruned)
for path in tflite.export("cifar_cnn", float_model, int8_model, float_array=True):
    print(f"wrote {path.name}, {path.stat().st_size:,} bytes")
path = bin_file.write_bin(graph, "cifar_cnn.bin")
print(f"wrote {path.name}, {path.stat().st_size:,} bytes")

# %% [markdown]
# A `.bin` has no names in it. After a head, the sections stand one after the other: kernel, bias, kernel, bias,
# ... Each is filled up with zeros to a multiple of 4 bytes, so that the next one begins at such a place. From the
# sizes alone you can tell where each section begins.
#
# <details><summary>Hint</summary>
#
# Keep the place in `position`: it is where the section begins, and then moves behind it. `-(-size // 4) * 4` is
# `size` rounded up to a multiple of 4; so is `math.ceil(size / 4) * 4`.
# </details>


# %%
def section_starts(sizes, position):
    """Where each section begins, the first at `position`: section_starts([3, 8, 1], 100) is [100, 104, 112]."""
    starts = []
    for size in sizes:
        # TODO 7: Note where the section begins, and move behind it (fill in 2 lines).
        # BEGIN SOLUTION
        starts.append(position)
        position += math.ceil(size / 4) * 4
        # SKELETON ...
        # END SOLUTION
    return starts


# %% tags=["check", "nbval-check-output"]
cifar_cnn.section_starts(section_starts)

# %%
data = path.read_bytes()
tensors = [section.tensor for section in bin_file.sections(graph)]
first = bin_file.HEAD.size + len(tensors) * bin_file.ENTRY.size
starts = section_starts([tensor.bytes for tensor in tensors], first)
for tensor, start in zip(tensors, starts, strict=True):
    values = np.frombuffer(data, tensor.dtype, tensor.elements, start)
    same = "as in the network" if np.array_equal(values, tensor.values.ravel()) else "DIFFERENT"
    print(f"byte {start:6,}: {tensor.elements:6,} × {tensor.dtype.name:5} {same}")

# %% [markdown]
# A picture becomes a `.bin`, too: three bytes a pixel, each the pixel's value − 128, as the network's input wants
# it. Beside the `.h` file with the same numbers as text:

# %%
picture = test.images[0]
size = Path("picture.bin").write_bytes(bin_file.image_bytes(picture))
print(f"wrote picture.bin, {size:,} bytes: {test.classes[labels[0]]}\n")
print(bin_file.size_table(bin_file.file_sizes(graph, picture)))

# %% [markdown]
# With a photograph of your own, in a terminal: `aiedge image photo.jpg --project cifar_cnn` names what is in it, and
# with `-o photo.bin` writes its `.bin`.

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why must an int32 begin at a multiple of four?</summary>
#
# Many processors read four bytes at once only from such places; elsewhere they are slower, or stop.
# </details>
#
# <details><summary>What does the .bin lack that the .tflite has?</summary>
#
# Everything that says what the bytes mean: names, shapes, scales, the order of the layers. The program must know.
# </details>

# %% [markdown]
# ## 9. The same bits (3 min)
#
# The compiled C, which is what the board runs, and the [interpreter](term) TensorFlow Lite Micro ([TFLM](term)) must
# agree in every bit. (Some seconds.)

# %%
questions = quantization.quantize(inputs[:200], graph.inputs[0].quantization)
everywhere = runtimes.run_everywhere(int8_model, questions, ("compiled C", "TFLM"))
for name, count in runtimes.differences(everywhere).items():
    print(f"{name:10} {count} of {everywhere[name].size:,} outputs differ")

# %% [markdown]
# **Check yourself**
#
# <details><summary>200 pictures agree in every bit. Is the C code proved right?</summary>
#
# No, but a mistake in a layer would hardly keep 2,000 outputs the same. The kit's own tests add extreme scales and
# odd sizes.
# </details>
#
# <details><summary>Why compare bits, and not just the likeliest class?</summary>
#
# A wrong rounding changes single steps of an int8. The class would hide that until it tips a close answer.
# </details>

# %% [markdown]
# ## 10. Memory (5 min)
#
# The weights stay in [flash](term). What changes while the network runs, the activations, needs [SRAM](term): the
# [*arena*](term:arena). The published C code has a buffer of floating point numbers for every layer. TFLM keeps
# bytes, and uses those again that nobody needs any more. Here are all the steps of the kit, none of which changes a
# bit of an answer:

# %%
from aiedge.cost.ladder import ladder
from aiedge.cost.pictures import ladder_figure

steps = ladder(int8_model)
display(ladder_figure(steps, "Activations of 25-51-76, step by step"))

# %% [markdown]
# In a chain of layers there is no other order, and no better place for a first map that is larger than all others
# together. But that map need not exist. Compiled C pools it while it makes it (*fused*), and makes only the rows
# that the next layer's kernel spans (*streamed*); the picture then comes row by row, from the camera or the wire. (Some
# seconds.)

# %%
print(steps)

# %%
activations = {"published C code": float(figures.BUFFERS_KB) * 1024}
if tflite.has_tflm():
    activations["TFLM, all of its arena"] = tflite.tflm_arena_bytes(int8_model)
activations |= {f"compiled C, {rung.name}": rung.total for rung in steps.rungs[-2:]}
plots.bars(activations, "Bytes of SRAM for the same network", "bytes")
print(f"{activations['published C code'] / steps.rungs[-1].total:.0f} times less than published")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why do the first four bars save nothing?</summary>
#
# The network is a chain: one order only, and its first map is larger than all that could share its place.
# </details>
#
# <details><summary>How can a layer begin before the picture is complete?</summary>
#
# A 3×3 kernel needs three rows. When they are there, the first row of the output can be made, and the oldest row of
# the input may go.
# </details>

# %% [markdown]
# ## 11. Energy (10 min)
#
# Reading and writing memory costs energy. The published pipeline counts it for the convolutions: a word holds 16
# int8 numbers. Each multiplication needs an input and a weight, so two reads serve 16 multiplications. A sum stays
# in a register until it is complete, so one write serves 16 outputs. A read of the 128 KB SRAM takes
# `sram.read_nj` nanojoules, a write `sram.write_nj`.
#
# <details><summary>Hint</summary>
#
# `2 * macs / 16` words are read. A thousand nanojoules are a microjoule.
# </details>


# %%
def memory_energy(macs, outputs, sram):
    """Microjoules for so many multiplications that make so many outputs."""
    # TODO 8: Count the reads and the writes, and sum their energy (fill in 3 lines).
    # BEGIN SOLUTION
    reads = 2 * macs / 16
    writes = outputs / 16
    return (reads * sram.read_nj + writes * sram.write_nj) / 1000
    # SKELETON reads = ...
    # SKELETON writes = ...
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
cifar_cnn.memory_energy(memory_energy)

# %%
sram = energy.CACTI_45NM_128KB
work = [operator for operator in graph.operators if operator.macs]
microjoules = [memory_energy(op.macs, op.outputs[0].elements, sram) for op in work]
theirs = [float(figure) for *_, figure, _ in figures.CONVOLUTIONS] + [None, None]
plots.beside({"memory energy (µJ)": {"published": theirs, "ours": microjoules}}, list(weights))

# %% [markdown]
# How long does a battery last? By the published measurement an inference takes 69.2 mJ in 313.33 ms, and the board
# draws 36.4 mA at 5 V when idle and 43.0 mA when it works. How long our network takes on an ESP32 can only be
# estimated here: in TFLM from what such multiplications are known to take there, and as compiled C from its
# instructions, counted on the ESP32's emulated core, one a cycle; waiting for flash comes on top.

# %%
seconds = {"published": figures.INFERENCE_MS.value / 1000}
for name, cycles in energy.published_cycles_per_mac().items():
    seconds[f"estimate: {name}"] = graph.macs * cycles / 240e6
with runtimes.optional("the estimate for compiled C"):
    seconds["estimate: compiled C"] = energy.cycles_s(cost.instructions(graph, "esp32"))
idle_w, active_w = (5 * figure.value / 1000 for figure in (figures.IDLE_MA, figures.ACTIVE_MA))
joules = {name: active_w * s for name, s in seconds.items()}
joules["published"] = figures.INFERENCE_MJ.value / 1000

# %%
battery, names = energy.Battery(), list(seconds)
always = {name: battery.continuous(joules[name], seconds[name]) for name in names}
each_minute = {name: battery.duty_cycled(joules[name], seconds[name], 60, idle_w) for name in names}
plots.columns(
    {
        "milliseconds for a picture": {name: 1000 * seconds[name] for name in names},
        "pictures, one after the other": {name: always[name].inferences for name in names},
        "hours, with a picture a minute": {name: each_minute[name].hours for name in names},
    },
    "One battery of 5 V and 1 Ah",
)

# %% [markdown]
# A faster network gets more pictures out of a battery. With a picture a minute it hardly matters: then nearly all
# goes into waiting, and a board that sleeps between pictures would gain most. (Published: 198,952 pictures, and
# 20.9 hours.)
#
# And on this computer? The published pipeline measured 0.419 ms and 340.9 µJ there.

# %%
with runtimes.optional("this computer's time"):
    print(energy.measure(int8_model))

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why does the energy of the dense layers hardly count?</summary>
#
# They use each weight once: 15,504 and 760 multiplications, against millions in the convolutions.
# </details>
#
# <details><summary>A picture a minute: what would make the battery last longer?</summary>
#
# Sleeping in between. The board draws nearly as much while it waits as while it works, and it waits most of the
# time.
# </details>

# %% [markdown]
# ## 12. Past the paper (8 min)
#
# The same budget, at most 28,576 parameters and 3.65 million multiplications, can be spent better: on more layers
# with fewer channels, on shortcuts around pairs of them (*residual* blocks), on [batch normalization](term), which
# later disappears into the weights. The kit's `cifar_tiny` is such a network, trained with QAT like the other;
# `tests/benchmarks/cifar_ladder.py` goes the way there, step by step. (For drawn pictures it learns here, which
# takes a minute.)

# %%
tiny = trained("cifar_tiny", splits, RETRAIN)
tiny_aware = quantization_aware(tiny, calibration, (0.0, 1.0))
tiny_aware = trained("cifar_tiny_qat", splits, RETRAIN, begin=tiny_aware)
tiny_model = tflite.convert_int8(tiny_aware)
tiny_right = np.mean(answers_of(tiny_model) == labels)

# %%
both = {"25-51-76": int8_model, "cifar_tiny": tiny_model}
graphs = {name: tflite.read(model) for name, model in both.items()}
last = {name: ladder(model).rungs[-1] for name, model in both.items()}
plots.columns(
    {
        "right answers (%)": {"25-51-76": 100 * right["pruned, INT8"], "cifar_tiny": 100 * tiny_right},
        "parameters": {name: g.parameters for name, g in graphs.items()},
        "multiplications": {name: g.macs for name, g in graphs.items()},
        "bytes of SRAM": {name: rung.total for name, rung in last.items()},
    },
    "Two int8 networks of the same size",
)

# %%
for path in tflite.export("cifar_tiny", tflite.convert_float(tiny), tiny_model):
    print(f"wrote {path.name}, {path.stat().st_size:,} bytes")

# %% [markdown]
# **Check yourself**
#
# <details><summary>The same number of parameters, yet more right answers. What made the difference?</summary>
#
# Where they sit: more, thinner layers, shortcuts through which the gradient passes, and a longer training.
# </details>
#
# <details><summary>What does the better network pay?</summary>
#
# Look at the bars: it needs more SRAM, since a shortcut keeps a map while others are computed.
# </details>

# %% [markdown]
# ## 13. To the board (35 min)
#
# Now the firmware. Double-click its `main.cpp` in the list of files on the left: it lies in `vscode/main`, beside the
# folder `notebook`. It has TODOs of its own; save it after each, and run it: each run stops at the next one. For that
# open a terminal (File → New → Terminal), which begins in this project's folder, and paste:
#
# ```
# cp notebook/cifar_cnn.cpp vscode/main/cifar_cnn.cpp
# pio run -d vscode -e host -t exec
# ```
#
# This builds it for this computer, which takes a minute at first, and runs it. Where the compiler does not understand
# a line, the last words name its TODO. With a board, when it runs here (the first time downloads the board's tools,
# some minutes):
#
# ```
# pio run -d vscode -e esp-eye-compiled -t upload
# ```
#
# No board? This builds the same firmware for this computer and talks to it as if it were one:
#
# ```
# ../run_serial.py --simulate cifar_cnn --count 100
# ```
#
# Environments with other endings are in `common/platforms/cifar_cnn.ini`: `-tiny` for the network past the paper
# (copy `cifar_tiny.cpp` for it), `-camera` for pictures from the camera, `-bin` for weights apart from the program:
# the build arranges them for the kernels in a `.bin` of its own, and on the ESP-EYE they lie in a partition of the
# flash. `run_serial.py --photos` sends ten photographs, or yours, and shows the three likeliest classes of each.

# %% tags=["summary"]
print(f"on pictures from: {splits.source}")
for name in ("original, FP32", "average pooling, FP32", "pruned, FP32", "pruned, INT8"):
    print(f"{right[name]:7.2%} right  {name}")
print(f"{tiny_right:7.2%} right  cifar_tiny, INT8")
print(f"{graph.parameters:,} parameters, {graph.macs:,} MACs, {steps.rungs[-1].total:,} bytes of SRAM")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why can the firmware keep the weights apart from the program?</summary>
#
# Their places follow from their sizes, as in TODO 7: it finds each section in the file by itself.
# </details>
#
# <details><summary>What would you change first to run two networks on the same board?</summary>
#
# Share the arena: the two do not run at once. Only the weights add up, and flash is large.
# </details>

# %% [markdown]
# ## What you can tell a friend
#
# - Convolutions do the work with few numbers; one dense layer can hold nearly all of a network's memory.
# - Pooling before it saves most of that, for some right answers. Pruning takes more, and fine-tuning gives back what
#   that cost.
# - Rounding to int8 after training mostly suffices; training that knows of it is for the cases where it does not.
# - Row by row, a network needs only a few kilobytes of SRAM, and no bit of the answer changes.
# - Figures of a paper can be checked: some follow from others, some do not.

# %%
progress.show("cifar_cnn")
