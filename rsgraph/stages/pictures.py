"""The last stage: pictures of what the others made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rsgraph.ground import pixel_width
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.io.display import choose_bands, describe_bands, shown_limits, stretch
from rsgraph.io.path_names import path_name
from rsgraph.options import Choice
from rsgraph.own_files.models import read_about
from rsgraph.pictures.chip_map import draw_chip_map, sample_chips
from rsgraph.pictures.curves import Curve, draw_curves
from rsgraph.pictures.figure import save_png
from rsgraph.pictures.memberships import draw_memberships
from rsgraph.pictures.mosaic import mosaic, mosaic_columns
from rsgraph.pictures.neighbours import SHOWN, choose_queries, draw_neighbours
from rsgraph.pictures.outlines import draw_outlines
from rsgraph.pictures.quicklook import draw_quicklook
from rsgraph.pictures.segment_map import draw_segment_map
from rsgraph.pictures.shrinking import shrink, shrink_factor
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.memberships import membership_maps
from rsgraph.stages.plan import choice
from rsgraph.stages.segment_files import chip_rows, read_labels
from rsgraph.types import Chip, Floats, Mask, Raster, Scene
from rsgraph.workspace import Workspace

Pixels = NDArray[np.uint8]

_THUMBNAIL = 128
"""Pixels along the side of a chip's thumbnail."""
_TILES = 100
"""Images of a collection that its quicklook shows."""
_PANELS = 9
"""Scenes of a collection that are shown whole; more, or scenes of one chip each, are shown by their first chips."""
_OUTLINED = 4
"""Chips whose segments are shown."""

_LOOKING = 0.7
"""Share of the stage's time in which chips are read; the rest draws."""


class _View(NamedTuple):
    """One chip at the scale of its scene's picture: image (r, c, 3), memberships (C, r, c), valid (r, c)."""

    chip: Chip
    image: Pixels
    memberships: Floats
    valid: Mask


@dataclass(frozen=True)
class _Looks:
    """How pixels become colours: the bands, their stretch, the scale of the scene's picture."""

    bands: tuple[int, int, int]
    low: Floats
    high: Floats
    factor: int

    def image(self, values: Floats, valid: Mask) -> Pixels:
        return stretch(values, valid, self.low, self.high)


def pictures(context: Context) -> dict[str, Any]:
    """Draw all pictures into pictures/."""
    if not context.options.draw:
        return {"pictures": 0}
    looks = _looks(context)
    scene, thumbnails = _views(context, looks, _shown_chips(context))
    drawn: dict[str, Callable[[], Figure]] = {
        "quicklook": lambda: _quicklook(context, looks, scene),
        "memberships": lambda: _memberships(context, scene),
        "outlines": lambda: _outlines(context, looks),
        "curves": lambda: _curves(context),
        "chip_map": lambda: _chip_map(context, thumbnails),
        "segment_map": lambda: _segment_map(context, looks),
        "neighbours": lambda: _neighbours(context, thumbnails),
    }
    report = part_of(context.progress, _LOOKING, 1)
    for done, (name, draw) in enumerate(drawn.items()):
        save_png(draw(), context.out / "pictures" / f"{name}.png")
        report(done + 1, len(drawn))
    return {"pictures": len(drawn)}


def _looks(context: Context) -> _Looks:
    bands = choose_bands(context.opened.bands, context.options.display)
    scene = context.opened.scenes[0]
    low, high = shown_limits(context.workspace.survey, bands, reflectance=scene.reflectance)
    needed = 1 if _by_chips(context) else _shrinking(context.opened)
    factor = 1 << (needed - 1).bit_length()  # a power of two divides the chips' offsets
    return _Looks(bands, low, high, min(factor, 16))


def _by_chips(context: Context) -> bool:
    """Tell whether the pictures show a collection by its first chips, rather than its scenes."""
    opened = context.opened
    whole = any(max(scene.rows, scene.columns) > opened.side for scene in opened.scenes)
    return opened.collection and not (whole and len(opened.scenes) <= _PANELS)


