"""Keys that classes can have."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_uppercase

from napari_rsgraph.actions import single_keys

CLASS_KEYS = (*"1234567890", *(letter for letter in ascii_uppercase if letter not in single_keys()))
"""Digits first, then the letters that mean nothing else in the window."""


def free_key(taken: Iterable[str]) -> str | None:
    """Return the first key that no class has yet, or None."""
    upper = {key.upper() for key in taken if key}
    return next((key for key in CLASS_KEYS if key not in upper), None)
