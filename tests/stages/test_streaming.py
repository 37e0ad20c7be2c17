"""Arrays that are written part by part are those that numpy would have written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.stages.streaming import array_file, pairs_file


def test_array_file_is_byte_for_byte_what_numpy_saves(tmp_path: Path) -> None:
    parts = [np.random.default_rng(n).normal(size=(n, 5)).astype(np.float32) for n in (3, 0, 12_345, 1)]
    with array_file(tmp_path / "parts.npy") as array:
        for part in parts:
            array.append(part)
    np.save(tmp_path / "whole.npy", np.concatenate(parts))
    assert (tmp_path / "parts.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_array_file_converts_and_takes_what_lies_otherwise_in_memory(tmp_path: Path) -> None:
    part = np.arange(12.0).reshape(3, 4).T
    with array_file(tmp_path / "a.npy") as array:
        array.append(part)
    found = np.load(tmp_path / "a.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, part)


def test_array_file_refuses_parts_that_do_not_fit_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have shape"):
        _write(tmp_path / "a.npy", [np.zeros((2, 3)), np.zeros((2, 4))])
    assert not list(tmp_path.iterdir())


def _write(path: Path, parts: list[NDArray[np.float64]]) -> None:
    with array_file(path) as array:
        for part in parts:
            array.append(part)


def test_pairs_file_is_byte_for_byte_what_numpy_saves(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    parts = [np.random.default_rng(n).integers(0, 99, (2, n)) for n in (7, 0, 1000)]
    with pairs_file(tmp_path / "edges.npy", tmp_path / "work") as pairs:
        for part in parts:
            pairs.append(part)
    np.save(tmp_path / "whole.npy", np.concatenate(parts, axis=1))
    assert pairs.pairs == 1007
    assert (tmp_path / "edges.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert not list((tmp_path / "work").iterdir())
