"""Outlines of clouds in GML, after a file of ESA's."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import NotReadable
from rsgraph.io.archive import tree
from rsgraph.io.cloud_outlines import CloudOutlines, read_outlines
from rsgraph.types import CLEAR, CLOUD, Window

GRID = (10.0, 0.0, 1000.0, 0.0, -10.0, 2000.0)
RING = "1010 1990 1050 1990 1050 1950 1010 1950 1010 1990"  # columns 1 ... 4, rows 1 ... 4
HOLE = "1020 1980 1030 1980 1030 1970 1020 1970 1020 1980"  # column 2, row 2


def gml(*rings: str, size: str = "2") -> str:
    """A mask of one polygon with the rings given, the outer one first; of none where none is given."""
    places = ["exterior", *["interior"] * len(rings)]
    lists = [f'<gml:posList srsDimension="{size}">{ring}</gml:posList>' for ring in rings]
    parts = "".join(
        f"<gml:{place}><gml:LinearRing>{points}</gml:LinearRing></gml:{place}>"
        for place, points in zip(places, lists, strict=False)
    )
    member = (
        "<eop:maskMembers><eop:MaskFeature><eop:maskType>OPAQUE</eop:maskType><eop:extentOf>"
        f"<gml:Polygon>{parts}</gml:Polygon></eop:extentOf></eop:MaskFeature></eop:maskMembers>"
    )
    names = 'xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'
    return f'<?xml version="1.0"?><eop:Mask {names}>{member if rings else ""}</eop:Mask>'


def outlines(folder: Path, text: str) -> CloudOutlines:
    (folder / "MSK_CLOUDS_B00.gml").write_text(text)
    return read_outlines(tree(folder), "MSK_CLOUDS_B00.gml", GRID)


def test_pixels_in_polygons_are_clouds_but_not_those_in_their_holes(tmp_path: Path) -> None:
    found = pickle.loads(pickle.dumps(outlines(tmp_path, gml(RING, HOLE))))  # noqa: S301  # our own bytes
    expected = np.full((8, 9), CLEAR)
    expected[1:5, 1:5], expected[2, 2] = CLOUD, CLEAR
    np.testing.assert_array_equal(found.read(Window(0, 0, 8, 9)), expected)
    np.testing.assert_array_equal(found.read(Window(2, 1, 4, 3)), expected[2:6, 1:4])
    assert not found.knows_shadows


def test_points_may_have_a_height(tmp_path: Path) -> None:
    ring = " ".join(f"{x} {y} 0" for x, y in zip(RING.split()[::2], RING.split()[1::2], strict=True))
    assert (outlines(tmp_path, gml(ring, size="3")).read(Window(0, 0, 8, 8)) == CLOUD).sum() == 16


def test_a_clear_scene_has_no_polygons(tmp_path: Path) -> None:
    assert (outlines(tmp_path, gml()).read(Window(3, 3, 2, 2)) == CLEAR).all()


@pytest.mark.parametrize("ring", ["1 2 3", "1 2", "a b c d e f g h", "1 2 3 4 5 6 7 inf"])
def test_a_damaged_outline_is_one_sentence(tmp_path: Path, ring: str) -> None:
    with pytest.raises(NotReadable, match=r"holds an outline that is none \(.*\); download the product again"):
        outlines(tmp_path, gml(ring))
