"""A training folder: chips and their masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from rsgraph.exporters.areas import check_labelled
from rsgraph.exporters.chip_files import (
    ChipPixels,
    Chosen,
    Format,
    Pictures,
    chip_classes,
    chip_table,
    each_chip,
    save_raster,
)
from rsgraph.exporters.content import Content, check_choice, gather
from rsgraph.exporters.folders import LISTING, whole_folder
from rsgraph.exporters.legend import Legend, class_legend
from rsgraph.exporters.provenance import provenance, tiff_tags
from rsgraph.exporters.rasters import Style
from rsgraph.files import make_folder, write_json, write_text
from rsgraph.io.display import check_display
from rsgraph.protocols import Export, Exporter, Progress

CLASSES = "classes.json"
ABOUT = "training.json"


class Training(Exporter):
    """Training folder: chips with a mask of class codes each, for segmentation, split as in the paper.

    ``training_<format>/<split>/images/<scene>_r<row>_c<column>.<format>`` and ``<split>/masks/`` with the same name,
    where split is the paper's (every fourth chip is test). Masks hold the class codes of the other exports, uint8
    (uint16 above 255 classes) with the classes' colours; 0 is unlabelled or no data: let the loss ignore it.
    ``classes.json`` names the codes, ``chips.csv`` lists images and masks with the labelled pixels of each class,
    ``training.json`` holds the provenance. Chips at the edges keep their true, smaller size. An earlier export is
    replaced whole.

    Parameters
    ----------
    format
        ``tif``: all bands as reflectance in float32, 0 where there are no data (declared as nodata), so that no NaN
        gets into a loss; with CRS and transform. ``png``: 8-bit pictures of three bands, stretched alike.
    display
        Bands of the pictures (png): ``auto``, ``true_colour``, ``false_colour`` or three band names.
    chips
        ``labelled``: only chips that hold a label; ``all``: the others too, with empty masks.
    """

    def __init__(
        self, format: Format = "tif", display: str | Sequence[str] = "auto", chips: Chosen = "labelled"
    ) -> None:
        self.format = check_choice("format", format, Format)
        self.display = check_display(display)
        self.chips = check_choice("chips", chips, Chosen)

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the folder ``training_<format>``. As ``Chips.export``; raises NotThere where nothing is labelled."""
        workspace, content = export.workspace, gather(export, embeddings=False)
        check_labelled(workspace, content)
        scenes = export.scenes()
        table = _with_files(chip_table(export, chosen=self.chips), self.format)
        facts = provenance(export, layer=None)
        pictures = Pictures.of(workspace, self.display) if self.format == "png" else None
        writer = _Writer(content, pictures, tiff_tags(facts))
        target, counts = folder / f"training_{self.format}", []
        with whole_folder(target, also=(CLASSES, ABOUT)) as temporary:
            for chip in each_chip(table, scenes, progress):
                codes, _ = chip_classes(workspace, content, chip)
                writer.image(temporary / chip.row["file"], chip)
                writer.mask(temporary / chip.row["mask"], chip, codes)
                counts.append(np.bincount(codes.ravel(), minlength=len(content.classes) + 1)[1:])
            write_text(temporary / LISTING, _listing(table, counts, content).to_csv(index=False))
            write_json(temporary / CLASSES, _classes(content))
            write_json(temporary / ABOUT, {**facts, **(pictures.to_json() if pictures else {})})
        return [target]


class _Writer:
    """Writes images and masks in one format."""

    def __init__(self, content: Content, pictures: Pictures | None, tags: dict[str, str]) -> None:
        self.pictures, self.tags = pictures, tags
        self.legend = class_legend(content.classes)
        self.dtype = "uint8" if len(content.classes) <= 255 else "uint16"

    def image(self, path: Path, chip: ChipPixels) -> None:
        """Write one chip."""
        raster = chip.scene.source.read(chip.window)
        if self.pictures is not None:
            self.pictures.save(raster, path)
        else:
            save_raster(path, chip, raster.values, Style("float32", 0, chip.scene.bands, self.tags))

    def mask(self, path: Path, chip: ChipPixels, codes: NDArray[Any]) -> None:
        """Write the class codes (rows, columns) of one chip."""
        codes = codes.astype(self.dtype)
        if self.pictures is None:
            save_raster(path, chip, codes[None], Style(self.dtype, 0, ["class"], self.tags, self.legend.colours))
        else:
            make_folder(path.parent)
            _picture(codes, self.legend).save(path)


def _picture(codes: NDArray[Any], legend: Legend) -> Image.Image:
    """Return a picture whose pixels are the codes: with a palette, or 16-bit gray where that is too small."""
    image = Image.fromarray(codes)
    if codes.dtype == np.uint8:
        image = image.convert("P") if image.mode != "L" else image
        image.putpalette([part for colour in legend.colours.values() for part in bytes.fromhex(colour[1:])])
    return image


def _with_files(table: pd.DataFrame, ending: str) -> pd.DataFrame:
    """Put the files' names in place of the chips'."""
    pairs = [(split, f"{name}.{ending}") for split, name in zip(table["split"], table["name"], strict=True)]
    files = {
        "file": [f"{split}/images/{name}" for split, name in pairs],
        "mask": [f"{split}/masks/{name}" for split, name in pairs],
    }
    return pd.concat([pd.DataFrame(files, dtype="str"), table.drop(columns="name")], axis=1)


def _listing(table: pd.DataFrame, counts: Sequence[NDArray[Any]], content: Content) -> pd.DataFrame:
    """Add how many pixels of each chip are of each class."""
    names = [f"pixels_{each.code}" for each in content.classes]
    return pd.concat([table, pd.DataFrame(np.array(counts), columns=names)], axis=1)


def _classes(content: Content) -> dict[str, Any]:
    named = [{"code": each.code, "name": each.name, "colour": each.colour} for each in content.classes]
    return {"ignore": 0, "classes": [{"code": 0, "name": "unlabelled or no data", "colour": "#000000"}, *named]}
