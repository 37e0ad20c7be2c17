"""The stage chip_map: chips by their means until they are matched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rsgraph.events import listening
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import Configure

CHIPS = ("chips.parquet", "projections/chips-pca.parquet")


def of_files(workspace: Workspace) -> list[pd.DataFrame]:
    return [pd.read_parquet(workspace.path(name))[["x", "y"]] for name in CHIPS]


def test_chips_are_laid_out_by_their_means_and_anew_once_they_are_matched(configure: Configure) -> None:
    before: list[pd.DataFrame] = []
    seen: list[bool] = []

    def look(event: Mapping[str, Any]) -> None:
        if "ready" in event:
            workspace = Workspace(str(event["ready"]))
            seen.append(workspace.matched)
            before.extend(of_files(workspace))

    with listening(look):
        workspace = run(configure())
    assert seen == [False], "labelling does not wait until chips are matched"
    after = of_files(workspace)
    for place in range(2):
        assert before[place].notna().all(axis=None)
        assert not np.allclose(before[place], after[place])
    np.testing.assert_array_equal(after[0], after[1])
    chips = workspace.segments["chip_id"].to_numpy()
    own = pd.DataFrame(np.array(workspace.embedding("own"))).groupby(chips).mean().to_numpy()
    spread = np.linalg.svd(own - own.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(before[0], axis=0), spread[:2], rtol=1e-3)


@pytest.mark.parametrize("forgotten", [["chip_map"], ["match", "chip_map"], ["project", "chip_map"]])
def test_an_interrupted_run_goes_on_to_the_same_map(configure: Configure, forgotten: list[str]) -> None:
    workspace = run(configure())
    whole = workspace.intact()
    workspace.forget(forgotten)
    assert run(configure()).intact() == whole
