"""Arcs and surfaces as polygons and lines; well-known binary as GDAL writes it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from rsgraph.label_files.curves import arc, linear, read_shapes


def wkb_of(text: str, folder: Path) -> bytes:
    """Well-known binary of well-known text, written by GDAL."""
    (folder / "a.csv").write_text(f'label,WKT\nx,"{text}"\n')
    with pyogrio.open_arrow(folder / "a.csv", use_pyarrow=True) as (_, reader):
        (found,) = reader.read_all().column("wkb_geometry").to_pylist()
    return bytes(found)


CIRCLE = "CIRCULARSTRING (0 0, 2 2, 4 0, 2 -2, 0 0)"


@pytest.mark.parametrize(
    ("text", "area"),
    [
        (f"CURVEPOLYGON ({CIRCLE})", 4 * np.pi),
        (f"CURVEPOLYGON ({CIRCLE}, (1 -1, 3 -1, 3 1, 1 1, 1 -1))", 4 * np.pi - 4),
        ("CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 2 2, 4 0), (4 0, 4 -3, 0 -3, 0 0)))", 2 * np.pi + 12),
        ("CURVEPOLYGON (CIRCULARSTRING (0 0, 4 0, 0 0))", 4 * np.pi),  # a whole circle: the middle is opposite
        (f"MULTISURFACE (CURVEPOLYGON ({CIRCLE}), ((10 0, 12 0, 12 5, 10 5, 10 0)))", 4 * np.pi + 10),
        (f"GEOMETRYCOLLECTION (POINT (1 1), CURVEPOLYGON ({CIRCLE}))", 4 * np.pi),
        ("CURVEPOLYGON Z (CIRCULARSTRING Z (0 0 7, 2 2 7, 4 0 7, 2 -2 7, 0 0 7))", 4 * np.pi),
        ("CURVEPOLYGON ZM (CIRCULARSTRING ZM (0 0 7 1, 2 2 7 1, 4 0 7 1, 2 -2 7 1, 0 0 7 1))", 4 * np.pi),
        ("TIN Z (((0 0 0, 0 3 1, 3 0 2, 0 0 0)), ((3 0 2, 0 3 1, 3 3 0, 3 0 2)))", 9),
        ("POLYHEDRALSURFACE (((0 0, 0 2, 2 2, 2 0, 0 0)))", 4),
        ("TRIANGLE ((0 0, 0 2, 2 0, 0 0))", 2),
        ("POLYGON ((0 0, 0 2, 2 2, 2 0, 0 0))", 4),
        ("CURVEPOLYGON EMPTY", 0),
    ],
)
def test_surfaces_have_the_area_of_their_arcs(text: str, area: float, tmp_path: Path) -> None:
    found = linear(wkb_of(text, tmp_path))
    assert found.area == pytest.approx(area, rel=2e-4)
    assert not found.has_z
    assert found.is_valid


def test_lines_and_points_are_read_too(tmp_path: Path) -> None:
    half = linear(wkb_of("CIRCULARSTRING (0 0, 2 2, 4 0)", tmp_path))
    assert half.length == pytest.approx(2 * np.pi, rel=1e-4)
    chain = linear(wkb_of("COMPOUNDCURVE (CIRCULARSTRING (0 0, 2 2, 4 0), (4 0, 9 0))", tmp_path))
    assert chain.length == pytest.approx(2 * np.pi + 5, rel=1e-4)
    both = linear(wkb_of("MULTICURVE (CIRCULARSTRING (0 0, 2 2, 4 0), (4 0, 9 0))", tmp_path))
    assert len(shapely.get_parts(both)) == 2
    assert linear(wkb_of("POINT ZM (1 2 3 4)", tmp_path)) == shapely.Point(1, 2)


def test_an_arc_goes_through_its_points_the_way_that_the_middle_lies() -> None:
    start, end = np.array([1.0, 0]), np.array([0, 1.0])
    for middle in (np.array([1, 1]) / np.sqrt(2), -np.array([1, 1]) / np.sqrt(2)):
        found = arc(start, middle, end)
        np.testing.assert_allclose(np.hypot(*found.T), 1)
        np.testing.assert_array_equal(found[[0, -1]], [start, end])
        assert np.hypot(*(found - middle).T).min() < np.radians(1)
    straight = arc(np.zeros(2), np.ones(2), np.full(2, 3.0))
    np.testing.assert_array_equal(straight, [[0, 0], [1, 1], [3, 3]])


def test_extended_binary_with_a_crs_in_it_is_read() -> None:
    circle = linear(struct.pack("<BIII", 1, 10 | 0x20000000 | 0x80000000, 4326, 1) + _arcs("<", 8 | 0x80000000))
    assert circle.area == pytest.approx(4 * np.pi, rel=2e-4)
    big_endian = linear(struct.pack(">BII", 0, 1010, 1) + _arcs(">", 1008))
    assert big_endian.equals_exact(circle)


def _arcs(order: str, code: int) -> bytes:
    points = [(0, 0, 9), (2, 2, 9), (4, 0, 9), (2, -2, 9), (0, 0, 9)]
    head = struct.pack(f"{order}BII", order == "<", code, len(points))
    return head + b"".join(struct.pack(f"{order}3d", *point) for point in points)


@pytest.mark.parametrize(
    "wkb",
    [
        b"",
        b"\x01\x0a\x00\x00\x00\x01\x00",
        struct.pack("<BII", 1, 10, 4_000_000_000),
        struct.pack("<BII", 1, 2, 4_000_000_000),
        struct.pack("<BII", 1, 13, 1) + _arcs("<", 1008),
        struct.pack("<BII", 1, 7, 1) * 5000,
        struct.pack("<BIII", 1, 3, 1, 2) + struct.pack("<4d", 0, 0, 1, 1),
        struct.pack("<BII", 1, 10, 1) + struct.pack("<BI2d", 1, 1, 0, 0),
    ],
)
def test_what_is_no_geometry_is_said(wkb: bytes) -> None:
    with pytest.raises(ValueError):
        linear(wkb)


def test_geometries_of_all_kinds_are_read_and_broken_ones_marked() -> None:
    whole = shapely.to_wkb(shapely.box(0, 0, 10, 10))
    found, unreadable = read_shapes([whole, None, whole[:20], b""])
    assert unreadable.tolist() == [False, False, True, True]
    assert [None if each is None else each.area for each in found] == [100, None, None, None]
    heights, none = read_shapes([shapely.to_wkb(shapely.Point(1, 2, 3))])
    assert (heights[0].has_z, none.tolist()) == (False, [False])
