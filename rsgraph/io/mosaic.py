"""Several single-band files of differing resolution as one scene on the finest grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.io.band_names import L1C
from rsgraph.io.counts import Decision
from rsgraph.io.header import Header, on_disk
from rsgraph.io.layers import LayeredSource, Layers, looked_for
from rsgraph.io.named_files import shown
from rsgraph.io.overrides import Overrides
from rsgraph.io.resampling import Axis
from rsgraph.io.sensors import COLOURS
from rsgraph.types import Scene


def in_order(names: Sequence[str]) -> list[str]:
    """Sort band names as Sentinel-2 counts them, B8A after B08; others by their colours, then by their numbers."""
    return sorted(names, key=lambda name: (L1C.index(name) if name in L1C else len(L1C), *_place(name)))


def _place(name: str) -> tuple[int, int, str]:
    """Where a band stands that is not one of Sentinel-2's."""
    number = re.search(r"\d+$", name)
    return COLOURS.index(name) if name in COLOURS else len(COLOURS), int(number[0]) if number else 0, name


def chosen(available: Sequence[str], given: Overrides, place: Path) -> list[str]:
    """Return the bands that the user selects, or all in order. Raises ConfigError for one that is not there."""
    if given.bands is None:
        return in_order(available)
    missing = [name for name in given.bands if name not in available]
    if missing:
        raise ConfigError(
            f"`bands` must name bands that {place} holds. Got {', '.join(missing)}; choose among: "
            f"{', '.join(in_order(available))}."
        )
    return list(given.bands)


def finest(headers: Mapping[str, Header]) -> Header:
    """Return the header whose grid is the scene's: the smallest pixels, by number where there is no grid."""
    return max(headers.values(), key=lambda found: found.rows * found.columns)


def scene_of_files(
    name: str, headers: Mapping[str, Header], decisions: Mapping[str, Decision], given: Overrides
) -> Scene:
    """Join single-band files into a scene.

    Parameters
    ----------
    name
        Of the scene.
    headers, decisions
        One per band, in the order of the scene's bands.
    given
        The user's overrides.

    Raises
    ------
    NotUsable
        The files differ in CRS or cover different ground.
    """
    grid = finest(headers)
    layers = tuple(_layers(headers[band], decisions[band], grid, given) for band in headers)
    crs = given.crs or grid.crs
    files, drawn_on = on_disk([*headers.values()])
    return Scene(
        name=name,
        bands=tuple(headers),
        rows=grid.rows,
        columns=grid.columns,
        source=LayeredSource(layers, grid.rows, grid.columns),
        crs=crs,
        transform=grid.transform,
        files=files,
        drawn_on=drawn_on,
        identity=_identity(layers, headers, crs),
        reflectance=all(decision.reflectance for decision in decisions.values()),
        notes=tuple(dict.fromkeys(_notes(headers, decisions, grid, crs))),
    )


def _layers(found: Header, decision: Decision, grid: Header, given: Overrides) -> Layers:
    down, across = axes(found, grid)
    return Layers(
        found.path,
        found.indexes,
        decision.radiometry,
        found.rows,
        found.columns,
        down,
        across,
        found.masked,
        found.masks,
        found.band_masks and given.looks,
    )


def axes(found: Header, grid: Header) -> tuple[Axis | None, Axis | None]:
    """Where the scene's grid lies on a file; None where they are the same.

    Raises NotUsable where the two do not fit together.
    """
    if found.crs != grid.crs:
        raise NotUsable(
            f"{shown(found.path)} and {shown(grid.path)} have different coordinate reference systems; expected bands "
            "of one scene, so reproject them to one grid or put each scene in a folder of its own."
        )
    same_size = (found.rows, found.columns) == (grid.rows, grid.columns)
    if same_size and _close(found.transform, grid.transform):
        return None, None
    if _upright(found) and _upright(grid):
        down = _axis(found.transform[5], found.transform[4], grid.transform[5], grid.transform[4])
        across = _axis(found.transform[2], found.transform[0], grid.transform[2], grid.transform[0])
    else:
        down = Axis(0.0, found.rows / grid.rows)
        across = Axis(0.0, found.columns / grid.columns)
    _check_extent(found, grid, down, across)
    return down, across


def _upright(found: Header) -> bool:
    """Tell whether the file has a grid of its own, without rotation."""
    a, b, _, d, e, _ = found.transform
    return found.transform != (1.0, 0.0, 0.0, 0.0, 1.0, 0.0) and b == d == 0 and a != 0 and e != 0


def _close(one: Sequence[float], other: Sequence[float]) -> bool:
    """Compare transforms to a hundredth of a pixel."""
    tolerance = 0.01 * abs(other[0] or other[1])
    return all(abs(x - y) <= tolerance for x, y in zip((one[2], one[5]), (other[2], other[5]), strict=True)) and all(
        abs(one[i] - other[i]) <= 1e-6 * max(abs(one[i]), abs(other[i])) for i in (0, 1, 3, 4)
    )


def _axis(start: float, step: float, grid_start: float, grid_step: float) -> Axis:
    return Axis((grid_start - start) / step, grid_step / step)


def _check_extent(found: Header, grid: Header, down: Axis, across: Axis) -> None:
    for axis, cells, size in ((down, grid.rows, found.rows), (across, grid.columns, found.columns)):
        ends = axis.start, axis.start + cells * axis.step
        slack = max(1.0, axis.step)
        if axis.step <= 0 or abs(ends[0]) > slack or abs(ends[1] - size) > slack:
            raise NotUsable(
                f"{shown(found.path)} and {shown(grid.path)} do not cover the same ground (they differ by more than "
                "a pixel); expected bands of one scene, so crop them alike or put each scene in a folder of its own."
            )


def _identity(layers: Sequence[Layers], headers: Mapping[str, Header], crs: str | None) -> dict[str, object]:
    return {
        "bands": list(headers),
        "scale": [layer.radiometry.scale[0] for layer in layers],
        "offset": [layer.radiometry.offset[0] for layer in layers],
        "nodata": [
            None if layer.radiometry.nodata[0] is None else repr(layer.radiometry.nodata[0]) for layer in layers
        ],
        "fill": [layer.radiometry.fill for layer in layers],
        "crs": crs,
        **looked_for(layers),
    }


def _notes(
    headers: Mapping[str, Header], decisions: Mapping[str, Decision], grid: Header, crs: str | None
) -> list[str]:
    notes = [note for found in headers.values() for note in found.notes]
    notes += [note for decision in decisions.values() for note in decision.notes]
    coarser = [band for band, found in headers.items() if found.rows * found.columns < grid.rows * grid.columns]
    if coarser:
        notes.append(
            f"{', '.join(coarser)}: coarser, resampled to the finest grid ({grid.rows} x {grid.columns} pixels)."
        )
    if crs is None:
        notes.append("The files have no coordinate reference system: working in pixel space.")
    return notes


def agree(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """Read all float bands as counts where any of them must be: a dark band by itself may look like reflectance."""
    scales = {decision.radiometry.scale[0] for decision in decisions.values()}
    if scales != {1.0, 1e-4}:
        return dict(decisions)
    counts = next(d for d in decisions.values() if d.radiometry.scale[0] != 1.0)
    return {
        band: replace(
            decision,
            radiometry=replace(decision.radiometry, scale=counts.radiometry.scale),
            notes=counts.notes,
        )
        for band, decision in decisions.items()
    }
