"""Arrays of a workspace, ``.npy`` and ``.npz``: type, shape, range, all values finite; sizes before they are read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.errors import in_short
from rsgraph.files import NO_ARRAY, map_array, read_arrays
from rsgraph.own_files.fields import damaged, once
from rsgraph.own_files.names import refuse_special
from rsgraph.types import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 2**18
"""Values that are looked at together: a megabyte, which a processor's cache holds."""

MOST_BYTES = 2**31
"""Of all arrays of one ``.npz``, which is read whole: the similarity of 20 000 chips with each other is smaller."""

_MOST_ARRAYS = 1000


def mapped_array(path: Path) -> NDArray[Any]:
    """Map a .npy file into memory. Raises WorkspaceError where it is none, or shorter than its header says."""
    refuse_special(path)
    try:
        return map_array(path)
    except FileNotFoundError:
        raise
    except NO_ARRAY as error:
        raise damaged(path, f"no whole .npy ({in_short(error)})") from error


def read_matrix(path: Path, *, rows: int | None = None, columns: int | None = None) -> Floats:
    """Map a matrix of finite numbers, (rows, D) float32, such as an embedding.

    Parameters
    ----------
    path
        Of the file.
    rows, columns
        That it must have; None: any number. There is at least one column.

    Raises
    ------
    WorkspaceError
        It is no such matrix, or a value is not finite.
    """
    found: Floats = mapped_array(path)
    if found.dtype != np.float32 or found.ndim != 2 or 0 in found.shape[1:]:
        raise damaged(path, f"expected float32 of shape (n, D). Got {found.dtype} of shape {found.shape} instead")
    for name, wanted, there in (("rows", rows, found.shape[0]), ("columns", columns, found.shape[1])):
        if wanted is not None and wanted != there:
            raise damaged(path, f"it has {there} {name}, where the workspace's other files say {wanted}")
    once(path, "finite", lambda: _check_finite(path, found))
    return found


def _check_finite(path: Path, found: Floats) -> None:
    row = first_not_finite(found)
    if row is not None:
        raise damaged(path, f"it holds values that are not finite, first in row {row}")


