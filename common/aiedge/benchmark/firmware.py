"""What the firmware concluded, beside what its outputs mean: which TODO of main.cpp is wrong, and how.

An answer is what the firmware prints of it, a light what `set_led()` got, a time what `write_result()` got. The
firmware's library notes them (`aiedge.board.line.conduct`). Only what was said can be compared.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.benchmark.main_cpp import MainCpp
from aiedge.board.line.conduct import Conduct
from aiedge.board.line.protocol import BASE_BAUD
from aiedge.errors import UserError

_CLOCK = 2  # µs by which `now_us()` may run ahead: it never says the same twice
_BRIGHTER = re.compile(r"0\.00 0\.50 0\.90, brighter by (-?[\d.]+): (\S+) (\S+) (\S+)")
# What the library says of an input without a result: the function that is to blame, what it did, what is likely.
_NO_RESULT = {
    "model.invoke() was not called": (
        "run_network",
        "model.invoke() was not called",
        "call it, and return what it returns",
    ),
    "model.invoke() returned true, and the sketch went on": (
        "run_network",
        "it returns false although model.invoke() returned true",
        "return what model.invoke() returns",
    ),
    "port.write_result() was not called": (
        "report",
        "port.write_result() was not called",
        "port.write_result(model.output(), time_us);",
    ),
    "port.write_result() got another tensor": (
        "report",
        "port.write_result() got another tensor than the network's output",
        "port.write_result(model.output(), time_us);",
    ),
}
# Words of an error with which the firmware stops where the wrong provider was chosen, or one of the wrong size.
_PROVIDER = {
    "camera is a folder of pictures": "it returns the camera although use_camera is false",
    "has no camera": "it returns the camera although use_camera is false",
    "SerialImageProvider has images of": "",
    "no speed of": "",
    "has no serial port": "",
}
# What is likely behind an error of the compiler.
_COMPILER = {
    "local variable .* returned": "without `static` before its type an object ends with the function",
    "return": "is `return` missing? A function that is not void ends with return ...;",
    "expected .;|before .}": "a statement ends with a semicolon",
    "not declared|undeclared": "a name is misspelt, or was never given a type: bool done = ...;",
    "expected .\\)|expected .\\(": "a bracket is missing",
    "no member|has no member": "the name behind the dot is misspelt",
    "too few arguments|too many arguments|no matching": "the signature above says which arguments it takes",
    "cannot convert|invalid conversion|could not convert": "the signature above says of which type each is",
}


class OpenTodo(UserError):
    """The firmware stops at a TODO, which is no mistake: the message says which is next."""


class WrongTodo(UserError):
    """What the firmware does is wrong: `mistakes` are the TODOs, in words."""

    def __init__(self, *mistakes: str):
        super().__init__("\n".join(mistakes), "correct main.cpp and build it again")
        self.mistakes = mistakes


@dataclass(frozen=True)
class FirmwareCheck:
    """How many answers, states of the light and times were compared, and what was wrong with them."""

    answers: int = 0
    lights: int = 0
    times: int = 0
    mistakes: tuple[str, ...] = ()


NOTHING_COMPARED = FirmwareCheck()


def mistake(main: MainCpp, function: str, what: str, likely: str = "") -> str:
    """A wrong TODO in words; without a TODO of that name, of the firmware as a whole.

    The "it" with which `what` may begin is the function.
    """
    if function and what.startswith("it "):
        what = f"{function}(){what.removeprefix('it')}"
    where = main.where(function) if function in main.todos else "main.cpp"
    return f"✗ {where}: {what}" + (f"\n  likely:   {likely}" if likely else "")


def said(text: str, classes: Sequence[str]) -> list[tuple[int, float | None]]:
    """The classes that a line names, each with its share in per cent where it says one.

    >>> said("0.00 xor 1.00 = 1   ", ("0", "1")), said("cat 61.2 %, dog 20.1 %   ", ("cat", "dog"))
    ([(1, None)], [(0, 61.2), (1, 20.1)])
    """
    names = "|".join(re.escape(name) for name in sorted(classes, key=len, reverse=True))
    pattern = re.compile(rf"(?:.*= )?({names})(?: (nan|inf|-?[\d.]+) %)?")
    found = []
    for part in re.split(r" {2,}|, |\n", text.partition("result ")[0]):
        if match := pattern.fullmatch(part.strip()):
            found.append((classes.index(match[1]), float(match[2]) if match[2] else None))
    return found


def examine(
    main: MainCpp,
    classes: Sequence[str],
    conducts: Sequence[Conduct | None],
    outputs: NDArray[np.float32],
    times_us: Sequence[int],
) -> FirmwareCheck:
    """Compare what the firmware made of each input with the network's output [n, values] for it."""
    seen = [i for i, conduct in enumerate(conducts) if conduct]
    known = [conduct for conduct in conducts if conduct]
    chosen, times = outputs[seen], [int(times_us[i]) for i in seen]
    answers = [said(conduct.text, classes) for conduct in known]
    spoken = [i for i, answer in enumerate(answers) if answer]
    compare = _binary if outputs.shape[1] == 1 else _shares
    wrong = _not_run(main, known)
    if not wrong:
        wrong += compare(main, classes, [answers[i] for i in spoken], chosen[spoken])
        wrong += _times(main, known, times)
    lights = spoken if "show" in main.todos and outputs.shape[1] == 1 else []
    if not wrong or lights:
        wrong += _lights(main, classes, [known[i] for i in lights], [answers[i][-1][0] for i in lights])
    return FirmwareCheck(len(spoken), len(lights), len(known), tuple(wrong))


