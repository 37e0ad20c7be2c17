from __future__ import annotations

from rsgraph.exporters.labelled import labels_of
from rsgraph.exporters.scope import Scope
from rsgraph.types import LabelClass
from tests.exporters.workspaces import OpenedWorkspace


def test_labels_of_holds_what_the_scope_lets_leave_and_all_classes(labelled: OpenedWorkspace) -> None:
    labelled.scope = Scope(segment_ids=[2, 5])  # type: ignore[attr-defined, arg-type]
    found = labels_of(labelled)
    assert found.table["segment_id"].tolist() == [2, 5]
    assert found.table["label"].tolist() == ["sand", "water"]
    assert found.classes == (LabelClass(1, "sand", "#0072b2"), LabelClass(2, "water", "#e69f00"))
