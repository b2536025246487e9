"""What is compiled is made anew when its file changes, so it must not lean on another file's compiled code."""

import importlib
import pkgutil
import subprocess
import sys

import numpy as np
from numba.core.dispatcher import Dispatcher

import streams
from streams.native import native


def test_compiled_functions_call_only_those_of_their_own_file() -> None:
    found = 0
    for info in pkgutil.walk_packages(streams.__path__, "streams."):
        module = importlib.import_module(info.name)
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and function.py_func.__module__ == info.name:
                found += 1
                called = [vars(module).get(name) for name in function.py_func.__code__.co_names]
                assert {one.py_func.__module__ for one in called if isinstance(one, Dispatcher)} <= {
                    info.name
                }
    assert found


def test_without_a_folder_for_its_code_a_function_is_compiled_all_the_same() -> None:
    scope: dict[str, object] = {}
    exec("def twice(numbers):\n    return numbers.sum() * 2\n", scope)  # of no file, so of no folder
    twice = native(scope["twice"])  # type: ignore[type-var]
    assert twice(np.arange(4)) == 12  # type: ignore[operator]


def test_intake_and_sinks_load_no_compiler() -> None:
    # it would be a third of their memory
    code = "import console.main, console.work_command, agents.sink_worker, sys; print('numba' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )
