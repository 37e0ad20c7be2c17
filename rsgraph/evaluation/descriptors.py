"""Descriptors of segments, from which any two can be compared without their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import isfinite, pi
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.spectral import mean_spectra
from rsgraph.evaluation.structure import Outside, content_grids
from rsgraph.evaluation.texture import (
    Comparison,
    Pattern,
    Property,
    binary_patterns,
    bounding_boxes,
    co_occurrence,
)
from rsgraph.types import Floats, Labels, Mask

Pixels = Literal["reflectance", "scaled"]
"""As they are, or each band cut and stretched to 0 ... 1 between two percentiles of the whole scene."""


@dataclass(frozen=True)
class MeasureOptions:
    """How segments are compared, where sections 2.9.1 and 2.9.2 of the paper are silent.

    Each default was chosen among the usual definitions as the one whose mean over nearest neighbours comes closest
    to the paper's tables 2 and 3:

    ============  =============  ================  ===================  ==================
    GCN, C = 8    GLCM           LBP               SSIM                 SAM
    ============  =============  ================  ===================  ==================
    feature       15.8 (15.5)    0.848 (0.872)     0.918 (0.929)        0.249 (0.289)
    context       14.1 (13.8)    0.873 (0.903)     0.935 (0.962)        0.198 (0.206)
    random pairs  25.2           0.796             0.869                0.397
    ============  =============  ================  ===================  ==================

    are ours on the Sentinel-2 scene T48QUE (8855 segments, neighbours by cosine in the second layer, bands scaled
    between the 2nd and the 98th percentile) and, in brackets, the paper's on its own scenes. The figures below are
    those of nearest neighbours on T48QUE; in brackets of random pairs, which says how much a measure can tell at all.

    Parameters
    ----------
    glcm_property
        ``contrast``, ``dissimilarity`` or ``homogeneity``. Compared by absolute difference, averaged over offsets.
        The paper has 15 to 16. Contrast is scikit-image's default and gives 15.8 (25.1) with 128 levels;
        dissimilarity gives 2.4 (3.8) with as many as 256, homogeneity is below 1 whatever is chosen.
    glcm_levels
        Grey levels, 2 ... 256. Contrast rises with their square: 1.0 (1.6) with 32, 4.0 (6.3) with 64, 15.8 (25.1)
        with 128, 63 (100) with 256. They only scale the figure: the order of six embeddings is the same with each.
    glcm_distances
        In pixels. One: segments are some eleven pixels wide, texture at longer distances leaves few pairs.
    glcm_angles
        In radians. Haralick's four, so that a rotated segment has the same texture.
    lbp_points, lbp_radius
        Of the circle: 8 neighbours at 1 pixel, the original. 16 at 2 pixels give 0.73 (0.67), 24 at 3 pixels
        0.80 (0.76), and beyond the box scikit-image sees zeros, which larger circles meet more often.
    lbp_method
        ``uniform``, which is invariant to rotation as the pipeline is, or ``default``: 256 bins,
        0.63 (0.53).
    lbp_comparison
        The paper has 0.86 to 0.87. Correlation of the histograms (OpenCV's first method of comparison) gives
        0.85 (0.80), intersection 0.84 (0.80), cosine 0.94 (0.91), Bhattacharyya's coefficient 0.97 (0.96).
    ssim_pixels
        The grey image that structure is compared in: mean over bands of ``reflectance``, or ``scaled``. The paper has
        0.91 to 0.93. Reflectance with a data range of 1 gives 0.92 (0.87), scaled 0.65 (0.60).
    ssim_side
        Unequal shapes are resampled to side x side pixels. 11: the mean segment of the paper is "approximately 11
        by 11 pixels" (section 3.4). 8 gives 0.90 (0.86) and halves the memory.
    ssim_window
        Odd, 3 ... ssim_side. 3 keeps the structure inside a small segment; scikit-image's 7 gives 0.89 (0.84).
    ssim_k1, ssim_k2
        Constants of Wang et al. 2004: 0.01 and 0.03.
    ssim_outside
        What the box holds beside the segment: the segment's ``mean``, so that only content counts, or ``zero``: then
        the outline is most of what is compared, 0.25 (0.21).
    sam_pixels
        The spectra that are averaged: ``scaled`` gives 0.25 (0.40) radians, ``reflectance`` 0.17 (0.27). The paper
        has 0.29 to 0.33. Scaling takes away what the air adds to every spectrum, as dark object subtraction does
        (Chavez 1988, doi:10.1016/0034-4257(88)90019-3), and weighs bands alike.

    Raises
    ------
    ConfigError
        A parameter that does not fit.
    """

    glcm_property: Property = "contrast"
    glcm_levels: int = 128
    glcm_distances: Sequence[int] = (1,)
    glcm_angles: Sequence[float] = (0.0, pi / 4, pi / 2, 3 * pi / 4)
    lbp_points: int = 8
    lbp_radius: float = 1.0
    lbp_method: Pattern = "uniform"
    lbp_comparison: Comparison = "correlation"
    ssim_pixels: Pixels = "reflectance"
    ssim_side: int = 11
    ssim_window: int = 3
    ssim_k1: float = 0.01
    ssim_k2: float = 0.03
    ssim_outside: Outside = "mean"
    sam_pixels: Pixels = "scaled"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        _check_whole("glcm_levels", self.glcm_levels, 2, 256)
        _check_offsets(self.glcm_distances, self.glcm_angles)
        _check_whole("lbp_points", self.lbp_points, 1, 12 if self.lbp_method == "default" else 24)
        _check_whole("ssim_side", self.ssim_side, 3, 64)
        _check_whole("ssim_window", self.ssim_window, 3, self.ssim_side)
        if self.ssim_window % 2 == 0:
            raise ConfigError(f"`ssim_window` must be odd. Got {self.ssim_window} instead.")
        for name, most in (("lbp_radius", 32), ("ssim_k1", 1), ("ssim_k2", 1)):
            _check_positive(name, getattr(self, name), most)


_CHOICES = {
    "glcm_property": get_args(Property),
    "lbp_method": get_args(Pattern),
    "lbp_comparison": get_args(Comparison),
    "ssim_pixels": get_args(Pixels),
    "ssim_outside": get_args(Outside),
    "sam_pixels": get_args(Pixels),
}


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"`{name}` must be one of: {', '.join(choices)}. Got {value!r} instead.")


def _check_whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"`{name}` must be a whole number from {least} to {most}. Got {value!r} instead.")


def _check_positive(name: str, value: object, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise ConfigError(f"`{name}` must be a number above 0 and at most {most}. Got {value!r} instead.")


def _check_offsets(distances: Sequence[Any], angles: Sequence[Any]) -> None:
    if len(distances) == 0 or len(angles) == 0:
        raise ConfigError("`glcm_distances` and `glcm_angles` must name at least one distance and one angle.")
    for distance in distances:
        _check_whole("glcm_distances", distance, 1, 64)
    if not all(isinstance(angle, int | float) and isfinite(angle) for angle in angles):
        raise ConfigError(f"`glcm_angles` must be finite numbers, in radians. Got {list(angles)} instead.")


@dataclass(frozen=True)
class Descriptors:
    """What the four measures need of n segments; 8 o + 4 (b + s^2 + bands) bytes each: 604 by default with 12 bands.

    Parameters
    ----------
    glcm
        (n, o) float64: the property for each offset, in the bounding box.
    lbp
        (n, b) float32: shares of the patterns in the bounding box.
    ssim
        (n, s, s) float32: the content, resampled.
    sam
        (n, bands) float32: the mean spectrum.
    """

    glcm: NDArray[np.float64]
    lbp: Floats
    ssim: Floats
    sam: Floats

    def __len__(self) -> int:
        """Return n."""
        return len(self.glcm)

    @staticmethod
    def joined(parts: Sequence[Descriptors]) -> Descriptors:
        """Put the segments of several chips behind each other; they must have been made with the same options.

        Raises
        ------
        ConfigError
            There is no part.
        """
        if not parts:
            raise ConfigError("`parts` must hold the descriptors of at least one chip.")
        return Descriptors(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


_ARRAYS = tuple(field.name for field in fields(Descriptors))


def describe_chip(
    values: Floats, labels: Labels, n: int, *, low: Floats, high: Floats, options: MeasureOptions
) -> Descriptors:
    """Describe the segments of one chip.

    GLCM and LBP see the bounding box with all that is in it, SSIM and SAM only the segment. Nodata inside a box is
    treated as what lies outside of it: no pair of pixels and no pattern of it is counted.

    Parameters
    ----------
    values
        (bands, rows, columns) float32, finite wherever ``labels`` is not 0.
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.
    n
        Number of segments; a label that no pixel has is described by zeros.
    low, high
        (bands,) what becomes 0 and 1: percentiles (2 and 98) of the whole scene, the same for all its chips, so that
        equal reflectance is equal grey everywhere. A band that is constant becomes 0.
    options
        The same for all chips.

    Raises
    ------
    ConfigError
        Shapes do not fit, a label lies outside 0 ... n, or a percentile is not finite.
    """
    labels, values = np.ascontiguousarray(labels, dtype=np.int32), np.asarray(values, dtype=np.float32)
    _check_chip(values, labels, n, low, high)
    scaled = scaled_bands(values, labels > 0, low, high)
    grey, boxes = grey_image(scaled, labels > 0), bounding_boxes(labels, n)
    content = grey if options.ssim_pixels == "scaled" else grey_image(values, labels > 0)
    return Descriptors(
        co_occurrence(
            grey_levels(grey, options.glcm_levels),
            labels,
            boxes,
            distances=options.glcm_distances,
            angles=options.glcm_angles,
            prop=options.glcm_property,
        ),
        binary_patterns(
            grey_levels(grey, 256),
            labels,
            boxes,
            points=options.lbp_points,
            radius=options.lbp_radius,
            method=options.lbp_method,
        ),
        content_grids(content, labels, boxes, side=options.ssim_side, outside=options.ssim_outside),
        mean_spectra(scaled if options.sam_pixels == "scaled" else values, labels, n),
    )


def _check_chip(values: Floats, labels: Labels, n: int, low: Floats, high: Floats) -> None:
    if values.ndim != 3 or values.shape[1:] != labels.shape:
        raise ConfigError(f"`values` must have shape (bands, {labels.shape}). Got {values.shape} instead.")
    if labels.size and not 0 <= labels.min() <= labels.max() <= n:
        raise ConfigError(f"`labels` must lie in 0 ... {n}. Got {labels.min()} ... {labels.max()} instead.")
    for name, given in (("low", low), ("high", high)):
        if np.shape(given) != (len(values),) or not np.isfinite(given).all():
            raise ConfigError(f"`{name}` must hold one finite number for each of the {len(values)} bands.")


def scaled_bands(values: Floats, valid: Mask, low: Floats, high: Floats) -> Floats:
    """Stretch bands (bands, rows, columns) from low ... high to 0 ... 1 and cut what lies beyond; nodata is 0."""
    span = np.asarray(high, dtype=np.float32) - np.asarray(low, dtype=np.float32)
    scale = np.divide(1, span, out=np.zeros_like(span), where=span > 0)
    scaled: Floats = np.where(valid, values, 0).astype(np.float32, copy=False)
    scaled -= np.asarray(low, dtype=np.float32)[:, None, None]
    scaled *= scale[:, None, None]
    np.clip(scaled, 0, 1, out=scaled)
    scaled[:, ~valid] = 0
    return scaled


def grey_image(bands: Floats, valid: Mask) -> Floats:
    """Average bands (bands, rows, columns) to (rows, columns) float32; nodata is 0."""
    total = np.zeros(valid.shape, dtype=np.float64)
    for band in bands:
        total += band
    grey: Floats = np.where(valid, total / max(len(bands), 1), 0).astype(np.float32)
    return grey


def grey_levels(grey: Floats, levels: int) -> NDArray[np.uint8]:
    """Cut 0 ... 1 into equal steps 0 ... levels - 1."""
    steps: NDArray[np.uint8] = np.minimum(grey * np.float32(levels), levels - 1).astype(np.uint8)
    return steps
