"""An image folder of chips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from PIL import Image

from rsgraph.errors import ConfigError, WorkspaceError, WorkspaceMismatch
from rsgraph.exporters.content import shifted
from rsgraph.exporters.folders import ABOUT, LISTING, whole_folder
from rsgraph.exporters.labelled import labels_of
from rsgraph.exporters.provenance import provenance, tiff_tags
from rsgraph.exporters.rasters import Style, write_geotiff
from rsgraph.exporters.scope import scope_of
from rsgraph.files import make_folder, write_json, write_text
from rsgraph.io.band_names import file_safe
from rsgraph.io.display import GAMMA, check_display, choose_bands, shown_limits, stretch
from rsgraph.protocols import Progress
from rsgraph.types import Floats, Raster, Scene, Window
from rsgraph.workspace import SceneInfo, Workspace

Format = Literal["png", "tif"]
_PLACE = ("row_offset", "column_offset", "rows", "columns")


class Chips:
    """Image folder: one picture or GeoTIFF per chip, sorted by train and test and by class.

    ``chips_<format>/<split>/<class>/<scene>_r<row>_c<column>.<format>``, where split is the paper's (every
    fourth chip is test, section 2.3), class that of the whole image where the collection has classes (EuroSAT),
    else ``chips``, and row and column are the chip's first pixel in the scene: what torchvision's ``ImageFolder``
    and FiftyOne read. Chips at the edges keep their true, smaller size. ``chips.csv`` lists the files with what is
    known of each; where segments are labelled it has the label of the largest area and its share of the chip.
    ``chips.json`` holds bands, stretch and provenance. An earlier export is replaced whole.

    Parameters
    ----------
    display
        Bands of the pictures (png): ``auto``, ``true_colour``, ``false_colour`` or three band names. Reflectance
        is stretched from the 2nd to the 98th percentile of the whole scene (and never up to the brightness of
        clouds), alike for all chips; pixels without data are black.
    format
        ``png``: 8-bit pictures. ``tif``: all bands as reflectance (float32, NaN without data) with CRS and
        transform, for training on.

    Raises
    ------
    ConfigError
        A parameter is none of these.
    """

    def __init__(self, display: str | Sequence[str] = "auto", format: Format = "png") -> None:
        if format not in get_args(Format):
            raise ConfigError(f"`format` must be one of: {', '.join(get_args(Format))}. Got {format!r} instead.")
        self.display = check_display(display)
        self.format = format

    def export(self, workspace: Workspace, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the folder of chips.

        Parameters
        ----------
        workspace
            It must also have ``opened()``, which gives its scenes ready to be read (``rsgraph export`` sees to
            that): the workspace itself does not hold the pixels.
        folder
            Where to write.
        progress
            Called with (chips done, chips in all).

        Returns
        -------
        list of Path
            The folder of chips.

        Raises
        ------
        ConfigError
            The scene lacks the bands of ``display``.
        NotReadable
            The scene's files are gone or damaged.
        WorkspaceError
            The workspace cannot open its scenes, or they are no longer those that it was made from.
        OutputError
            Disk full, folder not writable, or it holds files that no export wrote.
        """
        scenes = _opened(workspace)
        table = _listing(workspace, scenes, self.format)
        pictures = _Pictures.of(workspace, self.display)
        facts = provenance(workspace, labels_of(workspace), layer=None)
        target = folder / f"chips_{self.format}"
        with whole_folder(target) as temporary:
            for done, (name, scene, window) in enumerate(_places(table, scenes), start=1):
                raster = scene.source.read(window)
                if self.format == "png":
                    pictures.save(raster, make_folder((temporary / name).parent) / Path(name).name)
                else:
                    _save_bands(temporary / name, scene, window, raster, tiff_tags(facts))
                if progress is not None:
                    progress(done, len(table))
            write_text(temporary / LISTING, table.to_csv(index=False))
            write_json(temporary / ABOUT, {**facts, **(pictures.to_json() if self.format == "png" else {})})
        return [target]


def _opened(workspace: Workspace) -> dict[str, Scene]:
    """Open the scenes by name, and check that they are those of the workspace."""
    opened = getattr(workspace, "opened", None)
    if opened is None:
        raise WorkspaceError(
            f"{workspace.folder} does not hold the scene's pixels, and this Workspace cannot open the scene: export "
            "chips with `rsgraph export`, or give a workspace with a method opened() that returns its scenes"
        )
    scenes = {scene.name: scene for scene in opened()}
    for known in workspace.scenes:
        found = scenes.get(known.name)
        if found is None or (found.rows, found.columns, found.bands) != (known.rows, known.columns, known.bands):
            raise WorkspaceMismatch(
                f"the scene {known.name} is no longer what {workspace.folder} was made from ({known.columns} x "
                f"{known.rows} pixels, bands {', '.join(known.bands)}); put the original file back"
            )
    return scenes


