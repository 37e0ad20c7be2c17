"""Models of plain arrays: what a projector or a metric learnt, ``models/<name>.safetensors`` and ``.json``.

With a projector's, further vectors are placed on the map that is there; with a metric's, further segments compared.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import WorkspaceError, in_short
from rsgraph.files import atomic, write_json
from rsgraph.own_files.models import check_weights

NAME = "projector"


def write_model(
    folder: Path, model: Mapping[str, NDArray[Any]], about: Mapping[str, Any], *, name: str = NAME
) -> None:
    """Write the arrays of a model and what they are, each file whole or not at all.

    Parameters
    ----------
    folder
        ``models`` of a workspace.
    model
        By name.
    about
        Options and seed of what learnt it.
    name
        Of the two files.

    Raises
    ------
    OutputError
        The disk is full or the folder not writable.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with atomic(folder / f"{name}.safetensors") as temporary:
        try:
            save_file({key: np.ascontiguousarray(array) for key, array in model.items()}, temporary)
        except SafetensorError as error:  # plain arrays: only the disk can refuse them
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    shapes = {key: list(array.shape) for key, array in model.items()}
    write_json(folder / f"{name}.json", {**about, "arrays": shapes})


def read_model(folder: Path, *, name: str = NAME) -> dict[str, NDArray[Any]] | None:
    """Return what ``write_model`` wrote into ``models`` of a workspace, or None where its projector learnt nothing.

    Raises
    ------
    WorkspaceError
        The file is damaged, or a value is not finite.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / f"{name}.safetensors"
    if not path.exists():
        return None
    check_weights(path)
    try:
        found: dict[str, NDArray[Any]] = load_file(path)
    except SafetensorError as error:
        raise WorkspaceError(
            f"{path} is damaged ({in_short(error)}); `rsgraph run` on its scene restores it"
        ) from error
    return found
