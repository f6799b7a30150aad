"""Likely wrong answers to the TODOs of the lessons' main.cpp, and what is to be said of each.

One program holds all wrong bodies of a lesson's functions: the environment variable AIEDGE_WRONG names the function and
the body that run. So nothing is compiled twice.
"""

# ruff: noqa: E501  (C++ in one line each)

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """A function's body, and words of what is to be said of it."""

    lesson: str
    function: str
    body: str
    words: str

    def __str__(self) -> str:
        return f"{self.lesson}-{self.function}-{' '.join(self.body.split())[:60]}"


def both(
    function: str, body: str, words: str, lessons: tuple[str, ...] = ("xor", "hard", "cifar")
) -> list[Wrong]:
    """The same mistake in several lessons."""
    return [Wrong(lesson, function, body, words) for lesson in lessons]


NO_CAMERA = "choose_provider() returns the camera although use_camera is false"
STATIC = (
    "static CameraImageProvider camera({0}, {0}); static SerialImageProvider serial({0}, {0}, 3, 115200); "
)


def providers(lesson: str, side: int) -> list[Wrong]:
    """Wrong choices of where the pictures come from."""
    objects = STATIC.format(side)

    def serial(arguments: str) -> str:
        return f"static SerialImageProvider serial({arguments}); (void)use_camera; return serial;"

    answers = [
        (objects + "if (!use_camera) return camera; return serial;", NO_CAMERA),
        (objects + "(void)use_camera; (void)serial; return camera;", NO_CAMERA),
        (serial(f"{side}, {side}, 1, 115200"), f"images of {side}x{side}x1"),
        (serial(f"{side}, {side}, 3, 921600"), "the serial line starts at 921600 baud"),
        (serial(f"{2 * side}, {side}, 3"), f"images of {2 * side}x{side}x3"),
        (serial(f"{side}, {side}, 3, 9600"), "the serial line starts at 9600 baud"),
    ]
    return [Wrong(lesson, "choose_provider", body, words) for body, words in answers]


XOR = [
    Wrong("xor", function, body, words)
    for function, body, words in [
        ("get_ready", "return !model.begin();", "returns false although model.begin() returned true"),
        ("get_ready", "model.begin(); return false;", "returns false although model.begin() returned true"),
        ("get_ready", "return true;", "model.begin() was not called"),
        ("get_ready", "return false;", "model.begin() was not called"),
        ("fill_input", "(void)provider; return true;", "provider.read() returned false or was not called"),
        ("fill_input", "provider.read(model.input()); return true;", "the firmware never ends"),
        ("fill_input", "return !provider.read(model.input());", "returns true although provider.read()"),
        ("fill_input", "(void)provider; return false;", "provider.read() was not called"),
        ("fill_input", "provider.read(model.input()); return false;", "returns false although provider.read()"),
        ("read_output", "return model.output().get(1) > 0.5f;", "beyond it get() is 0"),
        ("read_output", "return model.output().get(0) < 0.5f;", "the wrong way round"),
        ("read_output", "return !(model.output().get(0) > 0.5f);", "the wrong way round"),
        ("read_output", "int y = static_cast<int>(model.output().get(0)); return y > 0.5f;", "an int has no fraction"),
        ("read_output", "return model.output().get(0) > 128;", "lies between 0 and 1"),
        ("read_output", "return model.output().get(0) > 1.0f;", "lies between 0 and 1"),
        ("read_output", "return model.input().get(0) > 0.5f;", "true where it is above"),
        ("read_output", "return true;", "any number but 0 is true"),
        ("read_output", "return false;", "with 0.5"),
    ]
]  # fmt: skip