def no_result(main: MainCpp, words: str) -> str:
    """The wrong TODO behind the library's words for an input without a result, "" where none is known."""
    for begin, (function, what, likely) in _NO_RESULT.items():
        if begin in words and function in main.todos:
            if function == "run_network" and "done = false;" in main.text:
                likely = "done = model.invoke();"
            return mistake(main, function, what, likely)
    return ""


def wrong_provider(main: MainCpp, error: str) -> str:
    """The wrong TODO behind an error with which the firmware stops, "" where none is known."""
    for words, what in _PROVIDER.items():
        if words in error and "choose_provider" in main.todos:
            likely = "the camera where use_camera is true, else the serial port" if what else ""
            return mistake(main, "choose_provider", what or error, likely)
    return ""


def does_not_compile(main: MainCpp, output: str) -> str:
    """The TODO in which a compiler's first error of main.cpp lies, "" for none."""
    found = re.search(r"main\.cpp:(\d+):\d+: error: (.+)", output)
    function = main.around(int(found[1])) if found else ""
    if not found or not function:
        return ""
    error = found[2]
    likely = next((text for words, text in _COMPILER.items() if re.search(words, error)), "")
    return mistake(main, function, f"line {found[1]} does not compile: {error}", likely)


def wrong_speed(main: MainCpp) -> str:
    """The wrong TODO where the serial line starts at another speed than the computer's, "" where it does not."""
    for speed in re.findall(r"SerialImageProvider \w+\([^)]*, *(\d{4,})\);", main.text):
        if int(speed) != BASE_BAUD:
            what = f"the serial line starts at {speed} baud, the computer at {BASE_BAUD}"
            return mistake(main, "choose_provider", what, f"give SerialImageProvider {BASE_BAUD}")
    return ""


def brightness(main: MainCpp, lines: Sequence[str]) -> list[str]:
    """What is wrong with the numbers that the firmware made brighter to show what its function does."""
    found = [match for line in lines if (match := _BRIGHTER.search(line))]
    if "preprocess" not in main.todos or not found:
        return []
    amounts = [float(match[1]) for match in found]
    got = [[float(value) for value in match.groups()[1:]] for match in found]
    numbers = np.array([0.0, 0.5, 0.9])

    def made(change: Callable[[NDArray, float], NDArray]) -> NDArray:
        return np.array([change(numbers, amount) for amount in amounts])

    right = made(lambda x, b: np.clip(x + b, 0, 1))
    if np.allclose(got, right, atol=0.006):
        return []
    mistakes = {
        "the brightness is not added: input.get(i) + brightness": made(lambda x, b: x),
        "keep the sum between 0 and 1: fminf(fmaxf(sum, 0.0f), 1.0f)": made(lambda x, b: x + b),
        "keep the sum at most 1: fminf(sum, 1.0f)": made(lambda x, b: np.maximum(x + b, 0)),
        "keep the sum at least 0: fmaxf(sum, 0.0f)": made(lambda x, b: np.minimum(x + b, 1)),
        "add the brightness, do not subtract it": made(lambda x, b: np.clip(x - b, 0, 1)),
        "add the brightness, do not multiply by it": made(lambda x, b: np.clip(x * b, 0, 1)),
        "add it to the number that is there: input.get(i) + brightness": made(lambda x, b: x * 0 + b),
        "each number has its own place: get(i) and set(i, ...)": made(
            lambda x, b: np.where(np.arange(3) == 0, np.clip(x + b, 0, 1), x)
        ),
    }
    swapped = {float(value) for row in got for value in row} <= {0.0, 1.0}
    likely = next((text for text, wrong in mistakes.items() if np.allclose(got, wrong, atol=0.006)), "")
    if not likely and (swapped or np.min(got) >= 1 or np.max(got) <= 0):
        likely = "fminf and fmaxf have changed places: fminf(x, 1.0f) is at most 1, fmaxf(x, 0.0f) at least 0"
    worst = int(np.argmax(np.abs(np.array(got) - right).max(axis=1)))
    shown, asked = (" ".join(f"{v:.2f}" for v in row[worst]) for row in (got, right))
    what = f"with {amounts[worst]:.2f} more, 0.00 0.50 0.90 become {shown}, expected {asked}"
    return [mistake(main, "preprocess", what, likely)]


