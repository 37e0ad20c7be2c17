from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsgraph.errors import OutputError
from rsgraph.pictures.figure import DPI, place_axes, save_png, sheet, show_image


def test_save_png_draws_the_image_where_it_was_placed(tmp_path: Path) -> None:
    figure, (left, bottom, width, height) = sheet(4, "a title", "a caption")
    show_image(place_axes(figure, left, bottom, width, height), np.full((40, 117, 3), (10, 200, 30), np.uint8))
    path = save_png(figure, tmp_path / "new" / "picture.png")
    pixels = np.asarray(Image.open(path).convert("RGB"))
    assert pixels.shape[1] == 1500
    middle = pixels[-int((bottom + height / 2) * DPI), int((left + width / 2) * DPI)]
    np.testing.assert_array_equal(middle, (10, 200, 30))
    assert [file.name for file in path.parent.iterdir()] == ["picture.png"]


def test_save_png_takes_any_name(tmp_path: Path) -> None:
    figure, _ = sheet(1, "S2 (Raw) $x_{1}$ \\alpha " + "long name " * 40, "湾 costs $5 and $6")
    assert save_png(figure, tmp_path / "a b.png").stat().st_size > 1000


def test_save_png_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError):
        save_png(sheet(1, "", "")[0], tmp_path / "file" / "picture.png")


def test_same_picture_same_bytes(tmp_path: Path) -> None:
    a, b = (save_png(sheet(1, "t", "c")[0], tmp_path / name) for name in ("a.png", "b.png"))
    assert a.read_bytes() == b.read_bytes()
