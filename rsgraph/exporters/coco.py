"""COCO: chips as pictures, and what is labelled in them as instances."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from rsgraph.exporters.areas import check_labelled
from rsgraph.exporters.chip_files import (
    ChipPixels,
    Chosen,
    Pictures,
    chip_classes,
    chip_table,
    each_chip,
)
from rsgraph.exporters.content import Content, check_choice, gather
from rsgraph.exporters.dissolve import Region, Strip, regions
from rsgraph.exporters.folders import ABOUT, LISTING, whole_folder
from rsgraph.exporters.provenance import KEY, as_text, provenance
from rsgraph.files import make_folder, write_json, write_text
from rsgraph.io.display import check_display
from rsgraph.protocols import Export, Exporter, Progress
from rsgraph.workspace import Workspace

_SPLITS = ("train", "test")


class Coco(Exporter):
    """COCO: chips as pictures with an instance per connected region of a class, split as in the paper.

    ``coco/<split>/<scene>_r<row>_c<column>.png`` and ``coco/annotations/instances_<split>.json``, where split is the
    paper's (every fourth chip is test). An instance is a 4-connected region of one class within a
    chip: bbox and area in pixels, iscrowd 0, segmentation as a polygon along the pixels' sides, or,
    where it has holes (which COCO's polygons cannot have), as an uncompressed RLE. ``attributes`` hold the number of
    segments, the mean confidence, origins and authors. Category ids are the class codes of the other exports.
    ``info`` holds the provenance. ``chips.csv`` lists the pictures, ``chips.json`` bands and stretch. An earlier
    export is replaced whole.

    Parameters
    ----------
    display
        Bands of the pictures: ``auto``, ``true_colour``, ``false_colour`` or three band names.
    chips
        ``labelled``: only chips that hold a label; ``all``: the others too, without annotations.

    References
    ----------
    https://cocodataset.org/#format-data
    """

    def __init__(self, display: str | Sequence[str] = "auto", chips: Chosen = "labelled") -> None:
        self.display = check_display(display)
        self.chips = check_choice("chips", chips, Chosen)

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the folder ``coco``. As ``Chips.export``; raises NotThere where nothing is labelled."""
        workspace, content = export.workspace, gather(export, embeddings=False)
        check_labelled(workspace, content)
        scenes = export.scenes()
        table = _with_files(chip_table(export, chosen=self.chips))
        pictures = Pictures.of(workspace, self.display)
        facts = provenance(export, layer=None)
        also = (ABOUT, *(f"annotations/instances_{split}.json" for split in _SPLITS))
        with whole_folder(folder / "coco", also=also) as temporary:
            with _annotations(make_folder(temporary / "annotations"), content, facts) as files:
                for chip in each_chip(table, scenes, progress):
                    pictures.save(chip.scene.source.read(chip.window), temporary / chip.row["file"])
                    files.add(chip, _instances(workspace, content, chip))
            write_text(temporary / LISTING, table.to_csv(index=False))
            write_json(temporary / ABOUT, {**facts, **pictures.to_json()})
        return [folder / "coco"]


def _with_files(table: pd.DataFrame) -> pd.DataFrame:
    files = [f"{split}/{name}.png" for split, name in zip(table["split"], table["name"], strict=True)]
    return pd.concat([pd.DataFrame({"file": files}, dtype="str"), table.drop(columns="name")], axis=1)


@contextmanager
def _annotations(folder: Path, content: Content, facts: Mapping[str, Any]) -> Iterator[_Files]:
    """Open the two files of annotations."""
    head = f'{as_text(_head(content, facts))[:-1]}, "annotations": ['
    with ExitStack() as stack:
        paths = {split: folder / f"instances_{split}.json" for split in _SPLITS}
        files = _Files(
            {split: stack.enter_context(path.open("w", encoding="utf-8")) for split, path in paths.items()}
        )
        for split in _SPLITS:
            files.files[split].write(head)
        yield files
        for split in _SPLITS:
            files.files[split].write(f'\n], "images": {as_text(files.images[split])}}}\n')


class _Files:
    """The two files of annotations, written as they come: a tile has hundreds of thousands."""

    def __init__(self, files: Mapping[str, TextIO]) -> None:
        self.files = files
        self.images: dict[str, list[dict[str, Any]]] = {split: [] for split in _SPLITS}
        self.counts = dict.fromkeys(_SPLITS, 0)

    def add(self, chip: ChipPixels, found: Iterator[dict[str, Any]]) -> None:
        """Add a chip and its instances."""
        split, name = str(chip.row["file"]).split("/")
        image_id = int(chip.row["chip_id"]) + 1
        size = {"width": chip.window.columns, "height": chip.window.rows}
        place = {"scene": chip.scene.name, "row_offset": chip.window.row, "column_offset": chip.window.column}
        self.images[split].append({"id": image_id, "file_name": name, **size, **place})
        for instance in found:
            comma = "," if self.counts[split] else ""
            self.counts[split] += 1
            numbered = {"id": self.counts[split], "image_id": image_id, **instance}
            self.files[split].write(f"{comma}\n{json.dumps(numbered)}")


def _head(content: Content, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands before the annotations."""
    info = {
        "description": f"{', '.join(facts['scenes'])}: labels made with rsgraph",
        "version": facts["rsgraph"],
        "year": int(facts["written"][:4]),
        "date_created": facts["written"],
        "contributor": ", ".join(facts["label_authors"]),
        KEY: dict(facts),
    }
    categories = [
        {"id": each.code, "name": each.name, "supercategory": "", "color": each.colour} for each in content.classes
    ]
    return {"info": info, "licenses": [], "categories": categories}


def _instances(workspace: Workspace, content: Content, chip: ChipPixels) -> Iterator[dict[str, Any]]:
    """Give the instances of one chip."""
    codes, segments = chip_classes(workspace, content, chip)
    for region in regions([Strip(0, codes, segments)]):
        left, top, right, bottom = (int(number) for number in region.geometry.bounds)
        yield {
            "category_id": region.code,
            "bbox": [left, top, right - left, bottom - top],
            "area": region.pixels,
            "iscrowd": 0,
            "segmentation": _segmentation(region, codes.shape),
            "attributes": _attributes(content, region),
        }


def _attributes(content: Content, region: Region) -> dict[str, Any]:
    facts = content.label_facts(region.segments)
    return {
        "segments": len(region.segments),
        "confidence": None if facts.confidence is None else round(facts.confidence, 6),
        "origins": list(facts.origins),
        "authors": list(facts.authors),
    }


def _segmentation(region: Region, shape: tuple[int, int]) -> Any:
    """Return the outline as a polygon, or as run lengths where it has holes."""
    if len(region.geometry.interiors) == 0:
        points = shapely.get_coordinates(region.geometry.exterior)[:-1]
        return [points.astype(int).ravel().tolist()]
    return {"counts": run_lengths(rasterize([region.geometry], out_shape=shape)), "size": list(shape)}


def run_lengths(mask: NDArray[Any]) -> list[int]:
    """Return COCO's uncompressed RLE of a mask (rows, columns): column by column, zeros first.

    >>> run_lengths(np.array([[0, 1], [1, 1]]))
    [1, 3]
    """
    pixels = (mask > 0).ravel(order="F")
    changes = np.flatnonzero(np.diff(pixels)) + 1
    counts: list[int] = np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()
    return [0, *counts] if pixels.size and pixels[0] else counts
