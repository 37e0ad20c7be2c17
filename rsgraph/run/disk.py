"""Needs of a run on disk, known before its first stage: outputs of its stages, and the work that one keeps.

Vectors make up most of it, and their number follows from the pixels: so many segments a chip, so many features a
layer. What a component of another package makes is counted like the usual one of its kind.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rsgraph.cache import StageCache
from rsgraph.console import note, say
from rsgraph.errors import OutputError
from rsgraph.options import Choice, Options
from rsgraph.stages.context import Opened
from rsgraph.stages.plan import Plan, stages_of
from rsgraph.workspace import JOINT

SURELY = 0.75
"""Share of what is expected without which a run does not begin: none that was measured took less than this."""

_USUAL_SEGMENTS, _USUAL_FEATURES, _USUAL_EDGES = 500, 64, 8
_ROOM = 2_000_000
"""Bytes of what does not grow with the scene: options, manifest, records, small models, the store of MLflow."""


@dataclass(frozen=True)
class Need:
    """Bytes that a stage needs.

    Parameters
    ----------
    outputs
        That stay.
    work
        That it keeps beside them until it is done, so that it can be resumed.
    """

    outputs: float
    work: float = 0.0


@dataclass(frozen=True)
class _Sizes:
    """Counts that bytes follow from: pixels, chips, bands, segments, and the features of each layer."""

    pixels: int
    chips: int
    bands: int
    segments: float
    features: Mapping[str, int]


def needs(plan: Plan, opened: Opened, stages: Collection[str]) -> dict[str, Need]:
    """Return stage -> what it needs.

    Parameters
    ----------
    plan, opened
        Of the run.
    stages
        Names of those that are to be computed.
    """
    sizes = _sizes(plan, opened)
    return {
        stage.name: _NEEDS.get(stage.name, _nothing)(plan.options, sizes, plan)
        for stage in stages_of(plan)
        if stage.name in stages
    }


def together(found: Collection[Need]) -> float:
    """Return the bytes that stages need one after the other: all outputs, and the most work that one keeps."""
    if not found:
        return 0.0
    return _ROOM + sum(each.outputs for each in found) + max(each.work for each in found)


def check_room(
    plan: Plan, opened: Opened, wanted: Mapping[str, str], missing: Collection[str], places: Places
) -> None:
    """Say what a run will need on disk, before it begins.

    Parameters
    ----------
    plan, opened
        Of the run.
    wanted
        Stage -> key.
    missing
        Stages that the workspace lacks.
    places
        Where outputs go.

    Raises
    ------
    OutputError
        There is not nearly enough room, and ``disk=check``.
    """
    cached = {name for name in missing if (places.cache.place_of(name, wanted[name]) / "stage.json").exists()}
    made = needs(plan, opened, {*missing} - cached)
    copied = needs(plan, opened, missing)  # two disks cannot share a file
    disks = _disks({places.cache.folder: together([*made.values()]), places.workspace: _copies(places, copied)})
    for place, bytes_ in disks.items():
        _check(place, bytes_, shutil.disk_usage(place).free, strict=plan.options.disk == "check")


@dataclass(frozen=True)
class Places:
    """Where outputs of stages go: into the cache first, and from there into the workspace."""

    cache: StageCache
    workspace: Path


def _copies(places: Places, found: Mapping[str, Need]) -> float:
    """Return the bytes that a workspace needs of its own: none on the disk of the cache, whose files it shares."""
    same = _device(_existing(places.workspace)) == _device(_existing(places.cache.folder))
    return 0.0 if same else sum(each.outputs for each in found.values())


def _disks(wanted: Mapping[Path, float]) -> dict[Path, float]:
    """Add up what is needed on each disk, known by the first folder of it."""
    found: dict[int, tuple[Path, float]] = {}
    for place, bytes_ in wanted.items():
        folder = _existing(place)
        first, sum_ = found.get(_device(folder), (folder, 0.0))
        found[_device(folder)] = (first, sum_ + bytes_)
    return {place: bytes_ for place, bytes_ in found.values() if bytes_}


def _device(folder: Path) -> int:
    """Return the number of the disk that a folder is on."""
    return folder.stat().st_dev


def _existing(path: Path) -> Path:
    """Return the folder itself, or the first above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.is_dir())


def _check(place: Path, expected: float, free: int, *, strict: bool) -> None:
    found = f"about {shown(expected)} on the disk of {place}, where {shown(free)} are free"
    advice = (
        "free some space (`rsgraph cache` says what may go), or choose another disk with workspace= and cache.path="
    )
    if free < SURELY * expected and strict:
        raise OutputError(f"this run will need {found}; {advice}, or begin all the same with disk=ignore")
    if free < expected:
        note(f"this run will need {found}; {advice}")
    else:
        say(f"It will need {found}.")


