"""Costs of the stages of a run on two cores, as far as anybody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rsgraph.options import Options
from rsgraph.stages.context import Opened
from rsgraph.stages.plan import Plan, Stage
from rsgraph.stages.schedules import planned_encoder, planned_gnn
from rsgraph.training.budget import most_pixels
from rsgraph.types import Chip

CHIP = 256 * 256
"""Pixels of the chip that seconds are counted for."""

SECONDS_OF_A_CHIP: Mapping[str, float] = {
    "scene": 0.004,
    "segments": 0.04,
    "graph": 0.002,
    "metric": 0.005,
    "project": 0.06,
    "match": 0.16,
    "chip_map": 0.004,
    "memberships": 0.01,
    "encode": 0.17,
    "join": 0.005,
    "trained_maps": 0.03,
    "pictures": 0.02,
}
"""Stage -> seconds that it takes for a chip on two cores, with the components of the plain defaults. Only how they
compare with each other counts; measured on a whole tile (experiments/benchmarks/results/whole_tile.csv)."""

SECONDS_OF_A_PASS, SECONDS_OF_A_VALIDATION, SECONDS_OF_A_GRAPH = 0.75, 0.2, 0.02
SECONDS_OF_A_PIXEL, SECONDS_TO_EMBED = 1e-4, 0.007
"""Of the encoder's training and validation, of the GNN's, of a pixel of the soft classes, and of the GNN's layers."""

_USUAL: Mapping[str, Mapping[str, str]] = {
    "segments": {"segmenter": "slic"},
    "project": {"projector": "umap"},
    "match": {"matcher": "auto"},
    "chip_map": {"projector": "umap"},
    "trained_maps": {"projector": "umap"},
    "target": {"target": "fuzzy_c_means"},
    "memberships": {"target": "fuzzy_c_means"},
    "encoder": {"encoder": "unet"},
    "encode": {"encoder": "unet"},
    "gnn": {"gnn": "gcn"},
}
"""Stage -> the components that these seconds are of: of others nobody knows them before they are at work."""


def costs(plan: Plan, opened: Opened, stages: Sequence[Stage]) -> dict[str, float | None]:
    """Return stage -> its seconds on two cores, None where nobody knows them; of stages that are to be computed."""
    return {stage.name: _cost(stage.name, plan, opened) for stage in stages}


def _cost(stage: str, plan: Plan, opened: Opened) -> float | None:
    options = plan.options
    usual = all(getattr(options, kind).name == name for kind, name in _USUAL.get(stage, {}).items())
    given = plan.model is not None and stage in ("target", "encoder")
    if given or (stage == "pictures" and not options.draw):
        return 0.0
    if not usual or plan.addition is not None:
        return None
    if stage in _TRAINED:
        return _TRAINED[stage](options, opened)
    return SECONDS_OF_A_CHIP.get(stage, 0.0) * _chips(opened.chips)


def _chips(chips: Sequence[Chip]) -> float:
    """Return how many chips of 256 x 256 pixels these are as large as."""
    return sum(chip.window.rows * chip.window.columns for chip in chips) / CHIP


def _of_target(options: Options, opened: Opened) -> float | None:
    every = int(options.target.parameters.get("sample_every", 1))
    pixels = _chips(opened.chips) * CHIP / every
    most = most_pixels(options.training.budget)
    return SECONDS_OF_A_PIXEL * (pixels if most is None else min(pixels, most))


def _of_encoder(options: Options, opened: Opened) -> float | None:
    planned = planned_encoder(options, opened)
    one = opened.side**2 / CHIP
    validated = planned.epochs * (len(planned.validation) or len(planned.train))
    return one * (planned.passes * SECONDS_OF_A_PASS + validated * SECONDS_OF_A_VALIDATION)


def _of_gnn(options: Options, opened: Opened) -> float | None:
    planned, one = planned_gnn(options, opened, range(len(opened.chips))), opened.side**2 / CHIP
    return one * planned.passes * SECONDS_OF_A_GRAPH + SECONDS_TO_EMBED * _chips(opened.chips)


_TRAINED: Mapping[str, Callable[[Options, Opened], float | None]] = {
    "target": _of_target,
    "encoder": _of_encoder,
    "gnn": _of_gnn,
}
