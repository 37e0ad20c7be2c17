"""The quality layer of a scene: found among the bands or beside them, judged by its numbers, and said."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rsgraph.errors import ConfigError, InputError, NotUsable
from rsgraph.io.cloud_outlines import CloudOutlines
from rsgraph.io.header import Header, header
from rsgraph.io.layers import LayeredSource
from rsgraph.io.mosaic import axes
from rsgraph.io.named_files import shown
from rsgraph.io.overrides import Overrides
from rsgraph.io.quality import ALWAYS, CLP, KINDS, Kind, Quality, QualityLayer, kind_named, kind_of, kinds, variant
from rsgraph.io.resampling import Axis
from rsgraph.io.windows import sample
from rsgraph.types import LOST, QualitySource, Scene

RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img")
"""Endings of files that are looked at."""

_LOST_ONLY = "{}: what it calls saturated or no data is masked."

_ALL = 0.99
"""Share of the pixels looked at that a layer may call "no data": one that says so of all is not what it seems."""


@dataclass(frozen=True)
class Candidate:
    """Layers that are named as those of a kind.

    Parameters
    ----------
    kind
        Which one.
    path
        As GDAL opens it.
    indexes
        GDAL's numbers of the layers; None: the first ones of the file.
    name
        As the user knows it: of the layer or of the file.
    """

    kind: Kind
    path: str
    indexes: tuple[int, ...] | None
    name: str


def candidates_in(found: Header) -> list[Candidate]:
    """Return the quality layers of a file that holds bands, too."""
    texts = {**dict(found.others), **dict(zip(found.indexes, found.names, strict=True))}
    named = [(index, text, kind_named(text)) for index, text in sorted(texts.items())]
    return [Candidate(kind, found.path, (index,), text) for index, text, kind in named if kind]


def candidates_among(files: Mapping[str, str], rules: int = 1) -> list[Candidate]:
    """Return the quality layers among files: name as the user knows it -> path as GDAL opens it."""
    named = [(name, path, kind_named(Path(name).stem, rules)) for name, path in files.items()]
    return [Candidate(kind, path, None, name) for name, path, kind in named if kind]


def beside(path: Path, rules: int) -> list[Candidate]:
    """Return the quality layers that lie beside a file under its name: ``scene_SCL.tif`` beside ``scene.tif``.

    Or under that of its product: ``a_3B_udm2_clip.tif`` beside ``a_3B_AnalyticMS_SR_clip.tif``.

    Where it is the only other raster of its folder, also those that are named after what they are: ``SCL.tif``.
    """
    try:
        files = sorted(path.parent.iterdir())
    except OSError:  # a folder that may be entered but not listed
        return []
    only = only_scene(files, rules) == path
    files = [file for file in files if is_companion(file, [path], rules) or (only and is_quality(file, rules))]
    return candidates_among({file.name: os.path.abspath(file) for file in files}, rules)


def in_masks_of(folder: Path, rules: int) -> dict[str, str]:
    """Return the rasters of the folder MASKS, which MAJA writes beside its bands: name -> path."""
    try:
        files = sorted((folder / "MASKS").iterdir()) if rules > 2 else []
    except OSError:  # there is none
        return {}
    return {file.name: os.path.abspath(file) for file in files if _is_raster(file)}


def _is_raster(file: Path) -> bool:
    return file.suffix.lower() in RASTERS and not file.name.startswith(".")


def is_quality(file: Path, rules: int) -> bool:
    """Tell whether a raster is named after what a quality layer is, and after nothing else."""
    if file.suffix.lower() not in RASTERS:
        return False
    return any(kind.pattern.fullmatch(file.stem) for kind in kinds(rules))


def only_scene(files: Sequence[Path], rules: int) -> Path | None:
    """Return the only raster among files that is not named after what a quality layer is; None where not one is."""
    found = [file for file in files if _is_raster(file) and not is_quality(file, rules)]
    return found[0] if len(found) == 1 else None


_PRODUCT = frozenset(
    ("analytic", "analyticms", "sr", "dn", "4b", "8b", "harmonized", "clip", "cog", "reproject", "boa", "toa", "imp")
)
"""Words in names of files of Planet and of FORCE that say which of a product's pixels these are."""


def _of_product(stem: str) -> list[str]:
    """Return the words of a name that tell one product from another."""
    return [word for word in re.split(r"[_. -]+", stem.lower()) if word and word not in _PRODUCT]


