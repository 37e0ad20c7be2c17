"""Chips of a workspace as files: their pixels, names and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from rsgraph.exporters.content import Content, shifted
from rsgraph.exporters.rasters import Style, write_geotiff
from rsgraph.files import make_folder
from rsgraph.io.display import GAMMA, choose_bands, shown_limits, stretch
from rsgraph.io.segment_ids import read_ids
from rsgraph.protocols import Export
from rsgraph.types import Floats, Raster, Scene, Window
from rsgraph.workspace import SceneInfo, Workspace

Format = Literal["png", "tif"]
Chosen = Literal["labelled", "all"]

_PLACE = ("row_offset", "column_offset", "rows", "columns")


def chip_table(export: Export, *, chosen: Chosen = "all") -> pd.DataFrame:
    """List the chips that are exported.

    Parameters
    ----------
    export
        Where it is restricted, chips without a segment that leaves are left out.
    chosen
        ``labelled`` leaves chips without a label out too.

    Returns
    -------
    DataFrame
        name (``<scene>_r<row>_c<column>``), scene_id, then the columns of ``chips.parquet``, and where segments are
        labelled the label of the largest area and its share of the chip (label_fraction).
    """
    workspace, labels = export.workspace, export.labels
    held = _held(workspace)
    chips = _kept(export, held, chosen)
    scenes = chips["scene_id"] if "scene_id" in chips else [workspace.scenes[0].name] * len(chips)
    names = [
        f"{scene}_r{row:05d}_c{column:05d}"
        for scene, row, column in zip(scenes, chips["row_offset"], chips["column_offset"], strict=True)
    ]
    first = pd.DataFrame({"name": names, "scene_id": list(scenes)}, dtype="str")
    table = pd.concat([first, chips.drop(columns=["scene_id"], errors="ignore")], axis=1)
    return table if labels.empty else table.merge(_main_labels(held, labels), on="chip_id", how="left")


def _held(workspace: Workspace) -> pd.DataFrame:
    """Return what each chip holds of each segment: segment_id, chip_id, area_px.

    A segment lies in one chip, but where segments are stitched its pixels are counted in every chip that it reaches.
    """
    if not workspace.segment_overlap:
        return workspace.segments[["segment_id", "chip_id", "area_px"]]
    chips, most, parts = workspace.chips, workspace.segment_count, []
    scenes = chips["scene_id"] if "scene_id" in chips else [None] * len(chips)
    for row, scene in zip(chips.to_dict("records"), scenes, strict=True):
        ids = read_ids(workspace.segment_file(scene), Window(*(int(row[name]) for name in _PLACE)), most=most)
        found, counts = np.unique(ids[ids > 0], return_counts=True)
        parts.append(pd.DataFrame({"segment_id": found, "chip_id": row["chip_id"], "area_px": counts}))
    return pd.concat(parts, ignore_index=True)


def _kept(export: Export, held: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    """Return the chips that hold a segment which leaves, labelled where that is asked for."""
    chips, ids = export.workspace.chips, export.segment_ids
    if export.origins is None and export.selected is None and chosen == "all":
        return chips
    if chosen == "labelled":
        ids = ids[np.isin(ids, export.labels["segment_id"])]
    holding = held.loc[held["segment_id"].isin(ids), "chip_id"]
    return chips[chips["chip_id"].isin(holding)].reset_index(drop=True)


def _main_labels(held: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return chip_id, the label of the largest area in it and its share of what is segmented there."""
    named = held.merge(labels[["segment_id", "label"]], on="segment_id")
    areas = named.groupby(["chip_id", "label"])["area_px"].sum().reset_index()
    areas = areas.sort_values(["chip_id", "area_px", "label"], ascending=[True, False, True])
    main = areas.drop_duplicates("chip_id")
    whole = main["chip_id"].map(held.groupby("chip_id")["area_px"].sum())
    return pd.DataFrame(
        {"chip_id": main["chip_id"], "label": main["label"], "label_fraction": (main["area_px"] / whole).round(4)}
    )


class ChipPixels(NamedTuple):
    """One chip: its row in the table, scene and window."""

    row: Mapping[str, Any]
    scene: Scene
    window: Window


def each_chip(
    table: pd.DataFrame, scenes: Mapping[str, Scene], progress: Callable[[int, int], None] | None
) -> Iterator[ChipPixels]:
    """Walk over the chips of a table and report each that is done."""
    for done, row in enumerate(table.to_dict("records"), start=1):
        named = {str(key): value for key, value in row.items()}
        yield ChipPixels(named, scenes[row["scene_id"]], Window(*(int(row[name]) for name in _PLACE)))
        if progress is not None:
            progress(done, len(table))


def chip_classes(workspace: Workspace, content: Content, chip: ChipPixels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return class code and segment (its row in the table) of each pixel of a chip, (rows, columns) each."""
    size = (chip.scene.rows, chip.scene.columns)
    ids = read_ids(workspace.segment_file(chip.scene.name), chip.window, size=size)
    segments = content.rows_in(ids)
    return np.where(ids > 0, content.codes[segments], np.uint16(0)), segments


@dataclass(frozen=True)
class Pictures:
    """Pictures of chips: their bands, and the stretch from reflectance to 8 bits."""

    names: tuple[str, ...]
    chosen: tuple[int, int, int]
    low: Floats
    high: Floats

    @classmethod
    def of(cls, workspace: Workspace, display: str | Sequence[str]) -> Pictures:
        """Choose bands, and take the stretch from what was found in the whole scene."""
        workspace.check_statistics("percentile_2", "percentile_98")
        found = workspace.survey
        names = tuple(found["bands"])
        chosen = choose_bands(names, display)
        low, high = shown_limits(found, chosen, reflectance=workspace.scenes[0].reflectance)
        return cls(names, chosen, low, high)

    def save(self, raster: Raster, path: Path) -> None:
        """Write one picture."""
        image = stretch(raster.values[list(self.chosen)], raster.valid, self.low, self.high)
        image[~raster.valid] = 0
        make_folder(path.parent)
        Image.fromarray(image).save(path)

    def to_json(self) -> dict[str, Any]:
        """Say which bands, and which reflectance became 0 and 255."""
        red_green_blue = [self.names[index] for index in self.chosen]
        return {"bands": red_green_blue, "low": self.low.tolist(), "high": self.high.tolist(), "gamma": GAMMA}


def save_raster(path: Path, chip: ChipPixels, pixels: NDArray[Any], style: Style) -> None:
    """Write a raster (bands, rows, columns) of one chip, with its place on the ground."""
    grid = shifted(chip.scene.transform, chip.window)
    size = chip.window.rows, chip.window.columns
    here = SceneInfo(path.stem, chip.scene.bands, *size, chip.scene.crs, grid, (), None)
    write_geotiff(
        path,
        here,
        style,
        lambda part: pixels[:, part.row : part.row + part.rows, part.column : part.column + part.columns],
        iter([Window(0, 0, *size)]),
    )
