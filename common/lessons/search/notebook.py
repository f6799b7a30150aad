# %% [markdown]
# # Search: the smallest network that meets the target
#
# How small can a network be that still reads digits? Not by hand this time: you say what you want, and a search
# finds out. It knows what each network takes before it learns anything, so no time is lost on what does not fit.
# You write what the search is to optimize, read the front that it finds, choose for two boards, and look at time
# and energy on emulated cores. The notebook takes about 60 minutes; each heading says its own.
#
# Six cells are yours, marked **TODO**. Each has a hint, and a check after it. Words that are links lead to a
# glossary. Run a cell with Shift+Enter. The first one takes some seconds: it loads TensorFlow.

# %%
import json
from pathlib import Path

import numpy as np

from aiedge import cost, tflite
from aiedge.boards import board
from aiedge.energy.cores import CHIPS
from aiedge.errors import UserError
from aiedge.progress import tqdm
from aiedge.search.costs import Costs, Limits
from aiedge.search.space import parse_space
from aiedge.search.study import Wanted, suggest
from aiedge.search.trainer import Trainer
from aiedge.text import table
from aiedge.workshop import plots, progress
from aiedge.workshop.checks import search

progress.resume("search")

# %% [markdown]
# ## 1. Two boards (10 min)
#
# The digits are 28×28 grey pixels. If they are not on this computer yet, this cell fetches or draws them.

# %%
SPACE = """
data = "mnist"
family = "lenet"

[architecture]
first = 16           # channels of the first convolution
second = 32          # and of the second
kernel = 5
dense = [[128], []]  # neurons of a dense layer before the last, or none

[pruning]
first = { low = 0.0, high = 0.875, step = 0.125 }
second = { low = 0.0, high = 0.875, step = 0.125 }
dense1 = { low = 0.0, high = 0.875, step = 0.125 }

[quantization]
way = ["ptq"]

[training]
parent_epochs = 4
epochs = 1
batch = 32
learning_rate = 0.003
pictures = 2500
"""
space = parse_space(SPACE, "digits")
trainer = Trainer(space, Path("studies/digits"), progress=False)
some = trainer.data.train.take(10)
plots.pictures(some.images, [str(label) for label in some.labels], columns=10)

# %% [markdown]
# That text is a *space*: all networks from which the search may choose. They are LeNets: two
# [convolutions](term:convolution), each followed by [pooling](term), then [dense layers](term:dense layer). Two of
# them learn, one with 128 [neurons](term:neuron) before its end and one without. All others are made of these two
# by [pruning](term), in steps of an eighth of the [channels](term:channel) of each [layer](term).
#
# They shall run on one of two boards. Of the [flash](term) the program itself needs a part: 8,192 bytes are kept
# for it here.

# %%
CODE = 8_192
BOARDS = {name: board(name) for name in ("bluepill", "pico")}
for found in BOARDS.values():
    print(found)

# %% [markdown]
# When does a network fit? Its [SRAM](term) and its flash are two memories, and both must be large enough.
#
# <details><summary>Hint</summary>
#
# `room["SRAM"]` and `room["flash"]` are the board's bytes. `a <= b and c <= d` is True where both hold. What is
# filled to the last byte still fits.
# </details>


# %%
def fits(ram, flash, room):
    """Whether a network of so many bytes of SRAM and flash fits beside CODE bytes of program."""
    # TODO 1: Compare both memories with the room (fill in 1 line).
    # BEGIN SOLUTION
    return ram <= room["SRAM"] and flash + CODE <= room["flash"]
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
search.fits(fits)

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why is the code counted in the flash and not in the SRAM?</summary>
#
# A microcontroller runs its program from the flash. The SRAM holds only what changes: here the maps between the
# layers.
# </details>
#
# <details><summary>Where do the weights lie?</summary>
#
# In the flash, as the code does: they never change while the network runs.
# </details>

# %% [markdown]
# ## 2. Before anything learns (12 min)
#
# What a network takes depends on its shapes alone, not on what it learned. So the kit makes a *skeleton* of it, with
# random [weights](term:weight), and counts: to the byte what the trained network takes. A thousandth of a second
# suffices for the SRAM.

# %%
CORE = "cortex-m0plus"
wanted = Wanted(space, ("ram", "flash"), Limits(), CORE)
rng = np.random.default_rng(0)


def drawn():
    """A random choice for each parameter of the space."""
    return {p.name: p.values()[rng.integers(len(p.values()))] for p in space.parameters}


every = [wanted.costs(drawn()) for _ in range(150)]
rooms = {found.name: (found.sram, found.flash - CODE) for found in BOARDS.values()}
plots.sizes([c.ram for c in every], [c.flash for c in every], rooms)

# %%
whole = dict.fromkeys(("pruning.first", "pruning.second", "pruning.dense1"), 0.0)
LARGE = dict(drawn(), **whole) | {"architecture.dense": [128]}
large = wanted.costs(LARGE)
print(f"The whole network takes {large.flash:,} B of flash and {large.ram:,} B of SRAM.")
for found in BOARDS.values():
    answer = "fits" if fits(large.ram, large.flash, found.budget) else "does not fit"
    print(f"It {answer} the {found.name}.")

# %% [markdown]
# Now prune the same share of all layers. Is half of the channels half of the bytes? For a number of bytes before and
# after, say which share of them is saved: 0 where they are as many, 1 where none is left.
#
# <details><summary>Hint</summary>
#
# What is saved is the difference. The share is the difference in parts of what there was before.
# </details>


# %%
def saved(before, after):
    """The share of the bytes that is saved: saved(100, 25) is 0.75."""
    # TODO 2: Return the share (fill in 1 line).
    # BEGIN SOLUTION
    return (before - after) / before
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
search.saved(saved)

# %%
shares = np.arange(0, 1, 0.125)
pruned = [wanted.costs(LARGE | dict.fromkeys(whole, share)) for share in shares]
things = {
    "flash": lambda c: c.flash,
    "SRAM": lambda c: c.ram,
    "multiplications": lambda c: c.macs,
}
plots.savings(shares, {k: [saved(f(large), f(c)) for c in pruned] for k, f in things.items()})

# %% [markdown]
# Flash and multiplications fall faster than the channels: a layer's weights are its input channels times its output
# channels, and both get fewer. The SRAM falls more slowly: a map's bytes are its places times its channels, and the
# picture's rows are there in any case. It is little from the start, since the kit runs a network row by row where
# that takes less.

# %% [markdown]
# **Check yourself**
#
# <details><summary>Half of all channels go. Which share of the second convolution's weights goes?</summary>
#
# Three quarters: half of its inputs and half of its outputs are left, and a quarter of the products.
# </details>
#
# <details><summary>A network is too large for the SRAM. Does pruning its last layers help?</summary>
#
# Hardly. The largest maps are those of the first layers, where the picture is still large.
# </details>

# %% [markdown]
# ## 3. What the search is told (14 min)
#
# A search tries networks, is told two numbers of each, and looks next where they were good: here the share of right
# answers, which is to be high, and the bytes of flash, which are to be few. Training is what takes the time. So a
# network that does not fit the Blue Pill is not trained: it counts as never right.
#
# <details><summary>Hint</summary>
#
# Ask `fits(costs.ram, costs.flash, ROOM)` first. `train()` trains the network and returns its share of right
# answers. Two numbers are returned as `return a, b`.
# </details>

# %%
ROOM = BOARDS["bluepill"].budget


def objective(costs, train):
    """What the search is told of a network: share of right answers, bytes of flash."""
    # TODO 3: Train only what fits; what does not has 0.0 right answers (fill in 2 or 3 lines).
    # BEGIN SOLUTION
    if not fits(costs.ram, costs.flash, ROOM):
        return 0.0, costs.flash
    return train(), costs.flash
    # SKELETON if ...:
    # SKELETON     return ..., ...
    # SKELETON return ..., ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
search.objective(objective)

# %% [markdown]
# A network here is a whole one, trained once, without the pruned channels, trained on for one [epoch](term), then
# rounded to [int8](term) after training ([PTQ](term)). Its answers are those of the compiled C. What was trained
# is kept.

# %%
models = {}


def train(values):
    """The share of right answers of the network with these values, from pictures that it did not learn."""
    name = json.dumps(values, sort_keys=True)
    if name not in models:
        model = trainer.candidate(values)
        models[name] = trainer.accuracy(model), model
    return models[name][0]


# %% [markdown]
# The search is Optuna's *TPE*: it learns from what it was told which values the good networks have. (This cell takes
# a minute on drawn digits, two on real ones.)

# %%
import optuna

TRAINED = 12
sampler = optuna.samplers.TPESampler(seed=1, multivariate=True, group=True)
study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
tried = []
with tqdm(total=TRAINED, unit=" networks") as bar:
    while len(models) < TRAINED and len(tried) < 100:
        trial = study.ask()
        values = suggest(trial, space)
        costs = wanted.costs(values)
        study.tell(trial, objective(costs, lambda v=values: train(v)))
        tried.append((values, costs))
        bar.update(len(models) - bar.n)

