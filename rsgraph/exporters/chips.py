"""An image folder of chips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rsgraph.exporters.chip_files import (
    Format,
    Pictures,
    chip_table,
    each_chip,
    save_raster,
)
from rsgraph.exporters.content import check_choice
from rsgraph.exporters.folders import ABOUT, LISTING, whole_folder
from rsgraph.exporters.provenance import provenance, tiff_tags
from rsgraph.exporters.rasters import Style
from rsgraph.files import write_json, write_text
from rsgraph.io.display import check_display
from rsgraph.own_files.names import file_safe
from rsgraph.protocols import Export, Exporter, Progress


class Chips(Exporter):
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
    """

    def __init__(self, display: str | Sequence[str] = "auto", format: Format = "png") -> None:
        self.display = check_display(display)
        self.format = check_choice("format", format, Format)

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the folder of chips, which is returned; progress is called with (chips done, chips in all).

        Raises
        ------
        ConfigError
            The scene lacks the bands of ``display``.
        NotReadable
            The scene's files are gone or damaged.
        WorkspaceError
            The scenes are no longer those that the workspace was made from.
        OutputError
            Disk full, folder not writable, or it holds files that no export wrote.
        """
        workspace, scenes = export.workspace, export.scenes()
        table = _with_files(chip_table(export), self.format)
        pictures = Pictures.of(workspace, self.display)
        facts = provenance(export, layer=None)
        target = folder / f"chips_{self.format}"
        with whole_folder(target) as temporary:
            for chip in each_chip(table, scenes, progress):
                raster = chip.scene.source.read(chip.window)
                if self.format == "png":
                    pictures.save(raster, temporary / chip.row["file"])
                else:
                    pixels = np.where(raster.valid, raster.values, np.float32("nan"))
                    style = Style("float32", float("nan"), chip.scene.bands, tiff_tags(facts))
                    save_raster(temporary / chip.row["file"], chip, pixels, style)
            write_text(temporary / LISTING, table.to_csv(index=False))
            write_json(temporary / ABOUT, {**facts, **(pictures.to_json() if self.format == "png" else {})})
        return [target]


def _with_files(table: pd.DataFrame, ending: str) -> pd.DataFrame:
    """Put the files' names in place of the chips'."""
    classes = table["class_name"].fillna("") if "class_name" in table else [""] * len(table)
    files = [
        f"{split}/{file_safe(kind) if kind else 'chips'}/{name}.{ending}"
        for split, kind, name in zip(table["split"], classes, table["name"], strict=True)
    ]
    return pd.concat([pd.DataFrame({"file": files}, dtype="str"), table.drop(columns="name")], axis=1)
