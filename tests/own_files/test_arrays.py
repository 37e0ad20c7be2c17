from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files import arrays as reading
from rsgraph.own_files.arrays import (
    check_array,
    first_not_finite,
    mapped_array,
    read_edges,
    read_levels,
    read_matrix,
    read_named_arrays,
    read_similarity,
    read_targets,
)
from rsgraph.workspace import write_arrays

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def header(shape: str, dtype: str | tuple[str] = "<f4") -> bytes:
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (117 - len(text) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def zipped() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, a=np.zeros(3))
    return stream.getvalue()


NO_ARRAYS = {
    "empty": b"",
    "cut": b"\x93NUMPY",
    "binary": b"\x89PNG\r\n\x1a\n",
    "longer than the file": header("(1000000000, 1000)") + b"\0" * 64,
    "below nought": header("(-4, 3)") + b"\0" * 48,
    "endless": header("(99999999999999999999, 3)"),
    "of too many bytes to count": header("(1000000000000, 1000000000)"),
    "several arrays": zipped(),
    "objects": header("(4, 3)", "|O") + b"cos\nsystem\n(S'touch x'\ntR.",
    "a type of one part": header("(4, 3)", ("<f4",)) + b"\0" * 48,
    "no shape": header("'4'") + b"\0" * 48,
    "no python": b"\x93NUMPY\x01\x00\x10\x00((((((((((((((((",
    "code": b"\x93NUMPY\x01\x00\x20\x00__import__('os').system('touch')",
}


@pytest.mark.parametrize("attack", NO_ARRAYS)
def test_what_is_no_array_is_refused(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(NO_ARRAYS[attack])
    with pytest.raises(WorkspaceError, match=r"a\.npy is damaged") as caught:
        mapped_array(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "array",
    [
        VECTORS.astype(np.float64),
        VECTORS.astype(np.int32),
        VECTORS[0],
        VECTORS[:, :0],
        VECTORS[None],
        VECTORS.astype("<U4"),
        VECTORS.astype(np.complex64),
    ],
)
def test_a_matrix_of_another_type_or_shape_is_refused(tmp_path: Path, array: Any) -> None:
    np.save(tmp_path / "own.npy", array)
    with pytest.raises(WorkspaceError, match=r"expected float32 of shape \(n, D\)"):
        read_matrix(tmp_path / "own.npy")


@pytest.mark.parametrize(("rows", "columns"), [(5, None), (3, None), (None, 4), (0, None)])
def test_a_matrix_that_does_not_fit_the_others_is_refused(tmp_path: Path, rows: int, columns: int) -> None:
    np.save(tmp_path / "own.npy", VECTORS)
    with pytest.raises(WorkspaceError, match="where the workspace's other files say"):
        read_matrix(tmp_path / "own.npy", rows=rows, columns=columns)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 2, 3])
def test_a_matrix_that_is_not_finite_is_refused_and_the_row_named(tmp_path: Path, wrong: float, row: int) -> None:
    vectors = VECTORS.copy()
    vectors[row, 1] = wrong
    np.save(tmp_path / "own.npy", vectors)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match=f"not finite, first in row {row}"):
            read_matrix(tmp_path / "own.npy")


def test_a_matrix_as_it_is_written_is_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", VECTORS)
    found = read_matrix(tmp_path / "own.npy", rows=4, columns=3)
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, VECTORS)


def test_values_are_looked_at_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK", 2)
    values = np.full((100, 3), np.finfo(np.float32).max, dtype=np.float32)
    assert first_not_finite(values) is None, "large is finite, though its sum is not"
    for row in (0, 41, 99):
        wrong = values.copy()
        wrong[row, 2] = np.nan
        assert first_not_finite(wrong) == row
    assert first_not_finite(np.asfortranarray(values)) is None
    assert first_not_finite(np.zeros((0, 3), np.float32)) is None
    assert first_not_finite(np.arange(3)) is None


@pytest.mark.parametrize(
    "edges",
    [[[0, 9], [1, 0]], [[0, -1], [1, 0]], [[0], [1], [2]], [0, 1], np.zeros((2, 2)), np.zeros((2, 2), np.int32)],
)
def test_edges_of_another_type_or_of_segments_that_are_not_there_are_refused(tmp_path: Path, edges: Any) -> None:
    np.save(tmp_path / "edges.npy", edges)
    with pytest.raises(WorkspaceError, match=r"edges\.npy is damaged"):
        read_edges(tmp_path / "edges.npy", nodes=4)


def test_edges_as_they_are_written_are_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "edges.npy", np.array([[0, 3], [1, 2]]))
    assert read_edges(tmp_path / "edges.npy", nodes=4).tolist() == [[0, 3], [1, 2]]
    np.save(tmp_path / "edges.npy", np.zeros((2, 0), np.int64))
    assert read_edges(tmp_path / "edges.npy", nodes=4).shape == (2, 0)


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("centres.npy", header("(10000000, 1)") + b"\0" * 40_000_000)
    return buffer.getvalue()


def objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, centres=np.array([{"a": 1}], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"\x89PNG", bomb(), objects(), b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_npz_of_ours_is_refused_before_it_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "targets.npz"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=r"targets\.npz is damaged: "):
        read_targets(path)


def test_many_arrays_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(WorkspaceError, match="no whole"):
        read_named_arrays(tmp_path / "a.npz")


CENTRES = np.full((3, 2), 0.1)

