"""A strip that two chips see differently: whose pixel is it?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.segmenters.joining import Known, join
from rsgraph.types import Labels

BEYOND = 2


def codes(text: str) -> Labels:
    """Read a picture of segments: letters are segments, dots are no pixels of this side."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return np.array([[0 if letter == "." else ord(letter) - 96 for letter in line] for line in lines], dtype=np.int32)


def shown(found: Labels) -> list[str]:
    return ["".join("." if code == 0 else chr(code + 96) for code in row) for row in found]


def known(
    one: Labels, two: Labels, *, kept: str = "", larger: int = 1, rows: dict[str, tuple[int, int]] | None = None
) -> Known:
    """Measure areas and centres in the picture; areas are a multiple of what it shows."""
    both = np.concatenate([one, two])
    n = int(both.max())
    places = np.tile(np.arange(one.shape[1], dtype=float), (len(both), 1))
    areas = np.bincount(both.ravel(), minlength=n + 1)
    centres = np.bincount(both.ravel(), weights=places.ravel(), minlength=n + 1) / np.maximum(areas, 1)
    reach = np.array([[0] * (n + 1), [len(one)] * (n + 1)])
    for letter, ends in (rows or {}).items():
        reach[:, ord(letter) - 96] = ends
    return Known(larger * areas, centres, np.isin(np.arange(n + 1), [ord(letter) - 96 for letter in kept]), reach)


def joined(
    left: str, right: str, heights: NDArray[Any] | None = None, *, min_size: int = 1, **facts: Any
) -> list[str]:
    one, two = codes(left), codes(right)
    flat = np.zeros(one.shape, dtype=np.uint8) if heights is None else heights.astype(np.uint8)
    middle = (one.shape[1] - 1) / 2
    about = known(one, two, **facts)
    return shown(join(one, two, flat, about, beyond=BEYOND, border=middle + 0.5, min_size=min_size))


def test_segments_on_the_other_side_of_the_border_are_not_claimed() -> None:
    assert joined("aaab..", "..cddd") == ["aaaddd"]


def test_segment_across_the_border_belongs_to_the_side_of_its_centroid() -> None:
    left = """
        aaabbbcc..
        aaabbbcc..
    """
    right = """
        ..ddeeefff
        ..ddeeefff
    """
    assert joined(left, right) == ["aaabbbefff"] * 2  # b and e are one thing; d and c lie on the wrong side


def test_thing_seen_twice_becomes_one_segment_the_smaller_one() -> None:
    left = """
        aaaaaaaa..
        aaaabbaa..
        aaaabbba..
        aaaaaaaa..
    """
    right = """
        ..dddddddd
        ..ddeeeddd
        ..ddeeeddd
        ..dddddddd
    """
    found = joined(left, right, min_size=3)
    assert sum(line.count("b") for line in found) == 5
    assert not any("e" in line for line in found)


def test_seam_between_large_segments_runs_on_the_ridge() -> None:
    left, right = "aaaaaaaaaa..", "..bbbbbbbbbb"
    for ridge in (3, 5, 8):
        heights = np.zeros((4, 12))
        heights[:, ridge] = 200
        found = joined("\n".join([left] * 4), "\n".join([right] * 4), heights, larger=10)
        assert [line[:ridge] for line in found] == ["a" * ridge] * 4
        assert [line[ridge + 1 :] for line in found] == ["b" * (11 - ridge)] * 4


def test_what_nobody_claims_goes_to_a_neighbour() -> None:
    # c of the left lies on the right of the border, d of the right on its left
    assert set("".join(joined("aaaacc..", "..ddbbbb"))) == {"a", "b"}


def test_kept_segment_gives_nothing_away() -> None:
    left = "aaaaaaaa..\naaaaabba..\naaaaabba..\naaaaaaaa.."
    right = "..cccccccc\n..cccddccc\n..cccddccc\n..cccccccc"
    assert [line[5:7] for line in joined(left, right, kept="b")][1:3] == ["bb", "bb"]
    assert [line[5:7] for line in joined(left, right, kept="d")][1:3] == ["dd", "dd"]


def test_fragments_are_flooded() -> None:
    left = "aaaaaaaa..\naaaaaabb.."
    right = "..cccccccc\n..cccccccc"
    assert not any("b" in line for line in joined(left, right, min_size=3))


def test_no_segment_leaves_the_rows_that_it_may_have() -> None:
    left = "aaaaaaaaaa..\naaaaaaaaaa..\ncccccccccc.."
    right = "..bbbbbbbbbb\n" * 3
    heights = np.zeros((3, 12))
    heights[:, 9] = 200  # keeps b out
    heights[2, 3] = 200  # and c
    free = joined(left, right, heights, larger=10)
    bound = joined(left, right, heights, larger=10, rows={"a": (0, 2)})
    assert "a" in free[2]
    assert "a" not in bound[2]


def test_no_data_stays_no_data() -> None:
    left = """
        aaa.aa....
        aaa.aa....
    """
    right = """
        ....cccbbb
        ....cccbbb
    """
    assert [line[3] for line in joined(left, right)] == [".", "."]
