from __future__ import annotations

import pytest

from rsgraph.errors import ConfigError
from rsgraph.io.palette import CLASS_COLOURS, DIFFERENT_CLASSES, class_colour
from rsgraph.journal.classes import check_room, free_colour, next_colour, valid_colour, valid_key, valid_name
from rsgraph.journal.state import DefinedClass

WATER = {1: DefinedClass(1, "water", "#0072b2", "w")}


def test_names_lose_the_blanks_around_them_and_fit_on_a_line() -> None:
    assert valid_name("  open water ") == "open water"
    assert valid_name("x" * 200) == "x" * 200
    for name in (
        "\u0645\u06cc\u200c\u0634\u0648\u062f",
        "\U0001f468\u200d\U0001f33e",
        "\u68ee\u6797",
    ):  # Persian, emoji, Chinese
        assert valid_name(name) == name
    with pytest.raises(ConfigError, match="a class needs a name"):
        valid_name("\u200d")
    for name in ("", " ", "x" * 201, "two\nlines"):
        with pytest.raises(ConfigError, match="a class needs a name of 1 to 200 characters on one line"):
            valid_name(name)


def test_colours_are_six_digits_in_lower_case() -> None:
    assert valid_colour("#20A0Ff") == "#20a0ff"
    for colour in ("20a0ff", "#20a0f", "#20a0fg", "blue"):
        with pytest.raises(ConfigError, match="`colour` must be like #2060c0"):
            valid_colour(colour)


def test_a_key_belongs_to_one_class() -> None:
    assert valid_key("w", "water", WATER) == "w"
    assert valid_key("s", "sand", WATER) == "s"
    assert valid_key("", "sand", WATER) is None
    with pytest.raises(ConfigError, match="the key 'w' belongs to the class 'water'"):
        valid_key("w", "sand", WATER)


def test_the_next_colour_is_the_first_that_no_class_has() -> None:
    assert next_colour({}) == CLASS_COLOURS[0]
    assert next_colour({1: DefinedClass(1, "water", CLASS_COLOURS[0], "w")}) == CLASS_COLOURS[1]
    assert next_colour({2: DefinedClass(2, "sand", CLASS_COLOURS[1], None)}) == CLASS_COLOURS[0]


def test_where_all_colours_are_taken_they_begin_again() -> None:
    every = [class_colour(number) for number in range(DIFFERENT_CLASSES)]
    taken = {number: DefinedClass(number, str(number), colour, None) for number, colour in enumerate(every)}
    assert next_colour(taken) == free_colour(every) == CLASS_COLOURS[0]


def test_there_is_room_for_some_thousand_classes() -> None:
    check_room(dict.fromkeys(range(4095), WATER[1]))
    with pytest.raises(ConfigError, match="there are 4096 classes already, and there may be no more"):
        check_room(dict.fromkeys(range(4096), WATER[1]))
