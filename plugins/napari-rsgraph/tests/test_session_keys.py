"""Keys of classes: those that no action of the window has."""

from __future__ import annotations

from napari_rsgraph.actions import ACTIONS
from napari_rsgraph.session.keys import CLASS_KEYS, free_key


def test_classes_get_digits_first_then_letters_that_mean_nothing_else() -> None:
    assert (*"1234567890", *"IQVWYZ") == CLASS_KEYS
    assert not set(CLASS_KEYS) & {key for each in ACTIONS for key in each.keys}


def test_the_first_free_key_is_found_in_either_case() -> None:
    assert free_key([]) == "1"
    assert free_key(["1", "2", "4"]) == "3"
    assert free_key(["i", *"1234567890"]) == "Q"
    assert free_key(CLASS_KEYS) is None
