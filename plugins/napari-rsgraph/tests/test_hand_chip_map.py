"""A person looks at the chip map and the gallery: shares, not winners; strips as they are; the order of chips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import at_window
from numpy.typing import NDArray

pytestmark = pytest.mark.slow

POINTS, GALLERY = "window.overview.points", "window.overview.gallery"
RED, GRAY = (255, 0, 0), (138, 143, 152)


def near(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    """Count the pixels of a colour."""
    return int((np.abs(picture.astype(int) - colour).max(axis=-1) < 12).sum())


def test_chips_show_shares_and_the_gallery_what_has_most(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        names = hand.ask("[name for name, _ in window.session.colouring.key('chips').entries]")
        assert names
        assert not any(name.isdigit() for name in names)
        hand.ask("window.session.labels.define('forest', colour='#ff0000')")
        # every fourth segment: of each chip a quarter, or somewhat more or less
        hand.ask("window.session.labels.assign(np.arange(0, window.session.tables.n_segments, 4), 'forest')")
        hand.wait("window.session.colouring.by == 'class'")
        hand.at_rest()
        hand.wait(f"{POINTS}.at_rest")
        hand.save(tmp_path / "shares.png")
        picture = hand.part(POINTS)
        red, gray = near(picture, RED), near(picture, GRAY)
        share = hand.ask("float(window.session.colouring.shares().values[:, 1].mean())")
        assert 0.15 < share < 0.35
        assert red > 100
        assert 0.6 * share < red / (red + gray) < 1.5 * share
        sides = hand.ask(f"[max(p.width(), p.height()) for p in {POINTS}._thumbnails._kept.values()]")
        strips = hand.ask("[int(n) for n in np.sort(window.session.tables.chips[['rows', 'columns']].max(axis=1))]")
        assert len(set(strips)) > 1
        assert min(sides) / max(sides) == pytest.approx(min(strips) / max(strips), abs=0.05)

        hand.ask("window.session.selection.set_level('segments')")
        hand.key("ctrl+a")
        hand.at_rest()
        assert "edge strip" in hand.ask(f"{GALLERY}.header")
        areas = "window.session.tables.segments['area_px']"
        counts = hand.ask(f"np.bincount(window.session.tables.chip_of, {areas}).tolist()")
        shown = hand.ask(f"{GALLERY}.tiles.shown.chips.tolist()")
        assert [counts[chip] for chip in shown] == sorted(counts, reverse=True)
        hand.save(tmp_path / "most.png")
        before = hand.part(f"{GALLERY}.tiles.viewport()")
        hand.click(hand.centre(f"{GALLERY}._order"))
        hand.key("Down", "Return")
        assert hand.ask("window.overview.chip_order.how") == "typical"
        assert np.any(hand.part(f"{GALLERY}.tiles.viewport()") != before)
        assert sorted(hand.ask(f"{GALLERY}.tiles.shown.chips.tolist()")) == sorted(shown)
        hand.save(tmp_path / "typical.png")
