"""The stage metric: own and surroundings."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from rsgraph.files import read_json
from rsgraph.metrics.fitting import Fitted
from rsgraph.metrics.spectra import shape_and_brightness
from rsgraph.run.runner import run
from rsgraph.stages.metric import _blank
from rsgraph.workspace import Workspace
from tests.small_runs import Configure


def test_own_is_the_spectra_in_the_metric_that_is_kept(finished: Workspace) -> None:
    model = load_file(finished.path("models", "metric.safetensors"))
    spectra = shape_and_brightness(finished.embedding("bands"))
    spectrum = Fitted.of_arrays(model, "spectrum").apply(spectra)
    bands = finished.embedding("bands").shape[1]
    own = finished.embedding("own")
    np.testing.assert_allclose(own[:, bands : bands + spectrum.shape[1]], spectrum, atol=1e-5)
    raw = np.asarray(finished.embedding("bands"), dtype=np.float64)
    deviations = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    np.testing.assert_allclose(own[:, :bands], 0.6 * deviations / np.sqrt(bands), atol=1e-4)
    assert read_json(finished.path("models", "metric.json"))["component"]["name"] == "touching"
    assert finished.compared_by("own") == finished.compared_by("surroundings") == "euclidean"


def test_surroundings_of_neighbours_are_alike(finished: Workspace) -> None:
    places = finished.segments[["row", "column"]].to_numpy()
    near = np.linalg.norm(places[:, None] - places[None], axis=2) < 12

    def unlike(layer: str) -> float:
        vectors = np.asarray(finished.embedding(layer), dtype=np.float64)
        distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
        return float(distances[near & (distances > 0)].mean() / distances.mean())

    assert unlike("surroundings") < 0.75 * unlike("own")


def test_a_given_model_gives_its_metric(made: Workspace, configure: Configure) -> None:
    again = run(configure(f"model.from={made.folder}", "reader.seed=5", workspace="other"))
    assert (
        again.path("models", "metric.safetensors").read_bytes()
        == made.path("models", "metric.safetensors").read_bytes()
    )
    spectra = shape_and_brightness(again.embedding("bands"))
    expected = Fitted.of_arrays(load_file(made.path("models", "metric.safetensors")), "spectrum").apply(spectra)
    bands = again.embedding("bands").shape[1]
    np.testing.assert_allclose(again.embedding("own")[:, bands : bands + expected.shape[1]], expected, atol=1e-5)


def test_a_model_of_before_has_no_metric_so_one_is_fitted(made: Workspace, configure: Configure) -> None:
    for name in ("metric", "join"):
        for path in made.path("models").glob(f"{name}.*"):
            path.unlink()
    again = run(configure(f"model.from={made.folder}", workspace="other"))
    assert again.path("models", "metric.safetensors").exists()
    assert again.manifest["stages"]["metric"]["facts"]["fitted"]
    assert again.layers[:3] == ["bands", "own", "surroundings"]


@pytest.mark.parametrize("metric", ["whitening", "none"])
def test_other_metrics_make_other_layers(made: Workspace, configure: Configure, metric: str) -> None:
    other = run(configure(f"metric={metric}", workspace="other"))
    assert other.embedding("own").shape == made.embedding("own").shape
    assert not np.allclose(other.embedding("own"), made.embedding("own"))


def test_values_in_a_unit_in_which_all_is_black_are_said() -> None:
    values = np.random.default_rng(0).uniform(size=(5, 3))
    assert _blank(shape_and_brightness(values)) == []
    (said,) = _blank(shape_and_brightness(values * 1e-30))
    assert "reader.scale" in said
