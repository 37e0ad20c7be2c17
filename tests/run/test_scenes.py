"""Names of scenes from their paths, and readers without a path."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rsgraph.components import registry
from rsgraph.errors import ModelMismatch, NotReadable
from rsgraph.options import Options, read_options
from rsgraph.run.scenes import given_model, open_scenes
from rsgraph.stages.plan import GivenModel
from rsgraph.workspace import Workspace
from tests.io.rasters import counts, write_tiff
from tests.small_runs import composed

PLACES = "bands by their place in the file"


@pytest.mark.parametrize("reader", sorted({*registry("reader")} - {"synthetic"}))
def test_a_missing_path_ends_in_a_sentence(reader: str) -> None:
    with pytest.raises(NotReadable, match=r"the path of a file or folder.*reader=synthetic"):
        open_scenes(read_options(composed(f"reader={reader}")))


def options_of(path: Path, *words: str) -> Options:
    config = composed(*words)
    config["data"]["path"] = str(path)
    return read_options(config)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Files with named bands, with layers that are only counted, and without any names."""
    names = {
        "named": ["B02", "B03", "B04", "B08"], "counted": [f"Band {i}" for i in range(1, 5)], "plain": [],
        "numbers": ["B2", "B3", "B4", "B5"],
    }  # fmt: skip
    return {name: write_tiff(tmp_path / f"{name}.tif", counts(4), names=texts) for name, texts in names.items()}


@pytest.mark.parametrize(
    ("model", "bands", "scene"),
    [
        ("bands of Sentinel-2", ("B02", "B03", "B04", "B08"), "named"),
        (None, ("B02", "B03", "B04", "B05"), "numbers"),
        (None, ("band1", "band2", "band3", "band4"), "plain"),
    ],
)
def test_a_model_is_not_applied_across_assumptions_unless_the_user_vouches(
    files: dict[str, Path], model: str | None, bands: tuple[str, ...], scene: str
) -> None:
    given = GivenModel("/models/coast", "identity", bands, assumed=model)
    with pytest.raises(ModelMismatch, match=r"nothing says that they are the same.*reader\.bands=\[") as raised:
        open_scenes(options_of(files[scene]), given)
    advice = "reader.bands=[" + str(raised.value).partition("reader.bands=[")[2].partition("]")[0] + "]"
    (opened,) = open_scenes(options_of(files[scene], advice), given)
    assert opened.bands == bands


@pytest.mark.parametrize(
    ("model", "bands", "scene"),
    [
        (None, ("B02", "B03", "B04", "B08"), "named"),
        (PLACES, ("band1", "band2", "band3", "band4"), "plain"),
        (PLACES, ("band1", "band2", "band3", "band4"), "counted"),
        ("bands of Sentinel-2", ("B04", "B05"), "numbers"),
        ("", ("B02", "B03", "B04", "B05"), "numbers"),  # of a workspace that does not say how it knew
    ],
)
def test_a_model_is_applied_where_names_are_known_alike(
    files: dict[str, Path], model: str | None, bands: tuple[str, ...], scene: str
) -> None:
    given = GivenModel("/models/coast", "identity", bands, assumed=model)
    (opened,) = open_scenes(options_of(files[scene]), given)
    assert opened.bands == bands


def test_a_model_knows_how_the_bands_were_known_that_it_learnt_from(files: dict[str, Path], tmp_path: Path) -> None:
    from rsgraph.files import write_json
    from rsgraph.stages.scene import _describe

    for rules, expected in ((2, PLACES), (1, "")):
        config = composed(f"reader.rules={rules}")
        folder = tmp_path / f"w{rules}"
        folder.mkdir()
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        (scene,) = open_scenes(options_of(files["plain"], f"reader.rules={rules}"))
        write_json(folder / "scene.json", {"scenes": [_describe(scene)]})
        workspace = Workspace(folder)
        assert given_model(workspace, scene.bands).assumed == expected
        assert workspace.scene.assumed == (PLACES if rules == 2 else None)
