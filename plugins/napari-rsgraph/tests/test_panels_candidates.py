"""The list of candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent

from napari_rsgraph.panels.candidates import PAGE, CandidateList
from napari_rsgraph.session.search import Results
from napari_rsgraph.session.session import Session

ROLE = Qt.ItemDataRole


@pytest.fixture
def found(qtbot: Any, session: Session) -> CandidateList:
    """Thirty segments that were found for the first one; the second is rejected."""
    session.search.results = Results("segments", np.array([0]), np.arange(1, 31), np.linspace(1, 0.71, 30))
    session.search.results.verdicts[1] = "rejected"
    made = CandidateList(session)
    qtbot.addWidget(made)
    made.candidates.show_page(0)
    return made


def test_one_page_is_listed(found: CandidateList) -> None:
    assert found.model().rowCount() == PAGE
    found.candidates.show_page(PAGE)
    assert found.model().rowCount() == 30 - PAGE
    assert found.model().index(0).data().startswith("21. segment ")


def test_a_candidate_says_its_similarity_and_verdict(found: CandidateList, session: Session) -> None:
    said = found.model().index(1).data(ROLE.ToolTipRole)
    assert said.startswith(f"2. segment {session.tables.ids[2]}, chip ")
    assert said.endswith("similarity 0.9900, rejected")
    session.labels.define("water")
    session.labels.assign(np.array([2]), "water")
    assert found.candidates.detail(1) == "similarity 0.9900, labelled water"


@pytest.mark.parametrize(
    ("key", "held", "expected"),
    [
        (Qt.Key.Key_X, Qt.KeyboardModifier.NoModifier, ["reject"]),
        (Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier, ["accept_rest"]),
        (Qt.Key.Key_K, Qt.KeyboardModifier.NoModifier, ["previous_candidate"]),
        (Qt.Key.Key_Q, Qt.KeyboardModifier.NoModifier, []),
    ],
)
def test_keys_stand_for_actions_and_others_go_on(
    found: CandidateList, key: Any, held: Any, expected: list[str]
) -> None:
    heard: list[str] = []
    found.pressed_key.connect(heard.append)
    event = QKeyEvent(QKeyEvent.Type.KeyPress, key, held)
    found.keyPressEvent(event)
    assert heard == expected
    assert event.isAccepted() == bool(expected)
