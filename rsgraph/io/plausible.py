"""A check whether the numbers of a scene can be reflectance as they were read, and another reading where not.

A file that does not say how its numbers are scaled is read by the rules of :func:`rsgraph.io.counts.decide`. Only a
reading that gives impossible reflectance is replaced; where another one is merely possible, the user hears of it.
``reader.scale`` and ``reader.offset`` overrule both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rsgraph.io.band_names import L1C
from rsgraph.io.counts import COUNTS_NOTE
from rsgraph.io.layers import LayeredSource, Layers
from rsgraph.io.newer_products import OFFSET_SINCE, newer_product
from rsgraph.io.overrides import Overrides
from rsgraph.io.readings import (
    BY,
    DIM_SAID,
    STEPS_SAID,
    Reading,
    below_zero,
    can_be,
    full_range,
    is_in_steps,
    other_reading,
    other_units,
    possible,
)
from rsgraph.io.sixteen_bits import TOP
from rsgraph.io.windows import corners_and_centre
from rsgraph.types import Floats, Scene, Window

_LEFT_IN = 0.09
"""Darkest reflectance of bands into which the 1000 counts of 0.1 were left."""


def plausible(scene: Scene, given: Overrides, *, declared: bool, hints: Sequence[str] = ()) -> Scene:
    """Replace an impossible reading of a scene's numbers, and say which other readings are possible.

    Parameters
    ----------
    scene
        As it was read. Its source is a ``LayeredSource``.
    given
        What the user says, which is not questioned.
    declared
        Whether the files say how they are scaled, which is not questioned either.
    hints
        What else the files say: descriptions of bands, for example.
    """
    if given.rules == 1 or not scene.reflectance or not _layers(scene):
        return scene
    if given.scale is None and given.offset is None:
        scene = _declared_otherwise(scene)
        if declared:
            scene = _with_notes(scene, below_zero(sampled(scene), scene.bands))
    if given.scale is None and not declared:
        scene = _scaled(scene, given, [*hints, *(file.name for file in scene.files)])
    return _with_offset_note(scene) if given.offset is None and scene.reflectance else scene


def agreeing(scenes: Sequence[Scene]) -> list[Scene]:
    """Read all scenes of a collection by one scale, where one was replaced in some and merely doubtful in others.

    Tiles of one product are scaled alike, and one of open water does not show it.
    """
    replaced = {layer.radiometry.scale[0] for scene in scenes if _said(scene, BY) for layer in _layers(scene)}
    if len(replaced) != 1:
        return list(scenes)
    (scale,) = replaced
    note = f"{BY} x {round(1 / scale)}, as in other scenes beside it; reader.scale=... says otherwise."
    other = Reading(scale, note)
    doubtful = (DIM_SAID, STEPS_SAID) if scale == 1 / TOP else (DIM_SAID,)
    return [
        _read_as(scene, other, Overrides()) if any(_said(scene, said) for said in doubtful) else scene
        for scene in scenes
    ]


def _said(scene: Scene, beginning: str) -> bool:
    return any(note.startswith(beginning) for note in scene.notes)


def sampled(scene: Scene) -> Floats:
    """Valid pixels of nine small windows, (bands, n); of the first windows that hold any where those do not."""
    parts = [scene.source.read(Window(*window)) for window in corners_and_centre(scene.rows, scene.columns)]
    return np.concatenate([part.values[:, part.valid] for part in parts], axis=1)


def _declared_otherwise(scene: Scene) -> Scene:
    """Read a declared offset as counts, or a declared scale as counts per unit, where as declared it is impossible.

    Both are common: an offset of -1000 beside a scale of 0.0001, and a scale of 10000.
    """
    radiometry = [layer.radiometry for layer in _layers(scene)]
    readings = {pair for each in radiometry for pair in zip(each.scale, each.offset, strict=True)}
    pixels = sampled(scene)
    if len(readings) > 1 or not pixels.shape[1] or can_be(pixels):
        return scene
    ((scale, offset),) = readings
    numbers = (pixels.astype(np.float64) - offset) / scale
    for other, shift, why in (
        (scale, offset * scale, f"The declared offset of {offset:g} is taken as counts, as {offset * scale:g}"),
        (1 / scale, offset, f"The declared scale of {scale:g} is taken as counts per unit: divided by it"),
        (1 / scale, offset / scale, f"The declared scale of {scale:g} and offset of {offset:g} are taken as counts"),
    ):
        if (
            (other, shift) != (scale, offset)
            and max(other, 1 / other) >= _FAR_FROM_ONE
            and can_be(numbers * other + shift)
        ):
            note = f"{why}, since nothing reflects {np.median(pixels):g}; reader.scale and reader.offset overrule it."
            return _read_as(scene, Reading(other, note, shift), Overrides())
    return scene


_FAR_FROM_ONE = 100
"""Counts per unit of reflectance, at least."""


def _scaled(scene: Scene, given: Overrides, hints: Sequence[str]) -> Scene:
    pixels, scale = sampled(scene), float(_layers(scene)[0].radiometry.scale[0])
    if not pixels.shape[1]:
        return scene
    whole_range = full_range(pixels, scene.bands, scale) if given.rules > 2 else None
    found = whole_range or other_reading(pixels, scene.bands, scale, hints)
    if found is None:
        doubts = (
            (STEPS_SAID,) if given.rules > 2 and is_in_steps(pixels, scale) else possible(pixels, scene.bands, scale)
        )
        return _with_notes(scene, (*doubts, *other_units(pixels, scene.bands)))
    return _read_as(scene, found, given)


def _read_as(scene: Scene, found: Reading, given: Overrides) -> Scene:
    """Read all bands of a scene in another way."""
    offset = (found.offset or 0.0) if given.offset is None else given.offset
    layers = tuple(
        replace(
            layer,
            radiometry=replace(
                layer.radiometry,
                scale=(found.scale,) * len(layer.indexes),
                offset=layer.radiometry.offset if found.offset is None else (offset,) * len(layer.indexes),
            ),
        )
        for layer in _layers(scene)
    )
    scales, offsets = (
        [value for layer in layers for value in getattr(layer.radiometry, name)] for name in ("scale", "offset")
    )
    kept = tuple(
        note for note in scene.notes if note not in (COUNTS_NOTE, STEPS_SAID) and not note.startswith(DIM_SAID)
    )
    return replace(
        scene,
        source=replace(scene.source, layers=layers) if isinstance(scene.source, LayeredSource) else scene.source,
        identity={**scene.identity, "scale": scales, "offset": offsets},
        reflectance=found.reflectance,
        notes=(*kept, found.note),
    )


def _layers(scene: Scene) -> tuple[Layers, ...]:
    source = scene.source
    return source.layers if isinstance(source, LayeredSource) else ()


def _with_notes(scene: Scene, notes: Sequence[str]) -> Scene:
    return replace(scene, notes=(*scene.notes, *notes)) if notes else scene


def _with_offset_note(scene: Scene) -> Scene:
    """Say that the 1000 counts of newer products may be left in, where names and numbers speak for it."""
    since = newer_product(scene.files[0]) if scene.files else None
    of_sentinel = len({*scene.bands} & {*L1C}) >= 3
    if since is None or not of_sentinel or any(any(layer.radiometry.offset) for layer in _layers(scene)):
        return scene
    pixels = sampled(scene)
    darkest = float(np.percentile(pixels, 1, axis=1).min()) if pixels.shape[1] else 0.0
    if darkest < _LEFT_IN:
        return scene
    return _with_notes(
        scene,
        [
            f"Its name speaks of {since}: Sentinel-2's products of baseline 04.00 and later (from {OFFSET_SINCE} on) "
            f"carry 1000 counts more, and no band is darker than {darkest:.2f}. They are left in; if they are in the "
            "file, reader.offset=-0.1 removes them."
        ],
    )
