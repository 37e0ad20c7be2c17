"""Models of a workspace, ``models/*.safetensors`` and ``.json``: all weights finite, descriptions as written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.own_files.arrays import read_targets
from rsgraph.own_files.fields import Fields, damaged, is_number, read_json_object
from rsgraph.own_files.names import refuse_special

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 1000
"""Of a target: 8 are usual."""

MOST_TENSORS = 10_000
"""Of a network: a U-Net of four levels has 60."""

_MOST_HEADER = 16 * 2**20
_MOST_JSON = 64 * 2**20

_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
_OTHERS = {"I64", "I32", "I16", "I8", "U8", "BOOL", "BF16"}
_MOST_DIMENSIONS = 8
"""Of a tensor: kernels of convolutions have four."""


def check_weights(path: Path) -> None:
    """Check that a file of weights is whole and that all of them are finite, block by block.

    Raises
    ------
    WorkspaceError
        It is no safetensors file of ours, or a tensor holds NaN or infinity.
    """
    size = path.stat().st_size
    header, start = _header(path, size)
    if len(header) > MOST_TENSORS:
        raise damaged(path, f"it has {len(header):,} tensors, and no network of ours more than {MOST_TENSORS:,}")
    for name, about in header.items():
        tensor, name = Fields(path, about, name), name[:80]
        shape = about.get("shape")
        if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
            raise damaged(path, f"tensor '{name}' has no shape of at most {_MOST_DIMENSIONS} dimensions")
        begin, end = _offsets(tensor, size - start)
        type_ = tensor.text(
            "dtype", where=lambda text: text in _FLOATS or text in _OTHERS, expected="a type of numbers"
        )
        if type_ in _FLOATS and not _is_finite(path, start + begin, end - begin, _FLOATS[type_]):
            raise damaged(path, f"tensor '{name}' holds values that are not finite")
        if type_ == "BF16" and not _is_finite_bfloat16(path, start + begin, end - begin):
            raise damaged(path, f"tensor '{name}' holds values that are not finite")


def _header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    """Return what a file says of its tensors, and where their values start."""
    refuse_special(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, _MOST_HEADER):
            raise damaged(path, "no safetensors file")
        text = file.read(length)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, "no safetensors file: its header is no JSON") from error
    if not isinstance(found, dict):
        raise damaged(path, "no safetensors file: its header is no object")
    found.pop("__metadata__", None)
    if not all(isinstance(each, dict) for each in found.values()):
        raise damaged(path, "no safetensors file: its header does not describe tensors")
    return found, 8 + length


def _offsets(tensor: Fields, room: int) -> tuple[int, int]:
    """Return where the values of a tensor begin and end."""
    found = tensor.values.get("data_offsets")
    if not isinstance(found, list) or len(found) != 2 or not all(type(each) is int for each in found):
        tensor.refuse("data_offsets", "two whole numbers")
    begin, end = found
    if not 0 <= begin <= end <= room:
        tensor.refuse("data_offsets", "within the file")
    return begin, end


_BLOCK = 2**22
"""Values that are read together."""


def _is_finite(path: Path, offset: int, length: int, type_: Any) -> bool:
    each = np.dtype(type_).itemsize
    for first in range(0, length // each, _BLOCK):
        count = min(_BLOCK, length // each - first)
        values: NDArray[Any] = np.fromfile(path, type_, count, offset=offset + first * each)
        if not np.isfinite(values).all():
            return False
    return True


def _is_finite_bfloat16(path: Path, offset: int, length: int) -> bool:
    """All eight bits of the exponent are set in what is not finite."""
    bits = np.fromfile(path, np.uint16, length // 2, offset=offset)
    return not bool(((bits & 0x7F80) == 0x7F80).any())


def read_about(path: Path) -> dict[str, Any]:
    """Read the description of a model beside its weights.

    Raises
    ------
    WorkspaceError
        It is damaged: bands are no names, numbers of classes or features are out of range, or the history of losses
        is no list of numbers by name.
    """
    found = read_json_object(path, most=_MOST_JSON)
    about = Fields(path, found)
    if not about.texts("bands"):
        about.refuse("bands", "a list of at least one name")
    for name in ("classes", "features"):
        if name in found:
            about.integer(name, least=1, most=MOST_CLASSES)
    if "component" in found:
        about.object("component").text("name", expected="the name of a component")
    if "history" in found:
        for epoch in about.objects("history"):
            _check_epoch(epoch)
    return found


def _check_epoch(epoch: Fields) -> None:
    """Check one epoch: its number, and losses, which may have become infinite."""
    if not is_number(epoch.values.get("epoch")):
        epoch.refuse("epoch", "the number of an epoch")
    for name, value in epoch.values.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            epoch.refuse(name, "a number")


def read_encoder(path: Path) -> dict[str, Any]:
    """Read ``encoder.json``: also the number of classes that it was taught with. Raises as ``read_about``."""
    found = read_about(path)
    Fields(path, found).integer("classes", least=1, most=MOST_CLASSES)
    return found


_WEIGHTS = ("encoder", "gnn", "metric", "join")
"""Models that are taken over from a workspace, of which the last two may be missing."""


def check_model(folder: Path) -> None:
    """Check all files of a model that is applied without training: those of a workspace that learnt it.

    Raises
    ------
    WorkspaceError
        A file is damaged, a weight not finite, or the files do not agree on the bands and classes.
    """
    encoder = read_encoder(folder / "models" / "encoder.json")
    bands = encoder["bands"]
    centres = read_targets(folder / "targets.npz", bands=len(bands))["centres"]
    if len(centres) != encoder["classes"]:
        raise damaged(
            folder / "models" / "encoder.json", f"it has {encoder['classes']} classes, targets.npz {len(centres)}"
        )
    for name in _WEIGHTS:
        about, weights = (folder / "models" / f"{name}.{suffix}" for suffix in ("json", "safetensors"))
        if about.exists() and read_about(about)["bands"] != bands:
            raise damaged(about, f"its bands are not those of {folder / 'models' / 'encoder.json'}")
        if weights.exists():
            check_weights(weights)
    for name in ("metric", "join"):
        path = folder / "models" / f"{name}.safetensors"
        if path.exists():
            check_metric(path, bands=len(bands))


def check_metric(path: Path, *, bands: int) -> None:
    """Check the arrays of a metric: mean (D,), weight (D,) and matrix (D, E) of each part, which ``Fitted`` applies.

    Raises
    ------
    WorkspaceError
        One is missing, or they do not fit each other or the number of bands.
    """
    size = path.stat().st_size
    header, _ = _header(path, size)
    shapes = {name: Fields(path, about, name).numbers("shape") for name, about in header.items()}
    parts = {name.rpartition(".")[0] for name in shapes if "." in name}
    for part in sorted(parts):
        _check_part(path, part, shapes, bands)
    if path.stem == "metric":
        lacking = [part for part in ("bands", "spectrum", "around") if part not in parts]
        if lacking:
            raise damaged(path, f"it has no part '{lacking[0]}'")
        if shapes.get("diffused") != [2]:
            raise damaged(path, "'diffused' must be two numbers")


def _check_part(path: Path, part: str, shapes: Mapping[str, list[float]], bands: int) -> None:
    mean, weight, matrix = (shapes.get(f"{part}.{name}") for name in ("mean", "weight", "matrix"))
    fits = mean is not None and mean == weight and len(mean) == 1 and matrix is not None and len(matrix) == 2
    if not fits or matrix is None or mean is None or matrix[0] != mean[0]:
        raise damaged(path, f"mean, weight and matrix of '{part}' do not fit each other")
    wanted = {"bands": bands, "spectrum": bands + 1, "around": bands + 1}.get(part)
    if wanted is not None and mean[0] != wanted:
        raise damaged(path, f"'{part}' is of {mean[0]} features; {bands} bands have {wanted}")
