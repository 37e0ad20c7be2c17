from __future__ import annotations

from pathlib import Path

from defusedxml import ElementTree

from rsgraph.exporters.legend import Legend
from rsgraph.io.writers import write_categories


def test_legend_gives_codes_from_1_and_black_for_0() -> None:
    legend = Legend(["sand", "water"], "nothing")
    assert legend.categories == {0: "nothing", 1: "sand", 2: "water"}
    assert legend.colours == {0: "#000000", 1: "#0072b2", 2: "#e69f00"}


def test_write_categories_escapes_names(tmp_path: Path) -> None:
    path = write_categories(tmp_path / "x.tif", Legend(["a < b & c", "Düne"], "no data").categories)
    assert path.name == "x.tif.aux.xml"
    assert [each.text for each in ElementTree.parse(path).iter("Category")] == ["no data", "a < b & c", "Düne"]