def is_companion(file: Path, scenes: Sequence[Path], rules: int) -> bool:
    """Tell whether a file is the quality layer of one of some files: named after that, and after what it is."""
    if not _is_raster(file):
        return False
    kind = kind_named(file.stem, rules)
    if kind is not None and kind.since > 2:
        words = _of_product(kind.pattern.sub("", file.stem))
        if words and any(words == _of_product(scene.stem) for scene in scenes if scene != file):
            return True
    for scene in scenes:
        rest = file.stem.removeprefix(scene.stem)
        if file != scene and rest != file.stem and rest[:1] in ("_", "-", ".", " ") and kind_named(rest, rules):
            return True
    return False


def _family(kind: Kind) -> str:
    """Return the name by which ``mask`` chooses a kind."""
    return "cloud_probability" if kind is CLP else kind.name


def without_quality(found: Header) -> list[int]:
    """Return the places of the bands of a file that are no quality layers by their names."""
    return [place for place, name in enumerate(found.names) if kind_named(name) is None]


def with_quality(scene: Scene, grid: Header, candidates: Sequence[Candidate], given: Overrides, place: Path) -> Scene:
    """Let a quality layer say which pixels of a scene are clouds, shadows of clouds, saturated or no data.

    Parameters
    ----------
    scene
        Of a ``LayeredSource``.
    grid
        Of its pixels.
    candidates
        Where layers may be.
    given
        ``mask``: which one tells of clouds, if any; what others call saturated or no data is masked all the same.
        ``clouds``: whether they are masked or marked.
    place
        What the user named, for sentences.

    Raises
    ------
    ConfigError
        ``mask`` names a kind that is not there.
    NotUsable
        It names one whose layer cannot be used; the sentence says why.
    """
    if not given.looks:
        return scene
    chosen, notes = ([], []) if given.mask == "none" else _chosen(candidates, grid, given, place)
    if given.clouds == "mask" and not chosen:
        notes.append("clouds=mask: no layer that could be read says which pixels are clouds, so that none is masked.")
    used = [*chosen, *_always(candidates, chosen, grid, notes)]
    if not used:
        return replace(scene, notes=(*scene.notes, *notes))
    quality = Quality(tuple(layer for _, layer in used))
    names = [[layer.kind, list(layer.indexes), *(["lost"] if layer.only_lost else [])] for _, layer in used]
    found = _judged_by(scene, quality, given, names, clouds=bool(chosen))
    files = [Path(layer.path) for _, layer in used if not layer.path.startswith("/vsi")]
    said = [_said(candidate.name, kind_of(layer.kind), given) for candidate, layer in chosen]
    said += [_LOST_ONLY.format(candidate.name) for candidate, layer in used if layer.only_lost]
    return replace(found, files=tuple(dict.fromkeys([*scene.files, *files])), notes=(*scene.notes, *notes, *said))


def with_outlines(scene: Scene, outlines: CloudOutlines, given: Overrides, member: str, file: Path | None) -> Scene:
    """Let outlines of clouds say which pixels are clouds: ``file``, or the ``member`` of an archive."""
    kind = replace(KINDS["classi"], shown="the outlines of clouds")
    found = _judged_by(scene, outlines, given, [["outlines", [1]]], clouds=True)
    files = (*scene.files, *([file] if file else []))
    return replace(found, files=files, notes=(*scene.notes, _said(member.rpartition("/")[2], kind, given)))


def _judged_by(
    scene: Scene, quality: QualitySource, given: Overrides, names: Sequence[Sequence[object]], *, clouds: bool
) -> Scene:
    """Mask, or mark, what a source says; ``clouds``: whether it says anything of these."""
    assert isinstance(scene.source, LayeredSource)
    masked = {"clouds": given.clouds} if given.clouds == "mask" else {}
    return replace(
        scene,
        source=replace(scene.source, quality=quality, clouds_lost=given.clouds == "mask"),
        identity={**scene.identity, "quality": list(names), **masked},
        marks=quality if clouds and given.clouds == "mark" else None,
    )


Used = tuple[Candidate, QualityLayer]


