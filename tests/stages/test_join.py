"""The stage join: trained layers beside own."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load_file

from rsgraph.metrics.fitting import Fitted
from rsgraph.stages.join import WEIGHT
from rsgraph.workspace import Workspace


def test_the_joint_layer_is_both_in_one_metric(finished: Workspace) -> None:
    fitted = Fitted.of_arrays(load_file(finished.path("models", "join.safetensors")), "own+gnn1")
    trained = WEIGHT * fitted.apply(np.asarray(finished.embedding("gnn1"), dtype=np.float64))
    np.testing.assert_allclose(
        finished.embedding("own+gnn1"), np.hstack([finished.embedding("own"), trained]), atol=1e-4
    )
    assert finished.compared_by("own+gnn1") == "euclidean"
