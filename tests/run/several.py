"""Small coastal scenes as GeoTIFFs: of different sizes, grids and orders of bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasterio import Affine

from rsgraph.components import build
from tests.io.rasters import write_tiff
from tests.small_runs import TINY, composed


def write_scene(
    path: Path, rows: int, columns: int, *, crs: str = "EPSG:32630", metres: float = 10, turned: bool = False
) -> Path:
    """Write a synthetic coast; ``turned`` stores its bands in the reverse order."""
    (scene,) = build("reader", name="synthetic", rows=rows, columns=columns).open(None)
    numbers = np.clip(scene.source.read(scene.window).values * 10000, 1, 65535).astype(np.uint16)
    step = -1 if turned else 1
    transform = Affine(metres, 0, 500000, 0, -metres, 5600000)
    return write_tiff(path, numbers[::step], names=scene.bands[::step], crs=crs, transform=transform, nodata=0)


def several(paths: list[Path], workspace: Path, *options: str) -> dict[str, Any]:
    """Return the config of a tiny run over several scenes."""
    words = [word for word in TINY if not word.startswith("reader")]
    config = composed(*words, f"workspace={workspace}", *options)
    config["data"]["path"] = [str(path) for path in paths]  # as Hydra reads data.path=['...','...'], but at once
    return config
