from __future__ import annotations

import ast
import re
from pathlib import Path

import pyogrio
import pytest
import rasterio

import rsgraph
from rsgraph.io.drivers import OURS, SAFE, SCENES
from rsgraph.io.handles import gdal
from rsgraph.label_files.formats import safely

FORBIDDEN = {"MRF", "WMS", "WCS", "WMTS", "GTI", "HTTP", "STACIT", "STACTA", "ERS", "PLMOSAIC", "EEDAI", "GPKG"}


def test_lists_hold_no_format_that_asks_or_writes() -> None:
    assert OURS == ("GTiff",)
    assert not FORBIDDEN & set(SCENES)


def test_settings_hold_inside_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_VRT_ENABLE_PYTHON", "YES")
    with gdal("a.tif"):
        found = rasterio.env.getenv()
        assert {name: found[name] for name in SAFE} == SAFE
    with safely():
        assert pyogrio.get_gdal_config_option("GDAL_VRT_ENABLE_PYTHON") == "NO"
    assert pyogrio.get_gdal_config_option("GDAL_VRT_ENABLE_PYTHON") == "YES"


def test_rasters_are_opened_by_a_list_everywhere() -> None:
    """No module calls ``rasterio.open`` to read without saying as what."""
    for path in Path(rsgraph.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("rasterio.open", "DatasetReader"):
                assert [each for each in call.keywords if each.arg in ("driver", None)], f"{path}:{call.lineno}"


def test_vectors_are_read_where_their_format_is_looked_at_first() -> None:
    package = Path(rsgraph.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
            if re.match(r"pyogrio\.(read|open|list_layers)", name) or name.endswith(".read_file") or "fiona" in name:
                found.add(path.relative_to(package).as_posix())
    assert found == {"label_files/vector_files.py", "view/overlay_vectors.py"}
