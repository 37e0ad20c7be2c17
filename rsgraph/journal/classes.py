"""Names, colours and hotkeys of classes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from rsgraph.errors import ConfigError
from rsgraph.io.palette import DIFFERENT_CLASSES, class_colour
from rsgraph.journal.checking import MOST_CLASSES
from rsgraph.journal.events import LONGEST_NAME
from rsgraph.journal.state import DefinedClass

_JOINERS = "\u200c\u200d"
"""They are not shown, and join or part the letters beside them in Persian, Hindi and emoji."""


def valid_name(name: str) -> str:
    """Return the name of a class without blanks around it. Raises ConfigError."""
    stripped = name.strip()
    shown = all(letter.isprintable() or letter in _JOINERS for letter in stripped)
    if not stripped.strip(_JOINERS) or len(stripped) > LONGEST_NAME or not shown:
        raise ConfigError(
            f"a class needs a name of 1 to {LONGEST_NAME} characters on one line. Got {name!r} instead."
        )
    return stripped


def valid_colour(colour: str) -> str:
    """Return a colour in lower case. Raises ConfigError."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ConfigError(f"`colour` must be like #2060c0. Got {colour!r} instead.")
    return colour.lower()


def valid_key(key: str, name: str, classes: Mapping[int, DefinedClass]) -> str | None:
    """Return the hotkey of a class, None for "". Raises ConfigError where another class has it."""
    taken = next((each.name for each in classes.values() if key and each.key == key and each.name != name), None)
    if taken is not None:
        raise ConfigError(f"the key {key!r} belongs to the class '{taken}'; choose another one for '{name}'")
    return key or None


def next_colour(classes: Mapping[int, DefinedClass]) -> str:
    """Return the first colour of the palette that no class has; where all are taken, the next in turn."""
    return free_colour({each.colour for each in classes.values()})


def free_colour(taken: Collection[str]) -> str:
    """Return the first colour of the palette that is not taken; where all are, the next in turn."""
    palette = (class_colour(number) for number in range(DIFFERENT_CLASSES))
    return next((each for each in palette if each not in taken), class_colour(len(taken)))


def check_room(classes: Mapping[int, DefinedClass]) -> None:
    """Raise ConfigError where there are so many classes that no other may be defined."""
    if len(classes) >= MOST_CLASSES:
        raise ConfigError(f"there are {len(classes)} classes already, and there may be no more: remove some first")