TARGETS: list[dict[str, Any]] = [
    {},
    {"centres": CENTRES[0]},
    {"centres": CENTRES.astype(int)},
    {"centres": CENTRES[:, :1]},
    {"centres": CENTRES[:0]},
    {"centres": np.where(CENTRES > 0, np.nan, 0)},
    {"centres": CENTRES.astype("<U8")},
    {"centres": CENTRES},
    {"centres": CENTRES, "fuzziness": np.array(1.0)},
    {"centres": CENTRES, "fuzziness": np.array(np.nan)},
    {"centres": CENTRES, "fuzziness": np.array([2.0, 2.0])},
    {"centres": CENTRES, "fuzziness": np.array("two")},
    {"centres": CENTRES, "fuzziness": np.array(2.0), "more": np.array([np.inf])},
    {"centres": CENTRES, "fuzziness": np.array(2.0), "temperature": np.array(0.0)},
]


@pytest.mark.parametrize("arrays", TARGETS)
def test_targets_of_another_kind_are_refused(tmp_path: Path, arrays: dict[str, Any]) -> None:
    write_arrays(tmp_path / "targets.npz", arrays)
    with pytest.raises(WorkspaceError, match=r"targets\.npz is damaged: "):
        read_targets(tmp_path / "targets.npz", bands=2, needed=("centres", "fuzziness"))


def test_targets_as_they_are_written_are_read(tmp_path: Path) -> None:
    write_arrays(tmp_path / "targets.npz", {"centres": CENTRES, "fuzziness": np.array(2.0)})
    found = read_targets(tmp_path / "targets.npz", bands=2, needed=("centres", "fuzziness"))
    np.testing.assert_array_equal(found["centres"], CENTRES)


def similarity(**changed: Any) -> dict[str, Any]:
    whole = {
        "indices": np.array([[1, 2], [0, 2], [0, 1]]),
        "similarities": np.full((3, 2), 0.5, np.float32),
        "error": np.zeros((3, 2), np.float32),
        "matrix": np.eye(3, dtype=np.float32),
        "ceiling": np.full(3, -1, np.float32),
        "solved": np.array(3),
        "given_up_dual": np.array(0),
    }
    return {name: array for name, array in (whole | changed).items() if array is not None}


WRONG: list[dict[str, Any]] = [
    *({name: None} for name in ("indices", "similarities", "error", "solved")),
    {"indices": np.array([[1, 2], [0, 3], [0, 1]])},
    {"indices": np.array([[1, 2], [0, -1], [0, 1]])},
    {"indices": np.array([[1.0, 2], [0, 2], [0, 1]])},
    {"indices": np.array([1, 2, 0])},
    {"indices": np.array([[1, 2], [0, 1]])},
    {"similarities": np.full((3, 1), 0.5, np.float32)},
    {"similarities": np.full((3, 2), 1.5, np.float32)},
    {"similarities": np.full((3, 2), np.nan, np.float32)},
    {"error": np.full((3, 2), -1, np.float32)},
    {"error": np.full((3, 2), np.inf, np.float32)},
    {"matrix": np.eye(2, dtype=np.float32)},
    {"matrix": np.full((3, 3), np.nan, np.float32)},
    {"matrix": np.array("x")},
    {"ceiling": np.zeros((3, 1), np.float32)},
    {"solved": np.array(-1)},
    {"solved": np.array([1, 2])},
    {"solved": np.array(0.5)},
    {"given_up_dual": np.array("many")},
]


@pytest.mark.parametrize("changed", WRONG)
def test_similarities_of_another_kind_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    write_arrays(tmp_path / "similarity.npz", similarity(**changed))
    with pytest.raises(WorkspaceError, match=r"similarity\.npz is damaged: "):
        read_similarity(tmp_path / "similarity.npz", chips=3)


def test_similarities_as_they_are_written_are_read(tmp_path: Path) -> None:
    write_arrays(tmp_path / "similarity.npz", similarity())
    assert {*read_similarity(tmp_path / "similarity.npz", chips=3)} == {*similarity()}
    with pytest.raises(WorkspaceError):
        read_similarity(tmp_path / "similarity.npz", chips=4)


def test_levels_are_checked(tmp_path: Path) -> None:
    whole = {"mean": np.ones((3, 2)), "deviation": np.ones((3, 2)), "pixels": np.array([4, 5, 6])}
    write_arrays(tmp_path / "levels.npz", whole)
    assert read_levels(tmp_path / "levels.npz", bands=2)["pixels"].tolist() == [4, 5, 6]
    for changed in ({"mean": np.ones((3, 3))}, {"deviation": -np.ones((3, 2))}, {"pixels": np.ones(3)}):
        write_arrays(tmp_path / "levels.npz", {**whole, **changed})
        with pytest.raises(WorkspaceError, match=r"levels\.npz is damaged"):
            read_levels(tmp_path / "levels.npz", bands=2)


def test_an_array_is_named_with_what_it_must_be(tmp_path: Path) -> None:
    found = {"a": np.zeros((2, 3))}
    with pytest.raises(
        WorkspaceError, match=r"'a' must be numbers of shape \('n', 4\)\. Got float64 of shape \(2, 3\)"
    ):
        check_array(tmp_path, found, "a", shape=(None, 4))
    with pytest.raises(WorkspaceError, match="'a' must be above 1"):
        check_array(tmp_path, found, "a", where=lambda values: values > 1, expected="above 1")
    assert check_array(tmp_path, found, "a") is found["a"]
