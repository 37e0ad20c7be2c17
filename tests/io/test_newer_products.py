from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.io.newer_products import newer_product


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("turb_20240101_l2a.tif", "2024-01-01"), ("2022-01-25_B02.tif", "2022-01-25"), ("20220124.tif", None),
        ("x_20231399.tif", None), ("x_202312171.tif", None), ("x_20230231.tif", None), ("plain.tif", None),
    ],
)  # fmt: skip
def test_newer_product_reads_dates(name: str, says: str | None) -> None:
    assert newer_product(Path("/data") / name) == says