NETWORK = [
    *both("run_network", "(void)time_us; return true;", "model.invoke() was not called"),
    *both("run_network", "(void)time_us; return false;", "model.invoke() was not called"),
    *both("run_network", "(void)time_us; return model.invoke();", "now_us() was not asked"),
    *both("run_network", "(void)time_us; return !model.invoke();", "returns false although model.invoke()"),
    *both("run_network", "(void)time_us; model.invoke(); return false;", "return what model.invoke() returns"),
    *both(
        "run_network",
        "const uint32_t start = now_us(); const bool done = model.invoke(); time_us = start - now_us(); return done;",
        "is it end minus start?",
    ),
    *both("run_network", "const bool done = model.invoke(); time_us = now_us(); return done;", "is it end minus start?"),
    *both("run_network", "time_us = now_us(); return model.invoke();", "is it end minus start?"),
    *both(
        "run_network",
        "const uint32_t start = now_us(); const bool done = model.invoke(); (void)start; time_us = 0; return done;",
        "now_us() was not asked after model.invoke()",
    ),
    *both(
        "run_network",
        "const uint32_t start = now_us(); time_us = now_us() - start; return model.invoke();",
        "now_us() was not asked after",
    ),
    *both(
        "run_network",
        "const bool done = model.invoke(); const uint32_t start = now_us(); time_us = now_us() - start; return done;",
        "now_us() was not asked before",
    ),
    *both(
        "run_network",
        "const uint32_t start = now_us(); const bool done = model.invoke(); const uint32_t time = now_us() - start; "
        "(void)time; time_us = 0; return done;",
        "store the difference in time_us",
    ),
    *both(
        "run_network",
        "const uint32_t start = now_us(); const bool done = model.invoke(); time_us = (now_us() - start) * 1000000; "
        "return done;",
        "longer than the request itself took",
    ),
    *both(
        "run_network",
        "const uint32_t start = now_us(); const bool done = model.invoke(); time_us = now_us() + start; return done;",
        "longer than the request itself took",
    ),
    Wrong("easy", "run_network", "const uint32_t start = now_us();\n  bool done = false;\n  model.invoke();\n"
          "  time_us = now_us() - start;\n  return done;", "done = model.invoke();"),
    Wrong("easy", "run_network", "const uint32_t start = now_us();\n  bool done = false;\n  done = true;\n"
          "  time_us = now_us() - start;\n  return done;", "model.invoke() was not called"),
    Wrong("easy", "run_network", "const uint32_t start = now_us();\n  bool done = false;\n  done = !model.invoke();\n"
          "  time_us = now_us() - start;\n  return done;", "done = model.invoke();"),
]  # fmt: skip

REPORT = [
    *both("report", "(void)time_us;", "port.write_result() was not called"),
    *both("report", "port.write_result(model.output(), 0);", "port.write_result(model.output(), time_us);"),
    *both(
        "report",
        "port.write_result(model.output(), now_us());",
        "port.write_result(model.output(), time_us);",
    ),
    *both(
        "report", "port.write_result(model.input(), time_us);", "got another tensor than the network's output"
    ),
    *both(
        "report", "(void)time_us; port.write_result(model.output(), 2000000000);", "longer than the request"
    ),
]

LOOP = "for (size_t i = 0; i < input.count; i++) "
CARS = [
    *providers("hard", 96),
    Wrong("easy", "choose_provider", STATIC.format(96) + "if (use_camera) return serial; return camera;", NO_CAMERA),
    *(
        Wrong("hard", function, body, words)
        for function, body, words in [
            ("preprocess", "(void)input; (void)brightness;", "the brightness is not added"),
            ("preprocess", LOOP + "input.set(i, input.get(i)); (void)brightness;", "the brightness is not added"),
            ("preprocess", LOOP + "input.set(i, input.get(i) + brightness);", "keep the sum between 0 and 1"),
            ("preprocess", LOOP + "input.set(i, fminf(input.get(i) + brightness, 1.0f));", "at least 0"),
            ("preprocess", LOOP + "input.set(i, fmaxf(input.get(i) + brightness, 0.0f));", "at most 1"),
            ("preprocess", LOOP + "input.set(i, fmaxf(fminf(input.get(i) + brightness, 0.0f), 1.0f));", "changed places"),
            ("preprocess", LOOP + "input.set(i, fminf(fmaxf(input.get(i) + brightness, 1.0f), 0.0f));", "changed places"),
            ("preprocess", LOOP + "input.set(i, fminf(fmaxf(input.get(i) - brightness, 0.0f), 1.0f));", "do not subtract"),
            ("preprocess", LOOP + "input.set(i, fminf(fmaxf(input.get(i) * brightness, 0.0f), 1.0f));", "do not multiply"),
            ("preprocess", LOOP + "input.set(i, brightness);", "input.get(i) + brightness"),
            ("preprocess", "input.set(0, fminf(fmaxf(input.get(0) + brightness, 0.0f), 1.0f));", "its own place"),
            ("preprocess", LOOP + "input.set(0, fminf(fmaxf(input.get(i) + brightness, 0.0f), 1.0f));", "become"),
            ("preprocess", LOOP + "if (brightness != 0) input.set(i, fminf(fmaxf(input.get(i) + brightness, 0.0f), 1.0f)); "
             "else input.set(i, 1.0f - input.get(i));", "other pictures than were sent"),
            ("is_car", "return model.output().get(0) < threshold;", "the wrong way round"),
            ("is_car", "return !(model.output().get(0) > threshold);", "the wrong way round"),
            ("is_car", "return model.output().get(1) > threshold;", "beyond it get() is 0"),
            ("is_car", "(void)threshold; return model.output().get(0);", "any number but 0 is true"),
            ("is_car", "(void)threshold; return true;", "any number but 0 is true"),
            ("is_car", "(void)threshold; return false;", "with 0.75"),
            ("is_car", "(void)threshold; return model.output().get(0) > 128;", "lies between 0 and 1"),
            ("is_car", "int p = static_cast<int>(model.output().get(0)); return p > threshold;", "an int has no fraction"),
            ("show", "(void)car;", "set_led() is never called"),
            ("show", "(void)car; set_led(true);", "switch it off for anything else"),
            ("show", "if (car) set_led(true);", "switch it off for anything else"),
            ("show", "set_led(!car);", "the wrong way round"),
            ("show", "(void)car; set_led(false);", "true switches it on"),
            ("show", "if (!car) set_led(false);", "true switches it on"),
            ("show", "if (car) set_led(false); else set_led(true);", "the wrong way round"),
        ]
    ),
]  # fmt: skip

