"""Compiled functions give what they say, and where nothing can be kept on disk, they still do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numba
import numpy as np

from rsgraph.compiled import compiled

ROOT = Path(__file__).resolve().parents[1]
MODULE = """
import sys
import numba
from rsgraph.compiled import compiled, import_compiled

@compiled()
def twice(number: int) -> int:
    return 2 * number

if __name__ == "__main__":
    try:
        numba.njit(cache=True)(twice.py_func)
    except RuntimeError as error:
        print("no locator available" in str(error))
    print(twice(21), len(twice.signatures))
    print(import_compiled("insists").thrice(14))
"""
INSISTS = """
import numba

@numba.njit(cache=True)
def thrice(number):
    return 3 * number
"""


@compiled()
def add_up(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


@compiled(fastmath={"nnan"}, error_model="numpy")
def ratio(one: float, two: float) -> float:
    return one / two


def test_compiled_functions_run_as_machine_code() -> None:
    assert add_up(np.array([0.5, 1.5, 4.0])) == 6.0
    assert isinstance(add_up, numba.core.dispatcher.Dispatcher)
    assert len(add_up.signatures) == 1


def test_error_model_of_numpy_lets_a_division_by_zero_pass() -> None:
    assert ratio(3.0, 2.0) == 1.5
    assert ratio(1.0, 0.0) == np.inf


def test_machine_code_is_kept_on_disk() -> None:
    from rsgraph.graphs import features

    assert features._count.stats.cache_path is not None


def test_functions_are_compiled_where_no_folder_can_be_written(tmp_path: Path) -> None:
    """A container whose packages are read-only and whose user has no home; a file stands where a folder would be."""
    (tmp_path / "__pycache__").write_text("")
    (tmp_path / "doubling.py").write_text(MODULE)
    (tmp_path / "insists.py").write_text(INSISTS)
    homeless = {"PATH": "/usr/bin:/bin", "HOME": "/dev/null", "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-B", "doubling.py"], cwd=tmp_path, env=homeless, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["True", "42 1", "42"], done.stderr