# %%
results = [trial.values for trial in study.trials]
kept = [k for k, (right, _) in enumerate(results) if right > 0]
print(f"{len(tried)} networks tried, {len(tried) - len(kept)} too large, {len(models)} trained")

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why is the search told of networks that were not trained?</summary>
#
# So that it learns where they are, and asks for fewer of them.
# </details>
#
# <details><summary>Why are the right answers counted on pictures that no network learned from?</summary>
#
# A network can know its pictures by heart. And the pictures that the search chooses by are no longer new to it:
# the last word has the test set.
# </details>

# %% [markdown]
# ## 4. The front (10 min)
#
# One network is right more often, another is smaller: neither is better. But where a network has at least as many
# right answers *and* at most as many bytes, and is better in one of the two, it *beats* the other one. Those that
# none beats are the [Pareto front](term). Find them.
#
# <details><summary>Hint</summary>
#
# `points[:, 0]` are all shares of right answers, `points[:, 1]` all bytes. For arrays `a & b` is True where both
# are, `a | b` where at least one is. `.any()` says whether something in an array is True.
# </details>


# %%
def front(points):
    """The numbers of the points that none beats; points [networks, 2]: share right, bytes."""
    best = []
    for k, (right, size) in enumerate(points):
        # TODO 4: Which points beat this one? Where there are none, it is on the front (fill in 4 lines).
        # BEGIN SOLUTION
        as_good = (points[:, 0] >= right) & (points[:, 1] <= size)
        better = (points[:, 0] > right) | (points[:, 1] < size)
        if not (as_good & better).any():
            best.append(k)
        # SKELETON as_good = ...
        # SKELETON better = ...
        # SKELETON if ...:
        # SKELETON     ...  # k is on the front
        # END SOLUTION
    return best


# %% tags=["check", "nbval-check-output"]
search.front(front)

# %%
points = np.array([results[k] for k in kept])
networks = [tried[k] for k in kept]
best = front(points)
plots.front(points, best, "bytes of flash")

# %% [markdown]
# Read it from the right: each step to the left saves bytes and costs right answers. Where the stairs are flat,
# bytes are nearly free; where they are steep, each byte hurts.

# %% [markdown]
# **Check yourself**
#
# <details><summary>Two networks have the same share of right answers. Can both be on the front?</summary>
#
# Only where they have the same bytes, too. Otherwise the smaller one beats the other.
# </details>
#
# <details><summary>With a third objective, the instructions: does the front get longer or shorter?</summary>
#
# Longer: what is on it now stays, since to beat it, another one must be as good in three things. Others join.
# </details>

# %% [markdown]
# ## 5. The smallest that meets the target (8 min)
#
# The front is no answer yet. You set a target, and take the smallest network that meets it. The target here is two
# right answers in a hundred less than the best one found.
#
# <details><summary>Hint</summary>
#
# First collect the numbers `k` with `points[k, 0] >= target`. Where there are none, return None. `min(numbers,
# key=lambda k: points[k, 1])` is the number with the fewest bytes.
# </details>


# %%
def smallest(points, target):
    """The number of the smallest network with at least this share of right answers; None where there is none."""
    # TODO 5: Keep those that are right often enough, then take the smallest (fill in 2 or 3 lines).
    # BEGIN SOLUTION
    enough = [k for k in range(len(points)) if points[k, 0] >= target]
    return min(enough, key=lambda k: points[k, 1]) if enough else None
    # SKELETON enough = ...
    # SKELETON return ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
search.smallest(smallest)

# %%
TARGET = points[:, 0].max() - 0.02
chosen = smallest(points, TARGET)
values, costs = networks[chosen]
plots.front(points, best, "bytes of flash", chosen, TARGET)

# %%
for name in whole:
    if name in values:
        print(f"{name.partition('.')[2]}: {values[name]:.1%} of the channels pruned")
print(f"{points[chosen, 0]:.1%} right, {costs.flash:,} B of flash, {costs.ram:,} B of SRAM")
less = saved(large.flash, costs.flash), saved(large.ram, costs.ram)
print(f"saved of the whole network: {less[0]:.0%} of the flash, {less[1]:.0%} of the SRAM")

# %% [markdown]
# Rounding after training costs little where the [scales](term:scale) are well chosen. Training that knows of the
# rounding ([QAT](term)) takes longer and the network stays as large. Does it pay? Ask the smallest network of the
# front, which feels the rounding most. (This cell trains it three times, which takes half a minute.)

# %%
tiniest = min(best, key=lambda k: points[k, 1])
ways = {"PTQ, per tensor": "ptq per tensor", "PTQ, per channel": "ptq", "QAT": "qat"}
made = {}
for name, way in tqdm(ways.items(), unit=" ways"):
    made[name] = trainer.candidate(networks[tiniest][0] | {"quantization.way": way})
