"""Import paths of this command and of the processes that it starts: nothing comes from the folder it is typed in.

Python puts the current folder first among the places that it imports from, for ``python -m`` and for every process
that ``multiprocessing`` or Dask start. A scene may come with a ``signal.py`` beside it, which would be run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rsgraph.errors import ConfigError

VARIABLE = "PYTHONSAFEPATH"
"""Python's own: as ``python -P``, for all processes that inherit it."""

_SETTINGS = ".numba_config.yaml"
"""Numba reads it in the current folder, and it says where compiled code is kept, from which code is loaded."""

_turn = threading.Lock()
_open: list[str | None] = []
"""For each ``safe_children`` that is entered now, what the variable was before the first of them."""


@contextmanager
def safe_children() -> Iterator[None]:
    """Let Python processes that start inside import nothing from the current folder; may be nested, in any thread."""
    with _turn:
        _open.append(_open[0] if _open else os.environ.get(VARIABLE))
        os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        with _turn:
            before = _open.pop()
            if not _open:
                _put_back(before)


def _put_back(before: str | None) -> None:
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before


def refuse_settings_here() -> None:
    """Raise ConfigError where the current folder holds settings by which a library would load code from it."""
    if os.path.lexists(_SETTINGS):
        raise ConfigError(
            f"the folder {os.getcwd()} holds {_SETTINGS}, by which code could be loaded from anywhere: move it away, "
            "or type the command in another folder (numba's settings may stand in environment variables, too)"
        )
