"""Dimming of what is not chosen."""

from __future__ import annotations

import numpy as np
from skimage.color import rgb2hsv, rgb2lab

from rsgraph.brushing.dimming import BRIGHTNESS, SATURATION, cover, dimmed, luminance

COLOURS = np.random.default_rng(0).integers(0, 256, (2000, 3)).astype(np.uint8)


def test_luminance_weighs_green_most() -> None:
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [80, 80, 80]]], dtype=np.uint8)
    assert luminance(rgb).tolist() == [[54, 182, 19, 255, 80]]


def test_dimmed_colours_are_darker_and_grayer_and_keep_their_hue() -> None:
    found, before = dimmed(COLOURS), COLOURS
    lab, lab_before = rgb2lab(found / 255), rgb2lab(before / 255)
    bright = lab_before[:, 0] > 5
    assert (lab[bright, 0] < lab_before[bright, 0]).all()
    chroma, chroma_before = np.hypot(lab[:, 1], lab[:, 2]), np.hypot(lab_before[:, 1], lab_before[:, 2])
    coloured = chroma_before > 20
    assert (chroma[coloured] < 0.6 * chroma_before[coloured]).all()
    hue, hue_before = rgb2hsv(found / 255)[:, 0], rgb2hsv(before / 255)[:, 0]
    turned = np.abs((hue - hue_before + 0.5) % 1 - 0.5)
    assert turned[coloured & bright].max() < 0.06  # of a full turn: what rounding dark colours costs


def test_grays_only_become_darker() -> None:
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    assert np.abs(dimmed(grays).astype(int) - np.rint(grays * BRIGHTNESS)).max() <= 1


def test_the_cover_over_a_picture_is_the_same_as_dimming_it() -> None:
    grays, opacity = cover(luminance(COLOURS) / 255)
    covered = COLOURS * (1 - opacity) + grays[:, np.newaxis] * 255 * opacity
    assert np.abs(covered - dimmed(COLOURS)).max() < 1.5
    assert opacity == 1 - BRIGHTNESS * SATURATION