def _not_run(main: MainCpp, conducts: list[Conduct]) -> list[str]:
    """The sketch reported results of a network that it did not run."""
    if all(conduct.ran for conduct in conducts):
        return []
    what = "it returns true although model.invoke() was not called"
    return [mistake(main, "run_network", what, "call it, and return what it returns")]


def _binary(
    main: MainCpp, classes: Sequence[str], answers: list[list[tuple[int, float | None]]], outputs: NDArray
) -> list[str]:
    """Answers of a network with one output against its threshold."""
    function = main.first("read_output", "is_car")
    threshold = main.numbers.get("kThreshold", 0.5)
    says = np.array([answer[-1][0] for answer in answers], int)
    means = (outputs[:, 0] > np.float32(threshold)).astype(int)
    wrong = np.flatnonzero(says != means)
    if not len(wrong):
        return []
    first = wrong[0]
    if len(set(means)) > 1 and len(wrong) == len(says):
        likely = "it is the wrong way round: true where the output is above"
    elif len(set(says)) > 1 or len(set(means)) == 1:
        likely = f"compare model.output().get(0) with {threshold:g}: true where it is above"
    elif says[0] == 0:
        body = main.body(function)
        if re.search(r"get\([1-9]", body):
            likely = "get(0) is the first and only number: beyond it get() is 0"
        elif "int" in re.findall(r"\w+", body):
            likely = "an int has no fraction: keep the output as a float"
        else:
            likely = f"compare get(0), which lies between 0 and 1, with {threshold:g}"
    else:
        likely = f"any number but 0 is true: compare it with {threshold:g}"
    of = f" ({len(wrong):,} of {len(says):,} answers)" if len(says) > 1 else ""
    right = f"the output {outputs[first, 0]:.4f} means {classes[means[first]]}"
    return [mistake(main, function, f"your firmware says {classes[says[first]]}, {right}{of}", likely)]


def _shares(
    main: MainCpp, classes: Sequence[str], answers: list[list[tuple[int, float | None]]], outputs: NDArray
) -> list[str]:
    """The likeliest classes and their shares against the softmax of the outputs."""
    for answer, values in zip(answers, outputs.astype(np.float64), strict=True):
        powers = np.exp(values - values.max())
        shares = 100 * powers / powers.sum()
        order = np.argsort(-values, kind="stable")[: len(answer)]
        shown = ", ".join(f"{classes[i]}" + ("" if s is None else f" {s:.1f} %") for i, s in answer)
        asked = ", ".join(f"{classes[i]} {shares[i]:.1f} %" for i in order)
        what = f"your firmware says {shown}; the outputs mean {asked}"
        named = [i for i, _ in answer]
        said_shares = [s for _, s in answer if s is not None]
        of_named = shares[named][: len(said_shares)]
        if said_shares and not np.allclose(said_shares, of_named, atol=0.11):
            likely = _softmax_mistake(np.array(said_shares), np.array(named), values, shares)
            return [mistake(main, main.first("softmax"), what, likely)]
        if named != list(order):
            return [mistake(main, main.first("find_top"), what, _top_mistake(named, values))]
    return []


