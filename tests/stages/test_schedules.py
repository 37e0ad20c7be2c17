"""The budget over the chips of a run."""

from __future__ import annotations

from pathlib import Path

from rsgraph.stages.schedules import planned_encoder, planned_gnn
from tests.stages.squares import context, speckled


def test_chips_that_are_held_out_validate(tmp_path: Path) -> None:
    given = context(tmp_path, scenes=[speckled()])
    planned = planned_encoder(given.options, given.opened)
    assert [given.opened.chips[i].split for i in planned.validation] == ["test"] * 3
    assert len(planned.train) == 9
    assert planned.epochs == given.options.training.encoder.max_epochs


def test_chips_without_a_segment_have_no_graph(tmp_path: Path) -> None:
    given = context(tmp_path, scenes=[speckled()])
    assert planned_gnn(given.options, given.opened, [0, 1, 3, 5]).chips == [0, 1, 3, 5]
    assert planned_gnn(given.options, given.opened, [0, 1]).validation == ()
