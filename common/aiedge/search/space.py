"""Which networks there are to choose from: a small TOML file.

data = "mnist"                                  # a data set of the kit
family = "lenet"                                # see aiedge.train.families

[architecture]                                  # each combination is a network to train once, and to prune
first = 12
second = 24
kernel = [3, 5]                                 # a list: choices
dense = [[64, 32], [64]]

[pruning]
method = ["l1", "gradient"]
all = { low = 0.0, high = 0.8, step = 0.1 }     # a range: the share that goes, of a group or of all others
dense1 = { low = 0.0, high = 0.9, step = 0.1 }

[quantization]
way = ["ptq", "ptq per tensor", "qat"]          # after training, or in it; a scale per channel unless told

[training]
parent_epochs = 6
epochs = 3                                      # of each candidate, after pruning
batch = 64
learning_rate = 0.002
pictures = 0                                    # of the training set; 0: all
augment = true                                  # also learn from them moved, and mirrored where a mirror shows the like
parent = ""                                     # or "cifar_tiny": trained weights of the kit that parents begin with
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from aiedge.errors import UserError
from aiedge.paths import WEIGHTS
from aiedge.train.blueprint import Blueprint
from aiedge.train.families import FAMILIES, Family
from aiedge.train.methods import METHODS
from aiedge.train.npz import DAMAGED, load_npz

WAYS = ("ptq", "ptq per tensor", "qat")
ALL = "all"  # in [pruning]: the groups that are not named
SHIPPED = Path(__file__).with_name("spaces")
SETS = {"mnist": ((28, 28, 1), 10), "cifar10": ((32, 32, 3), 10), "cars": ((96, 96, 3), 2)}
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """How long and on what networks learn: parents, from random or shipped weights, and candidates after pruning."""

    parent_epochs: int = 6
    epochs: int = 3
    batch: int = 64
    learning_rate: float = 0.002
    pictures: int = 0
    augment: bool = False
    parent: str = ""


@dataclass(frozen=True)
class Parameter:
    """One number or word to choose: from `choices`, or from `low` to `high` by steps."""

    name: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.choices) == 1

    def values(self) -> list[Any]:
        """All that can be chosen."""
        if self.choices:
            return list(self.choices)
        return [
            round(self.low + i * self.step, 9) for i in range(round((self.high - self.low) / self.step) + 1)
        ]


@dataclass(frozen=True)
class Space:
    """The networks of a file: `parameters` by name, "architecture.kernel", "pruning.dense1", "quantization.way"."""

    name: str
    text: str
    data: str
    family: Family
    parameters: tuple[Parameter, ...]
    training: Training = field(default_factory=Training)

    @property
    def digest(self) -> str:
        """What tells it from another space: 16 hex digits of what it says, whatever its layout and comments."""
        return hashlib.sha256(json.dumps(tomllib.loads(self.text), sort_keys=True).encode()).hexdigest()[:16]

    def parent(self, values: Values) -> Blueprint:
        """The network, before pruning, of a choice for each parameter."""
        size, classes = SETS[self.data]
        chosen = {
            name.removeprefix("architecture."): value
            for name, value in values.items()
            if name.startswith("architecture.")
        }
        return self.family.build(size, classes, **chosen)

    def shares(self, values: Values) -> dict[str, float]:
        """The share that each group of the parent loses."""
        groups = self.parent(values).groups
        rest = values.get(f"pruning.{ALL}", 0.0)
        return {group: values.get(f"pruning.{group}", rest) for group in groups}

    def blueprint(self, values: Values) -> Blueprint:
        """The network of a choice for each parameter."""
        return self.parent(values).pruned(self.shares(values))

    @cached_property
    def smallest(self) -> list[dict[str, Any]]:
        """The choices that prune the most, one for each architecture."""
        each = [
            parameter.values() if parameter.name.startswith("architecture.") else [parameter.values()[-1]]
            for parameter in self.parameters
        ]
        return [
            dict(zip((p.name for p in self.parameters), values, strict=True)) for values in product(*each)
        ]


def load_space(source: str | Path) -> Space:
    """The space of a file, or one that the kit ships, by its name.

    Raises `UserError` for a file that is none, naming what is wrong.
    """
    path = Path(source)
    if not path.suffix and not path.exists() and (SHIPPED / f"{source}.toml").is_file():
        path = SHIPPED / f"{source}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        why = getattr(error, "strerror", None) or "it is no text"
        raise UserError(f"{source} is no space: {why}", f"give a TOML file, or one of {names}") from error
    return parse_space(text, path.stem)


def parse_space(text: str, name: str) -> Space:
    """The space that a text describes; errors as `load_space`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(
            f"the space {name} is no TOML: {error}", "see the example in aiedge.search.space"
        ) from error
    known = {"data", "family", "architecture", "pruning", "quantization", "training"}
    _only(table, known, name)
    data, family = table.get("data"), table.get("family")
    if data not in SETS:
        raise UserError(f"the space {name} has the data {data!r}", f"there are {', '.join(SETS)}")
    if family not in FAMILIES:
        raise UserError(f"the space {name} has the family {family!r}", f"there are {', '.join(FAMILIES)}")
    parameters = [
        *_architecture(table.get("architecture", {}), FAMILIES[family], name),
        *_pruning(table.get("pruning", {}), name),
        *_quantization(table.get("quantization", {}), name),
    ]
    space = Space(
        name, text, data, FAMILIES[family], tuple(parameters), _training(table.get("training", {}), name)
    )
    groups = {group for values in space.smallest for group in space.parent(values).groups}
    for parameter in parameters:
        section, _, key = parameter.name.partition(".")
        if section == "pruning" and key not in {"method", ALL, *groups}:
            raise UserError(
                f"the space {name} prunes {key!r}, which no network of it has",
                f"its groups are {', '.join(sorted(groups))}, and {ALL} for the others",
            )
    if space.training.parent:
        _check_parents(space)
    return space


