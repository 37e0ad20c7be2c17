"""Small rasters, written for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

TRANSFORM = Affine(10, 0, 500000, 0, -10, 4100000)


def write_tiff(
    path: Path,
    numbers: NDArray[Any],
    *,
    names: Sequence[str] = (),
    crs: str | None = "EPSG:32633",
    transform: Affine | None = TRANSFORM,
    **options: Any,
) -> Path:
    """Write (bands, rows, columns), tiled by 32 and deflated unless options say otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"tiled": True, "blockxsize": 32, "blockysize": 32, "compress": "deflate", **options}
    bands, rows, columns = numbers.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=bands, dtype=numbers.dtype, crs=crs,
        transform=transform, **profile,
    ) as target:  # fmt: skip
        target.write(numbers)
        for i, name in enumerate(names, start=1):
            target.set_band_description(i, name)
    return path


def counts(bands: int, rows: int = 70, columns: int = 50, *, seed: int = 0) -> NDArray[np.uint16]:
    """Random Sentinel-2 counts without 0."""
    return np.random.default_rng(seed).integers(200, 4000, (bands, rows, columns)).astype(np.uint16)