def _shrinking(opened: Opened) -> int:
    """Choose the scale at which all scenes, side by side, fit on a screen."""
    across = min(mosaic_columns(len(opened.scenes)), len(opened.scenes))
    down = -(-len(opened.scenes) // across)
    rows, columns = (max(getattr(scene, name) for scene in opened.scenes) for name in ("rows", "columns"))
    return shrink_factor(rows * down, columns * across)


@dataclass(frozen=True)
class _Preview:
    """The scene at the scale of a screen: (r, c, 3), (C, r, c) and (r, c)."""

    image: Pixels
    memberships: Floats
    valid: Mask


def _views(context: Context, looks: _Looks, shown: Collection[int]) -> tuple[_Preview, dict[int, Pixels]]:
    """Pass once over the chips that are seen; return the preview of the whole and the thumbnails of ``shown``."""
    opened = context.opened
    n_clusters = len(context.workspace.targets()["centres"])
    tiles: list[_View] = []
    panels = [] if _by_chips(context) else [_Canvas(scene, looks, n_clusters) for scene in opened.scenes]
    pasted = len(opened.chips) if panels else min(_TILES, len(opened.chips))
    task = _Look(context.options.target, context.workspace.folder.resolve(), looks, pasted, frozenset(shown))
    items = chip_blocks(
        opened.scenes, [chip for chip in opened.chips if chip.chip_id < pasted or chip.chip_id in shown]
    )
    thumbnails: dict[int, Pixels] = {}

    for block, found in zip(
        items, context.blocks.map("views", task, items, part_of(context.progress, 0, _LOOKING)), strict=True
    ):
        for chip in block.chips:
            number = chip.chip_id
            if number < pasted:
                view = _View(chip, *(found[f"{name}{number}"] for name in ("image", "memberships", "valid")))
                panels[chip.scene].put(view) if panels else tiles.append(view)
            if number in task.shown:
                thumbnails[number] = found[f"thumbnail{number}"]
    return _side_by_side(panels or tiles), thumbnails


@dataclass(frozen=True)
class _Look:
    """Reads the chips of one block and makes them small."""

    target: Choice
    workspace: Path
    looks: _Looks
    pasted: int
    shown: frozenset[int]

    def __call__(self, block: ChipBlock) -> Arrays:
        found: Arrays = {}
        labeller = self.target.build()
        model = Workspace(self.workspace).targets(needed=labeller.fitted)
        for chip in block.chips:
            raster = block.read(chip)
            if chip.chip_id < self.pasted:
                parts = self._part(raster, membership_maps(labeller, model, raster.values, raster.valid))
                found.update({f"{name}{chip.chip_id}": part for name, part in parts.items()})
            if chip.chip_id in self.shown:
                found[f"thumbnail{chip.chip_id}"] = self._thumbnail(raster)
        return found

    def _part(self, raster: Raster, maps: Floats) -> Arrays:
        """Return one chip's part of the picture of the whole."""
        small, valid = shrink(raster.values[list(self.looks.bands)], raster.valid, self.looks.factor)
        memberships, _ = shrink(maps, raster.valid, self.looks.factor)
        return {"image": self.looks.image(small, valid), "memberships": memberships, "valid": valid}

    def _thumbnail(self, raster: Raster) -> Pixels:
        factor = shrink_factor(raster.valid.shape[0], raster.valid.shape[1], _THUMBNAIL)
        return self.looks.image(*shrink(raster.values[list(self.looks.bands)], raster.valid, factor))


class _Canvas:
    """The picture of one scene, filled chip by chip; what no chip covers stays without data."""

    def __init__(self, scene: Scene, looks: _Looks, n_clusters: int) -> None:
        self.factor = looks.factor
        rows, columns = -(-scene.rows // self.factor), -(-scene.columns // self.factor)
        nothing = np.zeros((rows, columns), dtype=bool)
        self.valid: Mask = nothing
        self.image = looks.image(np.zeros((3, rows, columns), np.float32), nothing)
        self.memberships: Floats = np.zeros((n_clusters, rows, columns), np.float32)

    def put(self, view: _View) -> None:
        """Paste one chip."""
        row, column = view.chip.window.row // self.factor, view.chip.window.column // self.factor
        rows, columns = view.valid.shape
        here = (slice(row, row + rows), slice(column, column + columns))
        self.image[here], self.valid[here] = view.image, view.valid
        self.memberships[:, here[0], here[1]] = view.memberships


def _side_by_side(parts: Sequence[_View | _Canvas]) -> _Preview:
    """Lay pictures out side by side; a single one stays as it is."""
    clusters = range(len(parts[0].memberships))
    memberships = [mosaic([part.memberships[c] for part in parts], fill=0.0) for c in clusters]
    image = mosaic([part.image for part in parts])
    valid = mosaic([part.valid for part in parts], fill=False)
    return _Preview(image, np.stack(memberships), valid)


def _name(context: Context) -> str:
    opened = context.opened
    if not opened.collection:
        return opened.scenes[0].name
    return f"{path_name(context.options.data.path)}: {len(opened.scenes)} images"


def _quicklook(context: Context, looks: _Looks, scene: _Preview) -> Figure:
    opened = context.opened
    first = opened.scenes[0]
    metres = None if opened.collection else pixel_width(first.crs, first.transform, first.rows, first.columns)
    size = f"{opened.sizes} pixels" + (f", {_shown(context)}" if opened.collection else "")
    colours = describe_bands(opened.bands, looks.bands, first.assumed)
    caption = f"{colours[0].upper()}{colours[1:]}. {size}. Light gray: no data."
    width = None if metres is None else metres * looks.factor
    return draw_quicklook(scene.image, title=_name(context), caption=caption, metres=width)


def _shown(context: Context) -> str:
    """Say what of a collection is shown."""
    opened = context.opened
    if _by_chips(context):
        return f"{min(_TILES, len(opened.chips))} of {len(opened.chips)} chips shown"
    return f"row by row: {', '.join(scene.name for scene in opened.scenes)}"


def _memberships(context: Context, scene: _Preview) -> Figure:
    made = context.options.target.name
    caption = f"How much each pixel belongs to each cluster of {made} (soft classes without names)."
    return draw_memberships(scene.memberships, scene.valid, title=f"{_name(context)}: memberships", caption=caption)


def _outlines(context: Context, looks: _Looks) -> Figure:
    rows = chip_rows(context)
    chosen = [rows[int(index)] for index in np.unique(np.linspace(0, len(rows) - 1, min(_OUTLINED, len(rows))))]
    images, labels, names = [], [], []
    for chip, of_chip in chosen:
        raster = context.opened.read(chip)
        images.append(looks.image(raster.values[list(looks.bands)], raster.valid))
        labels.append(read_labels(context.workspace, context.opened.scenes[chip.scene], chip)[1])
        names.append(f"chip {chip.chip_id}  ·  {len(of_chip)} segments")
    segmenter = context.options.segmenter
    asked = segmenter.build().n_segments or "?"
    caption = f"Segments by {segmenter.name}; asked for {asked} per whole chip."
    return draw_outlines(images, labels, names=names, title=f"{_name(context)}: segments", caption=caption)


def _losses(context: Context) -> dict[str, str]:
    """Return part -> what its loss is."""
    taught = context.options.encoder.build().learns
    names = {"memberships": "Dice + binary cross-entropy", "bands": "mean squared error of standardised bands"}
    return {"encoder": names[taught], "gnn": "cross-entropy"}


def _curves(context: Context) -> Figure:
    curves = []
    for part, loss in _losses(context).items():
        history = read_about(context.workspace.existing("models", f"{part}.json")).get("history", [])
        if history and all({"train_loss", "val_loss"} <= epoch.keys() for epoch in history):
            train, validation = ([epoch[name] for epoch in history] for name in ("train_loss", "val_loss"))
            title = f"{part}: {choice(context.plan, part).name}"
            curves.append(Curve(title, loss, train, validation, int(np.argmin(validation))))
    caption = "Loss per epoch; the weights of the marked epoch were kept." if curves else "Nothing was trained."
    return draw_curves(curves, title=f"{_name(context)}: training", caption=caption)


def _points(table: Any) -> Floats:
    points: Floats = table[["x", "y"]].to_numpy(np.float32)
    return points


def _shown_chips(context: Context) -> set[int]:
    """Return the numbers of the chips that are seen one by one: at most some 2000, however many there are."""
    points, indices = _points(context.workspace.chips), context.workspace.similarity.indices
    queries = choose_queries(points)
    nearest = indices[queries, :SHOWN].ravel()
    return {int(number) for number in (*sample_chips(len(points)), *queries, *nearest)}


def _chip_map(context: Context, thumbnails: Mapping[int, Pixels]) -> Figure:
    caption = f"Chips laid out by {context.options.projector.name} from their {_likeness(context)}."
    title = f"{_name(context)}: chips"
    points = _points(context.workspace.chips)
    shown = sample_chips(len(points))
    tiles = [thumbnails[int(index)] for index in shown]
    return draw_chip_map(points[shown], tiles, title=title, caption=caption, total=len(points))


def _likeness(context: Context) -> str:
    """Say by what chips were compared."""
    if context.plan.chips_by == "latent":
        return "similarity: the cosine of the encoder's vectors"
    matcher = context.options.matcher
    return f"{matcher.build().measure or matcher.name} similarity on layer {context.plan.layer}"


def _segment_map(context: Context, looks: _Looks) -> Figure:
    centres = context.workspace.targets(bands=len(context.opened.bands))["centres"]
    shown = np.ascontiguousarray(centres[:, list(looks.bands)].T[:, :, None], dtype=np.float32)
    colours = looks.image(shown, np.ones(shown.shape[1:], dtype=bool))[:, 0]
    strongest = np.asarray(context.workspace.embedding("target")).argmax(axis=1)
    layer, projector = context.plan.layer, context.options.projector.name
    return draw_segment_map(
        _points(context.workspace.segments),
        strongest,
        len(centres),
        title=f"{_name(context)}: segments in the embedding",
        caption=f"Layer {layer}, laid out by {projector}; coloured by the cluster they belong to most.",
        true_colours=colours,
    )


def _neighbours(context: Context, thumbnails: Mapping[int, Pixels]) -> Figure:
    found = context.workspace.similarity
    return draw_neighbours(
        choose_queries(_points(context.workspace.chips)),
        found.indices,
        found.similarities,
        thumbnails,
        title=f"{_name(context)}: nearest chips",
        caption=f"Nearest by {_likeness(context)}.",
    )