def _architecture(table: dict[str, Any], family: Family, name: str) -> list[Parameter]:
    _only(table, set(family.defaults), f"{name}: [architecture]")
    parameters = []
    for key, default in family.defaults.items():
        value = table.get(key, default)
        listed = isinstance(default, list)
        several = isinstance(value, list) and (not listed or (value and isinstance(value[0], list)))
        choices = value if several else [value]
        if isinstance(value, dict):
            choices = _range(f"architecture.{key}", value, name).values()
            choices = [int(c) for c in choices] if isinstance(default, int) else choices
        for choice in choices:
            _check(choice, default, f"{name}: architecture.{key}")
        parameters.append(Parameter(f"architecture.{key}", tuple(choices)))
    return parameters


def _check(value: Any, default: object, where: str) -> None:
    """Raise `UserError` for a value that is of another kind than the default, or no positive number."""
    numbers = value if isinstance(default, list) else [value]
    kinds = (int,) if isinstance(default, list | int) else (int, float)
    right = isinstance(numbers, list) and all(
        isinstance(n, kinds) and not isinstance(n, bool) and 0 < n <= 4096 for n in numbers
    )
    if not right or (isinstance(default, list) and not numbers and "dense" not in where):
        raise UserError(f"{where} is {value!r}", f"it must be like {default}: positive, 4096 at most")


def _pruning(table: dict[str, Any], name: str) -> list[Parameter]:
    methods = table.get("method", "l1")
    methods = methods if isinstance(methods, list) else [methods]
    for method in methods:
        if method not in METHODS:
            raise UserError(f"the space {name} has the method {method!r}", f"there are {', '.join(METHODS)}")
    parameters = [Parameter("pruning.method", tuple(methods))]
    for key, value in table.items():
        if key == "method":
            continue
        if isinstance(value, dict):
            parameter = _range(f"pruning.{key}", value, name)
        else:
            parameter = Parameter(f"pruning.{key}", tuple(value if isinstance(value, list) else [value]))
        for share in parameter.values():
            if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share < 1:
                raise UserError(
                    f"the space {name} prunes a share of {share!r}", "shares lie between 0 and 1, without 1"
                )
        parameters.append(parameter)
    return parameters


def _quantization(table: dict[str, Any], name: str) -> list[Parameter]:
    _only(table, {"way"}, f"{name}: [quantization]")
    ways = table.get("way", WAYS[0])
    ways = ways if isinstance(ways, list) else [ways]
    for way in ways:
        if way not in WAYS:
            raise UserError(f"the space {name} quantizes by {way!r}", f"there are {', '.join(WAYS)}")
    return [Parameter("quantization.way", tuple(ways))]


def _training(table: dict[str, Any], name: str) -> Training:
    _only(table, {f.name for f in fields(Training)}, f"{name}: [training]")
    given = table.get("parent", "")
    # Those of networks with fake quantization have ranges beside the weights.
    names = sorted(path.stem for path in WEIGHTS.glob("*.npz") if not path.stem.endswith("_qat"))
    if given != "" and given not in names:
        raise UserError(
            f"the space {name} has the parent {given!r}", f"there are the weights {', '.join(names)}"
        )
    if not isinstance(table.get("augment", False), bool):
        raise UserError(f"the space {name} has training.augment = {table['augment']!r}", "true or false")
    for key, value in table.items():
        if key in ("parent", "augment"):
            continue
        least = 0 if key in ("pictures", "epochs") or (given and key == "parent_epochs") else 1e-9
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < 1e9:
            raise UserError(
                f"the space {name} has training.{key} = {value!r}", "it must be a number, not negative"
            )
    return Training(**table)


def _check_parents(space: Space) -> None:
    """Raise `UserError` where a network of the space has other shapes than the weights that it begins with."""
    given = space.training.parent
    try:
        arrays = load_npz(WEIGHTS / f"{given}.npz").values()
    except DAMAGED as error:
        raise UserError(f"the weights {given} are damaged: {error}", "fetch the file again") from error
    shapes = sorted(array.shape for array in arrays if array.ndim > 1)
    for values in space.smallest:
        if sorted(space.parent(values).kernels.values()) != shapes:
            network = {k.partition(".")[2]: v for k, v in values.items() if k.startswith("architecture.")}
            raise UserError(
                f"the weights {given} do not fit the network {network} of the space {space.name}",
                "give [architecture] the widths that these weights have",
            )


def _range(parameter: str, value: dict[str, Any], name: str) -> Parameter:
    _only(value, {"low", "high", "step"}, f"{name}: {parameter}")
    try:
        low, high, step = (float(value[key]) for key in ("low", "high", "step"))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{name}: {parameter} is {value}", "a range is { low = …, high = …, step = … }"
        ) from error
    if not (low <= high and step > 0 and (high - low) / step <= 4096):
        raise UserError(
            f"{name}: {parameter} goes from {low} to {high} by {step}", "low ≤ high, and a step above 0"
        )
    return Parameter(parameter, (), low, high, step)


def _only(table: dict[str, Any], known: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise UserError(f"{where} is {table!r}", f"it must be a table with {', '.join(sorted(known))}")
    if unknown := sorted(set(table) - known):
        raise UserError(f"{where} has {unknown[0]!r}", f"there are {', '.join(sorted(known))}")