def shown(bytes_: float) -> str:
    """Return bytes as ``1.2 GB``; less than one tenth of a MB as ``0.1 MB``."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if bytes_ >= scale:
            return f"{bytes_ / scale:.{0 if bytes_ >= 10 * scale else 1}f} {unit}"
    return f"{max(bytes_ / 1e6, 0.1):.1f} MB" if bytes_ else "0 MB"


def _sizes(plan: Plan, opened: Opened) -> _Sizes:
    options, bands = plan.options, len(opened.bands)
    pixels = sum(chip.window.rows * chip.window.columns for chip in opened.chips)
    per_chip = int(options.segmenter.parameters.get("n_segments") or _USUAL_SEGMENTS)
    segments = _MORE * pixels * per_chip / options.chips.size**2
    return _Sizes(
        pixels, len(opened.chips), bands, segments, {name: _features(name, options, bands) for name in plan.layers}
    )


_SURVEYED, _SEEN = 200_000, 2_500_000
"""Pixels that a survey keeps, and that a picture of the whole shows, about."""

_MORE = 1.07
"""Segments that there are for each that was asked for."""


def _features(layer: str, options: Options, bands: int) -> int:
    """Return how many features a layer has."""
    classes = _parameter(options.target, ("n_clusters",), 8)
    encoded = (
        bands if options.encoder.name == "bands" else _parameter(options.encoder, ("width", "maps"), _USUAL_FEATURES)
    )
    if JOINT in layer:
        return sum(_features(name, options, bands) for name in layer.split(JOINT))
    known = {
        "bands": bands,
        "own": 4 * bands + 3,
        "surroundings": 2 * bands + 2,
        "target": classes,
        "encoder": encoded,
    }
    return known.get(layer) or _of_gnn(layer, options, classes)


def _of_gnn(layer: str, options: Options, classes: int) -> int:
    """Return the features of a layer of a GNN, whose last gives the logits of the classes."""
    gnn = options.gnn
    if layer == (gnn.build().embeddings or ("",))[-1] and "layers" in gnn.parameters and gnn.build().trainable:
        return classes
    heads = _parameter(gnn, ("heads",), 1)
    return heads * _parameter(gnn, ("hidden", "features_per_head"), _USUAL_FEATURES)


def _parameter(chosen: Choice, names: Sequence[str], usual: int) -> int:
    """Return the first whole number among some parameters of a component."""
    found = (chosen.parameters.get(name) for name in names)
    return next((value for value in found if isinstance(value, int)), usual)


def _nothing(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    return Need(0)


def _of_scene(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    """Levels of chips; pixels of which percentiles are taken."""
    return Need(sizes.chips * (16 * sizes.bands + 48), 4 * sizes.bands * min(sizes.pixels, _SURVEYED))


def _of_target(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    """The pixels that soft classes are fitted to."""
    return Need(0, 4 * sizes.bands * sizes.pixels / _parameter(options.target, ("sample_every",), 1))


def _of_segments(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    """A raster that is compressed, a table, means; pieces of chips that overlap, and sums of their segments."""
    outputs = 0.2 * sizes.pixels + (26 + 4 * sizes.bands) * sizes.segments
    stitched = options.segmenter.parameters.get("seams") == "stitch"
    pieces = 3.8 * sizes.pixels if stitched else 4.1 * sizes.pixels
    return Need(outputs, pieces + _sums(sizes.bands, sizes.segments))


def _sums(features: int, segments: float) -> float:
    """Return the bytes of sums over segments, as blocks keep them."""
    return 1.1 * (8 * features + 16) * segments


def _of_graph(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    degree = _parameter(options.graph, ("k",), _USUAL_EDGES)
    attributes = 8 if options.graph.parameters.get("edge_attributes") else 0
    return Need((16 + attributes) * degree * sizes.segments)


def _of_layers(*names: str, work: float = 0.0) -> Callable[[Options, _Sizes, Plan], Need]:
    """Return what layers need, and the work that is kept for them, as a share of their bytes."""

    def need(options: Options, sizes: _Sizes, plan: Plan) -> Need:
        found = [name for name in plan.layers if name.startswith(names) and (JOINT in name) == (JOINT in names[0])]
        bytes_ = 4 * sizes.segments * sum(sizes.features[name] for name in found)
        return Need(bytes_, work * bytes_)

    return need


def _of_means(layer: str) -> Callable[[Options, _Sizes, Plan], Need]:
    """Return what the means of maps over segments need, and their sums."""

    def need(options: Options, sizes: _Sizes, plan: Plan) -> Need:
        features = sizes.features[layer]
        return Need(4 * features * sizes.segments, _sums(features, sizes.segments))

    return need


def _of_match(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    full = _parameter(options.matcher, ("full",), 0)
    matrix = options.matcher.name in ("hungarian", "sinkhorn", "mean") or sizes.chips <= full
    return Need(sizes.chips * (sizes.chips * 12 if matrix else 32 * _parameter(options.matcher, ("k",), 15)))


def _of_project(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    return Need((44 + 18 * len(plan.also_drawn)) * sizes.segments)


def _of_trained_maps(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    return Need(18 * len(plan.drawn_later) * sizes.segments)


def _of_encoder(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    """Weights of a U-Net, and three more copies of them in the checkpoint that its training goes on from."""
    if not options.encoder.build().trainable or plan.model is not None:
        return Need(0)
    width, depth = _parameter(options.encoder, ("width",), 64), _parameter(options.encoder, ("depth",), 4)
    weights = 1.95e6 * (width / 16) ** 2 * 4.0 ** (depth - 4)
    return Need(weights, 4 * weights)


def _of_pictures(options: Options, sizes: _Sizes, plan: Plan) -> Need:
    """Pictures of small scenes show every pixel; MLflow keeps copies of all."""
    if not options.draw:
        return Need(0)
    drawn = min(15e6, 30 * sizes.pixels + 0.5e6)
    seen = (4 + 4 * sizes.features.get("target", 8)) * min(sizes.pixels, _SEEN)
    return Need(drawn if options.tracking.off else 2 * drawn, seen)


_NEEDS: Mapping[str, Callable[[Options, _Sizes, Plan], Need]] = {
    "scene": _of_scene,
    "segments": _of_segments,
    "graph": _of_graph,
    "metric": _of_layers("surroundings", "own"),
    "match": _of_match,
    "project": _of_project,
    "target": _of_target,
    "encoder": _of_encoder,
    "memberships": _of_means("target"),
    "encode": _of_means("encoder"),
    "gnn": _of_layers("gnn", work=1.0),
    "join": _of_layers(f"own{JOINT}"),
    "trained_maps": _of_trained_maps,
    "pictures": _of_pictures,
}