def first_not_finite(values: NDArray[Any]) -> int | None:
    """Return the first row that holds NaN or infinity; None where all values are finite.

    A block times itself is finite only where all its values are: one pass over the memory, no copy. Where it is not,
    which sums of very large numbers are neither, the values are looked at one by one.
    """
    if values.dtype.kind not in "fc":
        return None
    width = max(1, int(np.prod(values.shape[1:], dtype=np.int64)))
    step = max(1, 4 * _BLOCK // width)  # each value is read once, so that no cache need hold them
    for start in range(0, len(values), step):
        block = values[start : start + step].reshape(-1)
        with np.errstate(invalid="ignore", over="ignore"):
            finite = np.isfinite(np.dot(block, block))
        if not finite:
            rows = np.isfinite(block).reshape(-1, width).all(axis=1)
            if not rows.all():
                return start + int(np.argmin(rows))
    return None


def read_edges(path: Path, *, nodes: int | None) -> NDArray[np.int64]:
    """Map edges, (2, E) int64, whose values are rows of the table of segments.

    Raises
    ------
    WorkspaceError
        It is no such array, or an edge names a segment that is not there (of ``nodes``).
    """
    found: NDArray[np.int64] = mapped_array(path)
    if found.dtype != np.int64 or found.ndim != 2 or found.shape[0] != 2:
        raise damaged(path, f"expected int64 of shape (2, E). Got {found.dtype} of shape {found.shape} instead")
    if nodes is not None:
        once(path, f"below {nodes}", lambda: _check_range(path, found, nodes))
    return found


def _check_range(path: Path, found: NDArray[np.int64], end: int) -> None:
    for block in _blocks(found):
        if int(block.min()) < 0 or int(block.max()) >= end:
            wrong = int(block.min()) if int(block.min()) < 0 else int(block.max())
            raise damaged(path, f"an edge names row {wrong}, and segments.parquet has {end}")


def _blocks(found: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the values of both rows piece by piece."""
    for row in found:
        for start in range(0, len(row), _BLOCK):
            yield row[start : start + _BLOCK]


def read_named_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of a .npz, which we write uncompressed: what they hold is never larger than the file.

    Raises
    ------
    WorkspaceError
        It is no .npz, an array in it is compressed, of objects or of more bytes than the file, or not finite.
    """
    refuse_special(path)
    try:
        _check_members(path)
        found = read_arrays(path)
        if not all(isinstance(array, np.ndarray) for array in found.values()):  # NumPy gives other members as bytes
            raise ValueError("a member of it is no array")
    except FileNotFoundError:
        raise
    except NO_ARRAY as error:
        raise damaged(path, f"no whole .npz ({in_short(error)})") from error
    return found


def _check_members(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    sizes = [each.file_size for each in members]
    if any(each.compress_type != zipfile.ZIP_STORED for each in members):
        raise ValueError("an array in it is compressed, which rsgraph does not do")
    if sum(sizes) > min(MOST_BYTES, path.stat().st_size) or len(members) > _MOST_ARRAYS:
        raise ValueError("its arrays are larger than the file")


def check_array(
    path: Path,
    found: dict[str, NDArray[Any]],
    name: str,
    *,
    shape: Sequence[int | None] | None = None,
    kind: str = "f",
    where: Callable[[NDArray[Any]], Any] | None = None,
    expected: str = "",
) -> NDArray[Any]:
    """Return one of the arrays of a .npz.

    Parameters
    ----------
    path, found
        Of the file, and what was read of it.
    name
        Of the array.
    shape
        That it must have, None for any length of an axis.
    kind
        Of its type: ``f`` floating, ``i`` whole numbers.
    where
        Must hold of all values, which ``expected`` says in words.

    Raises
    ------
    WorkspaceError
        It is not there, or not as it must be, or not finite.
    """
    array = found.get(name)
    if array is None:
        raise damaged(path, f"it has no array '{name}'")
    wanted = tuple("n" if each is None else each for each in shape or ())
    fits = shape is None or (
        array.ndim == len(shape)
        and all(each is None or each == there for each, there in zip(shape, array.shape, strict=True))
    )
    if array.dtype.kind != kind or not fits:
        type_ = {"f": "numbers", "i": "whole numbers"}[kind]
        about = f" of shape {wanted}" if shape is not None else ""
        raise damaged(path, f"'{name}' must be {type_}{about}. Got {array.dtype} of shape {array.shape} instead")
    if not np.isfinite(array).all():
        raise damaged(path, f"'{name}' holds values that are not finite")
    if where is not None and not np.all(where(array)):
        raise damaged(path, f"'{name}' must be {expected}")
    return array


def read_similarity(path: Path, *, chips: int | None) -> dict[str, NDArray[Any]]:
    """Read ``similarity.npz``: the most similar chips of each, and the full matrix where it was asked for.

    Raises
    ------
    WorkspaceError
        An array is missing, of another shape or type, not finite or out of range; or there are not ``chips`` rows.
    """
    found = read_named_arrays(path)
    indices = check_array(path, found, "indices", shape=(chips, None), kind="i")
    n, k = indices.shape
    if indices.size and not (indices.min() >= 0 and indices.max() < n):
        raise damaged(path, f"'indices' must be chips, 0 to {n - 1}. Got {indices.min()} to {indices.max()} instead")
    check_array(path, found, "similarities", shape=(n, k), where=_is_cosine, expected="between -1 and 1")
    check_array(path, found, "error", shape=(n, k), where=lambda error: error >= 0, expected="at least 0")
    for name, shape in (("matrix", (n, n)), ("dual", (n, n)), ("ceiling", (n,))):
        if name in found:
            check_array(path, found, name, shape=shape)
    counts = ["solved", *(name for name in found if name.startswith("given_up_"))]
    for name in counts:
        check_array(path, found, name, shape=(), kind="i", where=lambda count: count >= 0, expected="at least 0")
    return found


def _is_cosine(values: NDArray[Any]) -> NDArray[np.bool_]:
    fits: NDArray[np.bool_] = np.abs(values) <= 1 + _ROUNDING
    return fits


_ROUNDING = 1e-3
"""By which cosines in float32 may be above 1."""


def read_levels(path: Path, *, bands: int) -> dict[str, NDArray[Any]]:
    """Read ``levels.npz``: mean and deviation (chips, bands), and valid pixels (chips,), of each chip.

    Raises
    ------
    WorkspaceError
        An array is missing, not finite, or of another shape.
    """
    found = read_named_arrays(path)
    chips = len(check_array(path, found, "mean", shape=(None, bands)))
    check_array(
        path, found, "deviation", shape=(chips, bands), where=lambda values: values >= 0, expected="at least 0"
    )
    check_array(
        path, found, "pixels", shape=(chips,), kind="i", where=lambda count: count >= 0, expected="at least 0"
    )
    return found


_SCALARS = {"fuzziness": 1.0, "temperature": 0.0}
"""Numbers that targets are fitted with, and what each is above."""


def read_targets(
    path: Path, *, bands: int | None = None, needed: Sequence[str] = ("centres",)
) -> dict[str, NDArray[Any]]:
    """Read ``targets.npz``: cluster centres (C, bands), and what else the component that fitted them keeps.

    Parameters
    ----------
    path
        Of the file.
    bands
        That centres must have; None: any number.
    needed
        Names of the arrays that the component reads.

    Raises
    ------
    WorkspaceError
        There are no centres, they are not finite, or not of so many bands; or another array is not finite.
    """
    found = read_named_arrays(path)
    centres = check_array(path, found, "centres", shape=(None, bands))
    if 0 in centres.shape:
        raise damaged(path, f"'centres' must hold at least one class. Got shape {centres.shape} instead")
    lacking = [name for name in needed if name not in found]
    if lacking:
        raise damaged(path, f"it has no array '{lacking[0]}'")
    for name, least in _SCALARS.items():
        if name in found:
            within = found[name].shape == () and found[name].dtype.kind == "f" and found[name] > least
            if not within:
                raise damaged(path, f"'{name}' must be a number above {least:g}")
    for name, array in found.items():
        if array.dtype.kind in "fiub" and not np.isfinite(array).all():
            raise damaged(path, f"'{name}' holds values that are not finite")
        if array.dtype.kind not in "fiubU":
            raise damaged(path, f"'{name}' must be numbers. Got {array.dtype} instead")
    return found