def _listing(workspace: Workspace, scenes: Mapping[str, Scene], ending: str) -> pd.DataFrame:
    """Return the table that becomes chips.csv."""
    chips = _in_scope(workspace, workspace.chips)
    names = chips["scene_id"] if "scene_id" in chips else pd.Series([next(iter(scenes))] * len(chips), dtype="str")
    classes = chips["class_name"].fillna("") if "class_name" in chips else pd.Series([""] * len(chips), dtype="str")
    files = [
        f"{split}/{file_safe(kind) if kind else 'chips'}/{scene}_r{row:05d}_c{column:05d}.{ending}"
        for split, kind, scene, row, column in zip(
            chips["split"], classes, names, chips["row_offset"], chips["column_offset"], strict=True
        )
    ]
    rest = chips.drop(columns=["scene_id"], errors="ignore")
    table = pd.concat([pd.DataFrame({"file": files, "scene_id": names.to_list()}), rest], axis=1)
    labels = labels_of(workspace)
    return table if labels.empty else table.merge(_main_labels(workspace.segments, labels), on="chip_id", how="left")


def _in_scope(workspace: Workspace, chips: pd.DataFrame) -> pd.DataFrame:
    """Return the chips that hold a segment which the workspace's scope lets leave."""
    scope = scope_of(workspace)
    if scope.says_all:
        return chips
    segments = workspace.segments
    kept = scope.rows(segments["segment_id"].to_numpy(), labels_of(workspace))
    return chips[chips["chip_id"].isin(segments.loc[kept, "chip_id"])].reset_index(drop=True)


def _main_labels(segments: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return chip_id, the label of the largest area in it and its share of the chip's segments."""
    named = segments[["segment_id", "chip_id", "area_px"]].merge(labels[["segment_id", "label"]], on="segment_id")
    areas = named.groupby(["chip_id", "label"])["area_px"].sum().reset_index()
    areas = areas.sort_values(["chip_id", "area_px", "label"], ascending=[True, False, True])
    main = areas.drop_duplicates("chip_id")
    whole = main["chip_id"].map(segments.groupby("chip_id")["area_px"].sum())
    return pd.DataFrame(
        {"chip_id": main["chip_id"], "label": main["label"], "label_fraction": (main["area_px"] / whole).round(4)}
    )


def _places(table: pd.DataFrame, scenes: Mapping[str, Scene]) -> Iterator[tuple[str, Scene, Window]]:
    for name, scene, *numbers in table[["file", "scene_id", *_PLACE]].itertuples(index=False):
        yield name, scenes[scene], Window(*(int(number) for number in numbers))


@dataclass(frozen=True)
class _Pictures:
    """How reflectance becomes pictures."""

    names: tuple[str, ...]
    chosen: tuple[int, int, int]
    low: Floats
    high: Floats

    @classmethod
    def of(cls, workspace: Workspace, display: str | Sequence[str]) -> _Pictures:
        """Choose bands, and take the stretch from what was found in the whole scene."""
        found = workspace.survey
        names = tuple(found["bands"])
        chosen = choose_bands(names, display)
        low, high = shown_limits(found, chosen, reflectance=workspace.scenes[0].reflectance)
        return cls(names, chosen, low, high)

    def save(self, raster: Raster, path: Path) -> None:
        """Write one picture."""
        image = stretch(raster.values[list(self.chosen)], raster.valid, self.low, self.high)
        image[~raster.valid] = 0
        Image.fromarray(image).save(path)

    def to_json(self) -> dict[str, Any]:
        """Say which bands, and which reflectance became 0 and 255."""
        red_green_blue = [self.names[index] for index in self.chosen]
        return {"bands": red_green_blue, "low": self.low.tolist(), "high": self.high.tolist(), "gamma": GAMMA}


def _save_bands(path: Path, scene: Scene, window: Window, raster: Raster, tags: Mapping[str, str]) -> None:
    """Write all bands of one chip, with its place on the ground."""
    grid = shifted(scene.transform, window)
    here = SceneInfo(path.stem, scene.bands, window.rows, window.columns, scene.crs, grid, (), None)
    style = Style("float32", float("nan"), scene.bands, tags)
    pixels = np.where(raster.valid, raster.values, np.float32("nan"))
    write_geotiff(
        path,
        here,
        style,
        lambda part: pixels[:, part.row : part.row + part.rows, part.column : part.column + part.columns],
        iter([Window(0, 0, window.rows, window.columns)]),
    )
