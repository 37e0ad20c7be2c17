"""The scene is surveyed once and cut into chips: the stage scene."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.files import write_json
from rsgraph.io.chips import split
from rsgraph.io.survey import Survey, survey
from rsgraph.io.writers import write_reference
from rsgraph.stages.context import Context
from rsgraph.types import Scene
from rsgraph.workspace import write_arrays, write_table


def scene(context: Context) -> dict[str, Any]:
    """Survey the scene once; write scene.json, chips.parquet, levels.npz and, if there is one, the reference."""
    opened = context.opened
    found = survey(opened.scenes, opened.chips, blocks=context.blocks, progress=context.progress)
    write_json(
        context.out / "scene.json",
        {"scenes": [_describe(each) for each in opened.scenes], "survey": found.to_json(), "side": opened.side},
    )
    write_table(context.out / "chips.parquet", _chip_table(context, np.asarray(found.valid_fraction)))
    write_arrays(context.out / "levels.npz", _levels(found))
    for each in opened.scenes:
        if each.reference is not None:
            name = f"reference/{each.name}.tif" if opened.collection else "reference.tif"
            write_reference(each, context.out / name)
    empty = int(np.count_nonzero(np.asarray(found.valid_fraction) == 0))
    return {
        "chips": len(opened.chips) - empty,
        "empty_chips": empty,
        "scenes": len(opened.scenes),
        "notes": list(found.notes),
    }


def _levels(found: Survey) -> dict[str, NDArray[Any]]:
    """Return the levels of the chips that hold data: stitching cuts neighbouring chips alike by them."""
    pixels = np.array(found.chip_valid, dtype=np.int64)
    kept = pixels > 0
    return {
        "mean": np.array(found.chip_mean)[kept],
        "deviation": np.array(found.chip_std)[kept],
        "pixels": pixels[kept],
    }


def _describe(scene: Scene) -> dict[str, Any]:
    assumed = {} if scene.assumed is None else {"assumed": scene.assumed}
    return {
        "name": scene.name,
        "bands": list(scene.bands),
        "rows": scene.rows,
        "columns": scene.columns,
        "crs": scene.crs,
        "transform": list(scene.transform),
        "files": [str(path) for path in scene.files],
        "class_name": scene.class_name,
        "reflectance": scene.reflectance,
        **assumed,
    }


def _chip_table(context: Context, fractions: NDArray[Any]) -> pd.DataFrame:
    """Return the chips that hold data, numbered anew; every fourth of them is test."""
    opened = context.opened
    kept = [chip for chip, fraction in zip(opened.chips, fractions, strict=True) if fraction > 0]
    windows = np.array([chip.window for chip in kept], dtype=np.int32).reshape(-1, 4)
    splits = split(len(kept), context.options.chips.test_every)
    table = pd.DataFrame(
        {
            "chip_id": np.arange(len(kept), dtype=np.int32),
            "row_offset": windows[:, 0],
            "column_offset": windows[:, 1],
            "rows": windows[:, 2],
            "columns": windows[:, 3],
            "valid_fraction": fractions[fractions > 0].astype(np.float32),
            "split": pd.Series(splits, dtype="str"),
        }
    )
    if opened.collection:
        scenes = [opened.scenes[chip.scene] for chip in kept]
        table["scene_id"] = pd.Series([each.name for each in scenes], dtype="str")
        if any(each.class_name for each in scenes):
            table["class_name"] = pd.Series([each.class_name for each in scenes], dtype="str")
    return table
