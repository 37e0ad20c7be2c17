"""The config of the paper does not lean on defaults that may change."""

from __future__ import annotations

import yaml

from rsgraph.config import config_folder
from tests.small_runs import composed


def test_paper_states_that_all_segments_are_laid_out_and_chips_cut_by_themselves() -> None:
    stated = yaml.safe_load((config_folder() / "experiment" / "paper.yaml").read_text(encoding="utf-8"))
    assert stated["segmenter"]["seams"] == "chip"
    assert stated["chips"]["across"] is False
    assert composed("experiment=paper")["projector"]["sample"] is None
