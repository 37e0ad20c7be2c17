"""A child of the fuzzer whose reader does what the file says: to see that the fuzzer sees it."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import numpy as np

from rsgraph.errors import NotReadable
from tests.fuzz import child
from tests.fuzz.kinds import KINDS, Attempts, Kind

MEGABYTES = 200


def _read(_: Path, file: Path) -> Attempts:
    yield "strange", lambda: _obey(file.read_text())


def _obey(word: str) -> None:
    if word == "sentence":
        raise NotReadable("This is one true sentence.")
    if word == "lines":
        raise NotReadable("This is\nno sentence.")
    if word == "error":
        _ = 1 / 0
    if word == "memory":
        np.ones(MEGABYTES * 3 // 2 * 2**20, dtype=np.uint8)
    if word == "too much memory":
        np.ones(MEGABYTES * 3 * 2**20, dtype=np.uint8)
    if word == "crash":
        ctypes.string_at(0)
    if word == "exit":
        os._exit(3)
    while word == "hang":
        pass


if __name__ == "__main__":
    KINDS["strange"] = Kind(list, lambda draw, data: data, _read, lambda root: None)
    child.main(*sys.argv[1:])