def _chosen(
    candidates: Sequence[Candidate], grid: Header, given: Overrides, place: Path
) -> tuple[list[Used], list[str]]:
    """Return the layer that tells of clouds, or none, and what is to be said of those that cannot be used."""
    wanted = [given.mask] if given.mask != "auto" else list(KINDS)
    notes: list[str] = []
    for name in wanted:
        for candidate in (each for each in candidates if _family(each.kind) == name):
            try:
                return [(candidate, _layer(candidate, grid))], notes
            except InputError as error:
                if given.mask != "auto":
                    raise
                notes.append(f"{candidate.name} is not used: {str(error).rstrip('.')}.")
    if given.mask == "auto":
        return [], notes
    there = ", ".join(dict.fromkeys(_family(each.kind) for each in candidates)) or "no quality layer"
    raise ConfigError(
        f"reader.mask={given.mask}: {place} holds no {KINDS[given.mask].shown}, but {there}; use mask=auto, or "
        "mask=none to do without."
    )


def _always(
    candidates: Sequence[Candidate], chosen: Sequence[Used], grid: Header, notes: list[str]
) -> Iterator[Used]:
    """Yield the layers that say what is saturated or no data; of kinds that tell of clouds one each, not the chosen.

    The notes get those that cannot be used.
    """
    done = {candidate.kind.name for candidate, _ in chosen}
    refused = {
        candidate.name
        for candidate in candidates
        if any(text.startswith(f"{candidate.name} is not") for text in notes)
    }
    for candidate in candidates:
        kind = candidate.kind
        if kind.name in done or candidate.name in refused or not (kind in ALWAYS or _tells_lost(kind)):
            continue
        try:
            yield candidate, replace(_layer(candidate, grid), only_lost=True)
        except InputError as error:
            notes.append(f"{candidate.name} is not used: {str(error).rstrip('.')}.")
        else:
            done |= set() if kind in ALWAYS else {kind.name}


def _layer(candidate: Candidate, grid: Header) -> QualityLayer:
    """Look at a layer. Raises NotUsable where its numbers or its grid are others than expected; NotReadable."""
    found = header(candidate.path, holes_allowed=True) if candidate.path != grid.path else grid
    indexes = candidate.indexes or tuple(range(1, candidate.kind.layers + 1))
    if candidate.indexes is None and len(_all_layers(found)) < candidate.kind.layers:
        raise NotUsable(f"{shown(found.path)} has fewer layers than {candidate.kind.shown} has.")
    pixels = sample(found.path, indexes, found.rows, found.columns).numbers
    if not candidate.kind.known(pixels):
        least, most = np.nanmin(pixels), np.nanmax(pixels)
        raise NotUsable(
            f"the numbers in {candidate.name}, {least:g} to {most:g}, are not those of {candidate.kind.shown}."
        )
    kind = variant(candidate.kind, pixels)
    if (kind.decode(pixels) == LOST).mean() >= _ALL:
        raise NotUsable(f"{candidate.name} calls everything no data where it was looked at.")
    down, across = _grid(found, grid)
    return QualityLayer(kind.name, found.path, indexes, found.rows, found.columns, down, across)


def _all_layers(found: Header) -> list[int]:
    return [*found.indexes, *found.alpha, *(index for index, _ in found.others)]


def _grid(found: Header, grid: Header) -> tuple[Axis | None, Axis | None]:
    """Where the scene's grid lies on a file; one of its size that has no CRS is taken to lie on it."""
    same_size = (found.rows, found.columns) == (grid.rows, grid.columns)
    return (None, None) if same_size and None in (found.crs, grid.crs) else axes(found, grid)


def _said(name: str, kind: Kind, given: Overrides) -> str:
    name = name if kind.shown.lower() in name.lower() else f"{name}, {kind.shown}"
    what = "clouds and their shadows" if kind.shadows else "clouds (it knows no shadows)"
    lost = "; what it calls no data or saturated is masked, too" if _tells_lost(kind) else ""
    if given.clouds == "mask":
        return f"{name}: {what} are masked{lost} (clouds=mark keeps them as pixels, mask=none does without)."
    return (
        f"{name}: {what} stay pixels, and segments have their share (cloud_share, shadow_share){lost} (clouds=mask "
        "masks them, mask=none does without)."
    )


def _tells_lost(kind: Kind) -> bool:
    return bool((kind.decode(np.arange(256).reshape(1, -1).repeat(kind.layers, axis=0)) == LOST).any())