plots.columns(
    {
        "right answers (%)": {name: 100 * trainer.accuracy(model) for name, model in made.items()},
        "bytes of flash": {name: Costs(tflite.read(model)).flash for name, model in made.items()},
    },
    "The smallest network, by three ways to int8",
)

# %% [markdown]
# **Check yourself**
#
# <details><summary>Why can QAT not make a network smaller?</summary>
#
# It chooses other weights, but as many: the shapes decide the bytes.
# </details>
#
# <details><summary>When does QAT pay?</summary>
#
# Where rounding costs many right answers: for narrow layers, or with one scale for a whole layer. Where PTQ loses
# next to nothing, there is nothing to win back.
# </details>

# %% [markdown]
# ## 6. Time and energy (6 min)
#
# The Blue Pill has no room to spare, the Pico has plenty. There, and wherever a battery feeds the board, another
# question comes first: how long does an answer take, and what does it cost? An emulator counts the instructions
# of the compiled network exactly, and estimates the clock cycles. Make milliseconds and microjoules of them.
#
# $$ t = \frac{\text{cycles}}{f} \qquad E = U \cdot I \cdot t $$
#
# <details><summary>Hint</summary>
#
# Cycles divided by hertz are seconds; 1,000 milliseconds are one. Volts times milliamperes are milliwatts, and
# milliwatts times milliseconds are microjoules.
# </details>


# %%
def estimate(cycles, clock_hz, milliamperes, volts):
    """Milliseconds and microjoules of so many cycles."""
    # TODO 6: Return the time and the energy (fill in 2 lines).
    # BEGIN SOLUTION
    milliseconds = 1000 * cycles / clock_hz
    return milliseconds, volts * milliamperes * milliseconds
    # SKELETON milliseconds = ...
    # SKELETON return milliseconds, ...
    # END SOLUTION


# %% tags=["check", "nbval-check-output"]
search.estimate(estimate)

# %% [markdown]
# Both networks on two cores: the whole one, and the one that you chose, on the Cortex-M0+ of the Pico's chip, the
# RP2040, and on the Cortex-M4 of the nRF52840, which an Arduino Nano 33 BLE has. The currents are the most that the
# data sheets say: these are estimates, and nothing was measured on a board. (Some seconds each.)

# %%
rows, bars = [], {"milliseconds": {}, "microjoules": {}}
pairs = [(n, core) for n in (("whole", large), ("chosen", costs)) for core in ("cortex-m0plus", "cortex-m4")]
for (name, network), core in tqdm(pairs, unit=" counts"):
    chip = CHIPS[core]
    try:
        count = cost.count(network.graph, core, stream=bool(network.plan.stream))
    except UserError as error:  # a compiler or an emulator is missing
        print(f"{core}: {error}")
        continue
    ms, uj = estimate(count.cycles, chip.clock_hz, chip.milliamperes[1], chip.volts)
    short = chip.name.partition(" (")[0]
    rows.append((name, core, short, f"{count.total:,}", f"{ms:.1f} ms", f"{uj:,.0f} µJ"))
    bars["milliseconds"][f"{name}, {core}"] = ms
    bars["microjoules"][f"{name}, {core}"] = uj

# %%
if rows:
    plots.columns(bars, "One answer, estimated from emulated cycles")

# %% tags=["summary"]
print(f"on pictures from: {trainer.data.source}")
print(f"chosen: {points[chosen, 0]:.1%} right, {costs.flash:,} B of flash, {costs.ram:,} B of SRAM")
print("\n".join(table(("network", "core", "chip", "instructions", "time", "energy"), rows)))

# %% [markdown]
# The Cortex-M4 multiplies two pairs of numbers with one instruction; the Cortex-M0+ has no such instruction, and takes
# many more. The kit does all of this with `aiedge search new digits --board pico --objective energy`, then
# `aiedge search work digits`, on as many computers as you have: [docs/search.md](../../docs/search.md) says how.

# %% [markdown]
# **Check yourself**
#
# <details><summary>The Pico's clock is twice as fast. Why is it not done first?</summary>
#
# It needs several times as many instructions for the same multiplications, and more cycles for most loads.
# </details>
#
# <details><summary>You want the longest battery life. What is the search to be told?</summary>
#
# The energy, in place of the flash or beside it. The smallest network is often, but not always, the one that takes
# the least.
# </details>

# %% [markdown]
# ## What you can tell a friend
#
# - What a network takes is known before it learns; what cannot fit need not be trained.
# - Pruning saves flash and work faster than channels, and SRAM more slowly.
# - There is no best network but a front: choose the smallest that meets your target.
# - Rounding after training often suffices; training that knows of it changes the answers, never the size.
# - Time and energy depend on the core as much as on the network, and an estimate is no measurement.

# %%
progress.show("search")
