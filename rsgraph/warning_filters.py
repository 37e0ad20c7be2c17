"""Remarks of libraries that are no news to the user, kept quiet while other threads work."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast


@contextmanager
def ignored(message: str = "", category: type[Warning] = Warning) -> Iterator[None]:
    """Ignore warnings whose text begins with a pattern, in the whole process, until left.

    Parameters
    ----------
    message
        A regular expression for the beginning of the text, in any case of letters; all texts by default.
    category
        The class of the warnings, those that inherit from it included.

    Notes
    -----
    ``warnings.catch_warnings`` puts back the list of filters that it found, and so takes away what another thread
    has added meanwhile: threads that read, cut and write at once undo each other's. Here each adds its own filter
    and takes it away, and nothing else.
    """
    filters = cast("list[tuple[Any, ...]]", warnings.filters)
    own = ("ignore", re.compile(message, re.IGNORECASE), category, None, 0)
    filters.insert(0, own)
    try:
        yield
    finally:
        for present in (filters, cast("list[tuple[Any, ...]]", warnings.filters)):
            with suppress(ValueError):  # somebody else's catch_warnings has put back an older list
                present.remove(own)
