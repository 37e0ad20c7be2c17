"""Training curves and their best epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsgraph.pictures.curves import Curve, draw_curves
from rsgraph.pictures.figure import save_png


def test_curve_best_epoch() -> None:
    nan = float("nan")
    assert Curve("m", "l", [3, 1, 2], [3, 2, 1]).best_epoch == 2
    assert Curve("m", "l", [3, 1, 2]).best_epoch == 1
    assert Curve("m", "l", [3, 1, 2], [nan, 2, 2]).best_epoch == 1
    assert Curve("m", "l", [3, 1], [2, 1], best=0).best_epoch == 0
    assert Curve("m", "l", [nan]).best_epoch is None
    assert Curve("m", "l", []).best_epoch is None


def test_draw_curves_marks_the_best_epoch(tmp_path: Path) -> None:
    curves = [
        Curve("unet", "Dice", [3, 2, 1], [3, 1.5, 2]),
        Curve("gcn", "cross-entropy", [1.0]),
        Curve("n", "l", []),
    ]
    figure = draw_curves(curves, title="t", caption="c")
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["training chips", "test chips", "best: epoch 2, loss 1.5000"]
    assert figure.axes[2].get_legend() is None
    assert save_png(figure, tmp_path / "c.png").exists()


def test_draw_curves_counts_epochs_from_one() -> None:
    figure = draw_curves([Curve("unet", "Dice", [3, 2, 1], [3, 1.5, 2])], title="t", caption="c")
    train, validation, _, best = figure.axes[0].lines
    np.testing.assert_array_equal(train.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_array_equal(validation.get_xydata(), [[1, 3], [2, 1.5], [3, 2]])
    np.testing.assert_array_equal(best.get_xydata(), [[2, 1.5]])