def _softmax_mistake(got: NDArray, named: NDArray, values: NDArray, shares: NDArray) -> str:
    powers = np.exp(values - values.max())
    if not np.all(np.isfinite(got)):
        return "a division by 0, or a power too large for a float: subtract the largest output first"
    if np.allclose(got, 0):
        return "store each power in shares[i]"
    if np.allclose(got, 100 * powers[named], atol=0.11) or np.allclose(
        got, 100 * np.exp(values[named]), rtol=0.01
    ):
        return "divide by the sum of all ten powers"
    if np.allclose(got, 100 * values[named] / values.sum(), atol=0.11):
        return "take e to the power of each output: expf(output.get(i) - largest)"
    if np.allclose(got, 100 * (values - values.max())[named], atol=0.11):
        return "expf() is missing, and the division by the sum"
    if np.allclose(got, 100 * values[named], atol=0.11):
        return "these are the outputs: expf() of each, divided by the sum"
    if np.all(got[:1] > 100):
        return "divide by the sum of all ten, not by a part of it"
    return "expf(output.get(i) - largest) for each of the ten, divided by the sum of all ten"


def _top_mistake(named: list[int], values: NDArray) -> str:
    if len(set(named)) < len(named):
        return "each place of top gets a class of its own, as many as have a larger share come before it"
    ascending = list(np.argsort(values, kind="stable"))
    count = len(named)
    if named == ascending[:count]:
        return "the largest share comes first, not the smallest"
    if named == ascending[::-1][:count] or sorted(values[named]) == sorted(np.sort(values)[-count:]):
        return "of equal shares the class with the lower number comes first; the largest share comes before the others"
    if named == list(range(count)):
        return "these are simply the first classes: put them in the order of their shares"
    return "count for each class how many have a larger share: that is its place"


def _lights(main: MainCpp, classes: Sequence[str], conducts: list[Conduct], says: list[int]) -> list[str]:
    """The light against the firmware's own answers."""
    wrong = [i for i, (c, answer) in enumerate(zip(conducts, says, strict=True)) if c.led_on != (answer == 1)]
    if not wrong and (not conducts or any(conduct.led_set for conduct in conducts)):
        return []
    if not any(conduct.led_set for conduct in conducts):
        what, likely = "set_led() is never called", "set_led(car);"
    else:
        first = wrong[0]
        state = "on" if conducts[first].led_on else "off"
        what = f"the LED is {state} while your firmware says {classes[says[first]]}"
        likely = "it is the wrong way round: true switches it on"
        if len(wrong) < len(says) or len(set(says)) == 1:
            likely = (
                "set_led(car): true switches it on, false off"
                if state == "off"
                else ("switch it off for anything else: set_led(car) does both")
            )
    return [mistake(main, "show", what, likely)]


def _times(main: MainCpp, conducts: list[Conduct], times: list[int]) -> list[str]:
    """The times that the sketch reports against the board's clock."""
    argument = re.search(r"write_result\([^;]*,\s*([^,;]+)\)\s*;", main.text)
    reports_another = "report" in main.todos and argument is not None and argument[1].strip() != "time_us"
    for conduct, time in zip(conducts, times, strict=True):
        likely = "ask now_us() before model.invoke() and after it; time_us is the difference"
        if time > conduct.request_us + _CLOCK:
            whole = f"{conduct.request_us:,} µs"
            what = f"{time:,} µs is longer than the request itself took, {whole}: is it end minus start?"
            likely = "time_us = now_us() - start; with start from before model.invoke()"
        elif not (conduct.asked_before or conduct.asked_after):
            what = f"{time:,} µs, and now_us() was not asked"
        elif not (conduct.asked_before and conduct.asked_after):
            missing = "after" if conduct.asked_before else "before"
            what = f"{time:,} µs, and now_us() was not asked {missing} model.invoke()"
        elif time == 0:
            what = "0 µs, though now_us() was asked before and after model.invoke()"
            likely = "store the difference in time_us"
        elif time < conduct.network_us:
            what = f"{time:,} µs is shorter than the network alone took, {conduct.network_us:,} µs"
            likely = "in microseconds, from just before model.invoke() to just after it"
        else:
            continue
        if reports_another:
            return [mistake(main, "report", what, "port.write_result(model.output(), time_us);")]
        return [mistake(main, "run_network", what, likely)]
    return []
