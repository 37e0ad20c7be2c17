"""Values of a raster and what they mean where nothing in the file says so."""

from __future__ import annotations

import pytest

from rsgraph.label_files.class_values import read_values, says_none


def classes(*values: int, **how: object) -> list[int]:
    legend = how.pop("legend", {})
    return read_values(dict.fromkeys(values, 10), legend, **how).classes  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, 1), [0, 1]),  # a mask: SWED's water
        ((-1, 0, 1), [0, 1]),  # Sen1Floods11: -1 is not known
        ((0, 255), [0, 255]),  # a mask as a picture
        ((0, 1, 255), [0, 1]),  # a mask with the usual no data
        ((0, 128, 255), [128, 255]),  # a trimap: 255 is not far above
        ((-1, 1), [-1, 1]),
        ((-9999, 0, 1, 2), [0, 1, 2]),
        ((-9999, 1), [1]),
        ((0, 1, 2), [1, 2]),  # a map of land cover: 0 is not mapped
        ((0, 3, 7, 200), [3, 7, 200]),
        ((0, 5), [5]),
        ((0, 1, 2, 255), [0, 1, 2]),  # segmentation's "ignore"
        ((1, 2, 255), [1, 2]),
        ((1, 255), [1]),
        ((3, 255), [3]),
        ((0, 10, 100, 254, 255), [0, 10, 100]),
        ((1, 200, 255), [1, 200, 255]),
        ((1, 2, 65535), [1, 2]),
        ((0, 1, 32767), [0, 1]),
        ((1, 2, 254), [1, 2, 254]),
        ((1, 2, 3, 99), [1, 2, 3]),
        ((1, 48, 999), [1, 48]),
        ((111, 523, 999), [111, 523, 999]),
        ((-3, -2, -1), [-3, -2, -1]),
        ((-1,), []),
        ((0,), []),
        ((1,), [1]),
        ((255,), [255]),
        ((9,), [9]),
        ((0, 9), [9]),
        ((), []),
    ],
)
def test_values_without_names(values: tuple[int, ...], expected: list[int]) -> None:
    found = read_values(dict.fromkeys(values, 10), {})
    assert found.classes == expected
    assert sorted([*found.classes, *found.none]) == list(values)
    told = len([value for value in found.none if value != 0]) + (0 in values) + (values == (-1, 1))
    assert len(found.decided) == told


def test_what_was_decided_is_told_with_its_share() -> None:
    assert read_values({-1: 1, 0: 9, 1: 10}, {}).decided == [
        "-1 counts as no data (5 % of the pixels)",
        "0 counts as a class since -1 is no data (45 % of the pixels)",
    ]
    assert read_values({0: 9, 1: 1}, {}).decided == [
        "0 counts as a class since 1 is the only other value (90 % of the pixels)"
    ]
    assert read_values({-1: 1, 1: 9}, {}).decided == [
        "-1 counts as a class since 1 is the only other value (10 % of the pixels)"
    ]
    assert read_values({-1: 1, 1: 9}, {-1: "land", 1: "sea"}).decided == []
    assert read_values({0: 9, 4: 1, 5: 10}, {}).decided == ["0 counts as no class (45 % of the pixels)"]
    assert read_values({4: 1, 5: 10}, {}).decided == []


def test_a_legend_says_what_values_are() -> None:
    assert classes(0, 1, legend={0: "land", 1: "water"}) == [0, 1]
    assert classes(0, 1, 2, 3, legend={1: "water", 2: "land"}) == [1, 2, 3]  # whoever lists classes leaves 0 out
    assert classes(0, 1, legend={0: "Unclassified", 1: "water"}) == [1]
    assert classes(0, 1, 255, legend={0: "background", 1: "water", 255: "No data"}) == [1]
    assert classes(-1, 0, 1, legend={-1: "loss", 0: "same", 1: "gain"}) == [-1, 0, 1]
    assert classes(0, 1, 2, 255, legend={0: "a", 1: "b", 2: "c", 255: "clouds"}) == [0, 1, 2, 255]
    assert classes(0, 1, 9, legend={9: "no-data"}) == [0, 1]  # it has a value of its own, so that 0 is none of it
    assert classes(1, 7, legend={1: "sand", 7: "unclassified"}) == [1, 7]  # SCL's 7 is a class of its own
    assert read_values({0: 1, 1: 1}, {0: "no data", 1: "water"}).decided == []


def test_declared_no_data_of_another_value_makes_0_a_class() -> None:
    assert classes(0, 1, 2, masked=True) == [0, 1, 2]
    assert classes(0, 1, 2, masked=False) == [1, 2]


def test_as_labels_0_needs_a_name() -> None:
    for values in ((0, 1), (-1, 0, 1), (0, 1, 2, 255)):
        assert 0 not in classes(*values, zero_counts=False)
    assert classes(0, 1, zero_counts=False, legend={0: "land", 1: "water"}) == [0, 1]
    assert read_values({0: 9, 1: 1}, {}, zero_counts=False).decided == ["0 counts as no class (90 % of the pixels)"]


def test_the_user_has_the_last_word() -> None:
    found = read_values({-1: 5, 0: 9, 1: 1, 255: 2}, {0: "no data"}, asked=[-1, 0, 255])
    assert found == ([-1, 0, 255], [1], [])


@pytest.mark.parametrize(
    ("value", "name", "none"),
    [(0, "No Data", True), (255, "nodata value", True), (0, "unlabelled or no data", True), (0, "Background", True),
     (3, "background", False), (0, "land", False), (0, "", False), (7, "unlabeled", True), (2, "ignore", True)],
)  # fmt: skip
def test_says_none_reads_names(value: int, name: str, none: bool) -> None:
    assert says_none(value, name) is none


def test_a_value_of_all_pixels_has_100_percent_of_them() -> None:
    for pixels in ({0: 1760}, {0: 1999, 3: 1}):
        (said,) = read_values(pixels, {}, masked=True, zero_counts=True).decided
        assert said == "0 counts as a class since other pixels are declared as no data (100 % of the pixels)"
