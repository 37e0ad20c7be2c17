"""The straightforward way, which ours must equal: scikit-image on the crops of one pair after the other."""

from __future__ import annotations

import numpy as np
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from skimage.metrics import structural_similarity
from skimage.transform import resize

from rsgraph.evaluation.descriptors import MeasureOptions, grey_image, grey_levels, scaled_bands


class Images:
    """The pictures that all crops are cut from; nothing is kept per segment."""

    def __init__(self, values, labels, low, high, options: MeasureOptions) -> None:
        valid = labels > 0
        self.labels, self.options = labels, options
        self.scaled = scaled_bands(values, valid, low, high)
        grey = grey_image(self.scaled, valid)
        self.co_occurring = grey_levels(grey, options.glcm_levels)
        self.patterned = grey_levels(grey, 256)
        self.content = grey if options.ssim_pixels == "scaled" else grey_image(values, valid)
        self.spectra = self.scaled if options.sam_pixels == "scaled" else values
        rows, columns = np.nonzero(labels)
        of = labels[rows, columns] - 1
        n = int(labels.max())
        first, last = np.full((n, 2), 2**30), np.full((n, 2), -1)
        for axis, places in enumerate((rows, columns)):
            np.minimum.at(first[:, axis], of, places)
            np.maximum.at(last[:, axis], of, places)
        self.first, self.last = first, last

    def crop(self, segment: int) -> tuple[slice, slice]:
        (top, left), (bottom, right) = self.first[segment], self.last[segment]
        return slice(top, bottom + 1), slice(left, right + 1)

    def co_occurrence(self, segment: int) -> np.ndarray:
        """With a level more for nodata, whose row and column are then dropped."""
        crop, o = self.crop(segment), self.options
        if (valid := self.labels[crop] > 0).all():
            matrix = graycomatrix(self.co_occurring[crop], o.glcm_distances, o.glcm_angles, o.glcm_levels)
        else:
            shown = np.where(valid, self.co_occurring[crop].astype(np.uint16) + 1, 0)
            matrix = graycomatrix(shown, o.glcm_distances, o.glcm_angles, o.glcm_levels + 1)[1:, 1:]
        return graycoprops(matrix, o.glcm_property).ravel()

    def patterns(self, segment: int) -> np.ndarray:
        crop, o = self.crop(segment), self.options
        codes = local_binary_pattern(self.patterned[crop], o.lbp_points, o.lbp_radius, o.lbp_method)
        bins = o.lbp_points + 2 if o.lbp_method == "uniform" else 2**o.lbp_points
        counts = np.bincount(codes[self.labels[crop] > 0].astype(int), minlength=bins)
        return counts / counts.sum()

    def grid(self, segment: int) -> np.ndarray:
        crop, o = self.crop(segment), self.options
        inside = self.labels[crop] == segment + 1
        content = self.content[crop].astype(np.float64)
        content[~inside] = content[inside].mean() if o.ssim_outside == "mean" else 0
        return resize(content, (o.ssim_side, o.ssim_side), order=1, mode="edge", anti_aliasing=False)

    def spectrum(self, segment: int) -> np.ndarray:
        crop = self.crop(segment)
        inside = self.labels[crop] == segment + 1
        return self.spectra[:, crop[0], crop[1]][:, inside].mean(axis=1, dtype=np.float64)

    def described(self, segment: int) -> tuple[np.ndarray, ...]:
        return self.co_occurrence(segment), self.patterns(segment), self.grid(segment), self.spectrum(segment)


def compare(one, two, options: MeasureOptions) -> tuple[float, float, float, float]:
    """Compare what two segments are described by: glcm, lbp, ssim, sam."""
    glcm = np.abs(one[0] - two[0]).mean()
    ssim = structural_similarity(
        one[2], two[2], win_size=options.ssim_window, data_range=1.0, K1=options.ssim_k1, K2=options.ssim_k2
    )
    lengths = np.linalg.norm(one[3]) * np.linalg.norm(two[3])
    sam = np.arccos(np.clip(one[3] @ two[3] / lengths, -1, 1))
    return glcm, compare_histograms(one[1], two[1], options.lbp_comparison), ssim, sam


def compare_histograms(p: np.ndarray, q: np.ndarray, comparison: str) -> float:
    if comparison == "intersection":
        return np.minimum(p, q).sum()
    if comparison == "bhattacharyya":
        return np.sqrt(p * q).sum()
    if comparison == "cosine":
        return p @ q / (np.linalg.norm(p) * np.linalg.norm(q))
    return np.corrcoef(p, q)[0, 1]


def loop(images: Images, pairs) -> np.ndarray:
    """Measure pairs (m, 2) one after the other, from their pixels: (m, 4)."""
    return np.array([compare(images.described(i), images.described(j), images.options) for i, j in pairs])
