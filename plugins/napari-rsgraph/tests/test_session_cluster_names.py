"""Names of clusters."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.cluster_names import labelled_names, seen_names

S2 = ("B02", "B03", "B04", "B08")
SEA, SURF, FOREST = [0.05, 0.06, 0.03, 0.01], [0.2, 0.25, 0.2, 0.15], [0.02, 0.03, 0.02, 0.26]
SAND, SOIL = [0.3, 0.36, 0.4, 0.44], [0.1, 0.14, 0.15, 0.2]
"""Mean reflectance in these bands."""


def test_clusters_are_named_by_what_can_be_seen() -> None:
    assert seen_names(np.array([SEA, FOREST, SAND, SOIL]), S2) == ["wet", "green", "bright", "dark"]
    assert seen_names(np.array([SURF, SEA, FOREST]), S2) == ["bright wet", "dark wet", "green"]
    meadow = [0.05, 0.08, 0.07, 0.16]
    assert seen_names(np.array([meadow]), S2) == ["pale green"]


def test_no_two_clusters_have_one_name_however_many_there_are() -> None:
    sands = np.array(SAND) * np.linspace(0.5, 1.0, 9)[:, np.newaxis]
    names = seen_names(sands, S2)
    assert len(set(names)) == 9
    assert (names[0], names[-1]) == ("brightness 1 of 9", "brightness 9 of 9")


def test_bands_named_after_colours_and_pictures_without_infrared_are_understood() -> None:
    assert seen_names(np.array([SEA, FOREST]), ("blue", "green", "red", "nir")) == ["wet", "green"]
    assert seen_names(np.array([[0.05, 0.1, 0.06], [0.3, 0.3, 0.3]]), ("B02", "B03", "B04")) == ["green", "bright"]
    assert seen_names(np.array([[0.1], [0.4]]), ("band1",)) == ["dark", "bright"]


def test_a_cluster_of_no_segment_is_empty() -> None:
    assert seen_names(np.array([SEA, [np.nan] * 4]), S2) == ["wet", "empty"]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0, 0, 0], ["wet", "green"]),
        ([1, 1, 0, 0], ["sea (wet)", "green"]),
        ([1, 2, 2, 0], ["wet", "forest (green)"]),  # the sea has half of what is labelled in the first, no more
        ([1, 1, 2, 1], ["sea (wet)", "forest (green)"]),
    ],
)
def test_once_labelled_they_have_the_name_of_their_class(codes: list[int], expected: list[str]) -> None:
    areas, clusters = np.array([10.0, 10, 30, 20]), np.array([0, 0, 1, 1])
    assert labelled_names(["wet", "green"], clusters, np.array(codes), areas, ["sea", "forest"]) == expected
