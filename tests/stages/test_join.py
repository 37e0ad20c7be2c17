"""The stage join: trained layers beside the spectra."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load_file

from rsgraph.metrics.fitting import Fitted
from rsgraph.metrics.spectra import shape_and_brightness
from rsgraph.workspace import Workspace


def test_the_joint_layer_is_both_in_one_metric(finished: Workspace) -> None:
    trained = np.asarray(finished.embedding("gnn1"), dtype=np.float64)
    both = np.concatenate([shape_and_brightness(finished.embedding("bands")), trained], axis=1)
    fitted = Fitted.of_arrays(load_file(finished.path("models", "join.safetensors")), "own+gnn1")
    np.testing.assert_allclose(finished.embedding("own+gnn1"), fitted.apply(both), atol=1e-4)
    assert finished.compared_by("own+gnn1") == "euclidean"
