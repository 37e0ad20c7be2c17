"""Checkpoints from which training goes on: whole or absent, checked before use, without pickled code."""

from __future__ import annotations

import errno
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from rsgraph.files import atomic
from rsgraph.training.lightning import TorchCheckpointIO

NAME = "last.ckpt"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary name, fsyncs and renames; reads nothing but tensors and plain values."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write the checkpoint. Raises OutputError where the disk is full."""
        with atomic(Path(path)) as temporary:
            try:
                torch.save(checkpoint, temporary)
            except RuntimeError as error:  # how torch's writer says that it could not write all of it
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error

    def load_checkpoint(
        self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint; code in it is refused whatever the caller asks for."""
        loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return loaded


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return the checkpoint, or None where the file is damaged or no checkpoint of ours.

    Its zip checksums are verified first: torch itself does not look at them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return None
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, OSError):
        return None
    return loaded if isinstance(loaded, dict) and "callbacks" in loaded else None
