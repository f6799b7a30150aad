"""The firmware for the ESP-EYE: a PlatformIO project over ESP-IDF and its FreeRTOS, an environment for each way."""

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen import copy_engine
from aiedge.files import write_atomic
from aiedge.rtos.ways import C_SOURCES, WAYS, write_network
from aiedge.tflite.graph import Graph

SOURCES = ("main.cpp", "board.h", "board_esp32.c", "tasks.h", "tasks_freertos.c")
HEAD = """\
; One firmware, each way an environment: what becomes of a sensor's samples while a network runs.
;
;     pio run -e {first} -t upload -t monitor
;
[platformio]
src_dir = main

[env]
platform = espressif32@6.12.0
board = esp32dev
framework = espidf
monitor_speed = 115200
"""
TOP = """\
cmake_minimum_required(VERSION 3.16)
include($ENV{IDF_PATH}/tools/cmake/project.cmake)
project(samples)
"""
MAIN = """\
idf_component_register(SRCS "main.cpp" "model.c" "board_esp32.c" "tasks_freertos.c" INCLUDE_DIRS "."
                       REQUIRES driver esp_timer)
# The network calls main.cpp before each of its operators.
set_source_files_properties(model.c PROPERTIES COMPILE_OPTIONS "-include;${CMAKE_CURRENT_LIST_DIR}/step.h")
"""
SETTINGS = """\
CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y
CONFIG_ESP_MAIN_TASK_STACK_SIZE=8192
CONFIG_ESP_TASK_WDT_EN=n
"""


def environments() -> dict[str, str]:
    """The environments' names, with WAY of main.cpp: all ways but that of the kernel for one Cortex-M core."""
    return {
        f"esp-eye-{way.name.split(',')[0].replace(' ', '-')}": way.way
        for way in WAYS
        if way.kernel != "kernel.c"
    }


def write_project(graph: Graph, sample: NDArray[np.int8], folder: Path) -> list[Path]:
    """Write the project with an int8 network of one input and one output; return the paths of its own files."""
    network = write_network(graph, sample, folder / "main")
    copy_engine(folder / "main")
    names = environments()
    sections = [f"\n[env:{name}]\nbuild_flags = -D WAY={way}\n" for name, way in names.items()]
    for name in SOURCES:
        shutil.copy(C_SOURCES / name, folder / "main" / name)
    return [
        write_atomic(folder / "platformio.ini", HEAD.format(first=next(iter(names))) + "".join(sections)),
        write_atomic(folder / "CMakeLists.txt", TOP),
        write_atomic(folder / "sdkconfig.defaults", SETTINGS),
        write_atomic(folder / "main/CMakeLists.txt", MAIN),
        *(folder / "main" / name for name in SOURCES),
        *network,
    ]