LARGEST = "float largest = output.get(0), sum = 0; for (size_t i = 1; i < kCifar10Count; i++) largest = fmaxf(largest, output.get(i)); "
EACH = "for (size_t i = 0; i < kCifar10Count; i++) "
POWERS = LARGEST + EACH + "sum += shares[i] = expf(output.get(i) - largest); "
TOP = (
    EACH
    + "{ size_t rank = 0; for (size_t j = 0; j < kCifar10Count; j++) { if (%s) rank++; } if (rank < kTop) top[rank] = i; }"
)
CIFAR = [
    *providers("cifar", 32),
    *(
        Wrong("cifar", function, body, words)
        for function, body, words in [
            ("softmax", "(void)output; (void)shares;", "store each power in shares[i]"),
            ("softmax", POWERS, "divide by the sum of all ten powers"),
            ("softmax", EACH + "shares[i] = expf(output.get(i));", "divide by the sum of all ten powers"),
            ("softmax", EACH + "shares[i] = output.get(i);", "these are the outputs"),
            ("softmax", LARGEST + "(void)sum; " + EACH + "shares[i] = output.get(i) - largest;", "expf() is missing"),
            ("softmax", "float sum = 0; " + EACH + "sum += shares[i] = output.get(i); " + EACH + "shares[i] /= sum;",
             "take e to the power"),
            ("softmax", POWERS + "sum = shares[0]; " + EACH + "shares[i] /= sum;", "not by a part of it"),
            ("softmax", LARGEST + EACH + "sum += shares[i] = expf(largest - output.get(i)); " + EACH + "shares[i] /= sum;",
             "expf(output.get(i) - largest)"),
            ("softmax", POWERS + EACH + "shares[i] /= 10;", "divided by the sum of all ten"),
            ("softmax", LARGEST + "(void)largest; " + EACH + "shares[i] = expf(output.get(i)) / sum;", "a division by 0"),
            ("softmax", LARGEST + EACH + "sum += shares[i] = exp2f(output.get(i) - largest); " + EACH + "shares[i] /= sum;",
             "for each of the ten"),
            ("find_top", "(void)shares; (void)top;", "a class of its own"),
            ("find_top", "(void)shares; top[0] = 0; top[1] = 1; top[2] = 2;", "simply the first classes"),
            ("find_top", TOP % "shares[j] < shares[i] || (j < i && shares[j] == shares[i])", "not the smallest"),
            ("find_top", "(void)shares; top[0] = top[1] = top[2] = 3;", "a class of its own"),
            ("find_top", "size_t best = 0; " + EACH + "if (shares[i] > shares[best]) best = i; top[0] = top[1] = top[2] = best;",
             "a class of its own"),
            ("find_top", (TOP % "shares[j] > shares[i] || (j < i && shares[j] == shares[i])").replace("top[rank]", "top[kTop - 1 - rank]"),
             "the largest share comes before the others"),
        ]
    ),
]  # fmt: skip

WRONG = [*XOR, *NETWORK, *REPORT, *CARS, *CIFAR]


def with_body(text: str, function: str, body: str) -> str:
    """The main.cpp with another body of a function."""
    head = re.search(rf"^static [\w &]*&?{function}\(.*\) {{\n", text, re.MULTILINE)
    assert head, function
    end = text.index("\n}\n", head.end())
    return f"{text[: head.end()]}  {body}{text[end:]}"


def with_all(text: str, lesson: str) -> str:
    """The main.cpp with all wrong bodies, and the right ones where AIEDGE_WRONG names none of a function."""
    for function in dict.fromkeys(wrong.function for wrong in WRONG if wrong.lesson == lesson):
        head = re.search(rf"^static [\w &]*&?{function}\(.*\) {{\n", text, re.MULTILINE)
        assert head, function
        right = text[head.end() : text.index("\n}\n", head.end())]
        cases = "".join(
            f'  if (is_wrong("{number}")) {{ {wrong.body} {"return;" if "static void" in head[0] else ""} }}\n'
            for number, wrong in enumerate(WRONG)
            if (wrong.lesson, wrong.function) == (lesson, function)
        )
        text = with_body(text, function, f"{cases}{right}")
    chooser = """
#include <stdlib.h>
#include <string.h>

static bool is_wrong(const char *number) {
  const char *const wanted = getenv("AIEDGE_WRONG");
  return wanted != nullptr && strcmp(wanted, number) == 0;
}
"""
    return text.replace("\nusing namespace aiedge;\n", f"{chooser}\nusing namespace aiedge;\n", 1)
