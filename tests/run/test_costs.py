"""Costs of stages on two cores: by chips and passes; of unusual components nobody knows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.io.chips import cut
from rsgraph.options import read_options
from rsgraph.run.costs import SECONDS_OF_A_CHIP, SECONDS_OF_A_PASS, costs
from rsgraph.stages.context import Opened
from rsgraph.stages.plan import STAGES, GivenModel, plan_of, stages_of
from rsgraph.types import Scene
from tests.small_runs import composed


class Nothing:
    """A source that is not read."""


def _opened(side: int) -> Opened:
    scene = Scene("tile", ("B04",), side, side, Nothing())  # type: ignore[arg-type]  # as it says
    return Opened([scene], cut([scene], size=256), 256)


def _costs(side: int, *words: str, model: GivenModel | None = None) -> dict[str, float | None]:
    plan = plan_of(read_options(composed(*words)), "scene", model, None)
    return costs(plan, _opened(side), stages_of(plan))


def test_every_stage_of_the_plain_defaults_is_known() -> None:
    found = _costs(2560)
    assert set(found) == {stage.name for stage in STAGES}
    assert None not in found.values()
    assert found["segments"] == pytest.approx(100 * SECONDS_OF_A_CHIP["segments"])


def test_training_of_a_tile_costs_no_more_than_its_budget() -> None:
    small, large = _costs(2560), _costs(10_752)
    assert small["encoder"] == pytest.approx(large["encoder"], rel=0.1)  # type: ignore[arg-type]  # it is known
    assert large["encode"] == pytest.approx(17.64 * small["encode"])  # type: ignore[operator]
    full = _costs(10_752, "training.budget=full")["encoder"]
    assert full is not None
    assert full > 25 * 1323 * SECONDS_OF_A_PASS


def test_unusual_components_cost_nobody_knows_what() -> None:
    found = _costs(512, "encoder=autoencoder", "matcher=sinkhorn")
    assert [name for name, seconds in found.items() if seconds is None] == ["match", "encoder", "encode"]


def test_what_a_model_brings_costs_nothing(tmp_path: Path) -> None:
    found = _costs(512, model=GivenModel(str(tmp_path), "identity", ("B04",)))
    assert (found["target"], found["encoder"]) == (0.0, 0.0)
    assert _costs(512, "draw=false")["pictures"] == 0.0
