"""Arrays of all segments, written part by part: no stage holds those of a whole tile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rsgraph.files import atomic


class ArrayFile:
    """A .npy file that grows along its first axis.

    Parameters
    ----------
    file
        Open for writing, empty.
    dtype
        Of all parts.
    """

    def __init__(self, file: Any, dtype: np.dtype[Any] | type) -> None:
        self._file = file
        self._dtype = np.dtype(dtype)
        self._rest: tuple[int, ...] | None = None
        self.rows = 0

    def append(self, part: NDArray[Any]) -> None:
        """Write a part (n, ...) behind those before. Raises ValueError where its other axes differ from theirs."""
        if self._rest is None:
            self._rest = part.shape[1:]
            self._header()
        if part.shape[1:] != self._rest:
            raise ValueError(f"`part` must have shape (n, {self._rest}), as those before. Got {part.shape} instead.")
        self._file.write(np.ascontiguousarray(part, dtype=self._dtype).data)
        self.rows += len(part)

    def end(self) -> None:
        """Enter the number of rows."""
        if self._rest is None:
            raise ValueError("an array of no parts has no shape; append one, be it empty")
        self._file.seek(0)
        self._header()

    def _header(self) -> None:
        """Write the header; numpy leaves room in it for any number of rows."""
        assert self._rest is not None, "its first part gives the shape"
        write_header(self._file, (self.rows, *self._rest), self._dtype)


def write_header(file: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Begin a .npy file that is written by other means than numpy's."""
    described = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, described)


@contextmanager
def array_file(path: Path, dtype: np.dtype[Any] | type = np.float32) -> Iterator[ArrayFile]:
    """Open a .npy file to append to; it is there, whole, after the body and not at all if the body fails.

    Raises
    ------
    OutputError
        Disk full, or the folder is not writable.
    """
    with atomic(path) as temporary, temporary.open("wb") as file:
        array = ArrayFile(file, dtype)
        yield array
        array.end()


class PairsFile:
    """A .npy file (2, n) of int64 that grows along its second axis: edges."""

    def __init__(self, first: Any, second: Any) -> None:
        self._lines = (first, second)
        self.pairs = 0

    def append(self, part: NDArray[np.int64]) -> None:
        """Write a part (2, n) behind those before."""
        for file, line in zip(self._lines, part, strict=True):
            file.write(np.ascontiguousarray(line, dtype=np.int64).data)
        self.pairs += part.shape[1]


@contextmanager
def pairs_file(path: Path, work: Path) -> Iterator[PairsFile]:
    """Open a .npy file (2, n) to append to; whole or absent afterwards.

    Parameters
    ----------
    path
        The file.
    work
        Folder in which the two lines grow until they are joined.

    Raises
    ------
    OutputError
        Disk full, or the folder is not writable.
    """
    lines = (work / f"{path.stem}.0", work / f"{path.stem}.1")
    with atomic(path) as temporary:
        with lines[0].open("wb") as first, lines[1].open("wb") as second:
            pairs = PairsFile(first, second)
            yield pairs
        with temporary.open("wb") as file:
            write_header(file, (2, pairs.pairs), np.dtype("<i8"))
            for line in lines:
                with line.open("rb") as source:
                    shutil.copyfileobj(source, file, 2**20)
                line.unlink()
