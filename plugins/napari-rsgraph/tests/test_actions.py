"""The table of actions: names, texts and keys that contradict each other nowhere."""

from __future__ import annotations

import subprocess
import sys

import pytest
from qtpy.QtGui import QKeySequence

from napari_rsgraph.actions import ACTIONS, action, groups, key, single_keys


def test_no_two_actions_have_one_name_and_all_have_words() -> None:
    names = [each.name for each in ACTIONS]
    assert len(set(names)) == len(names)
    assert all(each.text and each.tooltip and each.group for each in ACTIONS)


def test_no_two_actions_have_one_key_where_both_work() -> None:
    keys = [(each.where, QKeySequence(key).toString()) for each in ACTIONS for key in each.keys]
    assert all(key for _, key in keys), "every action has a shortcut that Qt knows"
    assert len(set(keys)) == len(keys)
    everywhere = {key for where, key in keys if not where}
    assert not everywhere & {key for where, key in keys if where}


def test_keys_are_written_as_qt_writes_them() -> None:
    for each in ACTIONS:
        assert [QKeySequence(key).toString() for key in each.keys] == list(each.keys)


def test_an_action_is_found_by_its_name() -> None:
    assert action("find").text == "Find similar"
    assert key("find") == "F"
    assert action("accept_suggestion").keys == ("Return", "Enter")
    with pytest.raises(KeyError):
        action("fly")


def test_menus_keep_the_order_of_the_table() -> None:
    found = groups()
    assert list(found)[:3] == ["Select", "Show", "Label"]
    assert [each.name for each in found["Gallery"]] == [
        "larger_tiles",
        "smaller_tiles",
        "tile_labels",
        "tile_outlines",
    ]
    assert sum(map(len, found.values())) == len(ACTIONS)


def test_single_keys_are_those_of_the_whole_window() -> None:
    assert {"C", "F", "=", "?"} <= single_keys()
    assert not {"[", "I", "Q"} & single_keys()


def test_the_table_needs_no_qt() -> None:
    code = (
        "import sys, napari_rsgraph.actions; print([name for name in sys.modules if 'Qt' in name or 'qtpy' in name])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
