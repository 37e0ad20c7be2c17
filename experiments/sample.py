"""Makes the sample that the package brings anew, from its own scene: ``python -m experiments.sample``.

With a folder of real scenes as its argument (``$RSGRAPH_DATA``), scene and reference are taken anew from there.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
import yaml
from numpy.typing import NDArray

from rsgraph.cli import main as rsgraph
from rsgraph.components import build
from rsgraph.files import sha256, write_json, write_text
from rsgraph.io.writers import write_reference
from rsgraph.run.scenes import Reopened
from rsgraph.samples.copying import NAME, SCENE
from rsgraph.types import Window
from rsgraph.view.view import make_view
from rsgraph.workspace import Workspace

PLACE = Path(__file__).parents[1] / "rsgraph" / "samples" / NAME
SITE = "site_282D_485L_3_3"

CLASSES = {1: "water", 2: "trees", 6: "bare ground", 9: "rangeland"}
"""Codes of its land cover, by TerraMind's list of classes: no data, water, trees, flooded vegetation, crops, built
area, bare ground, snow and ice, clouds, rangeland."""

GIVEN = (SCENE, "reference.tif", "reference.tif.aux.xml", "README.md", "LICENSE")
"""What is not made by a run."""

OPTIONS = (
    "experiment=laptop",  # few epochs are enough for a look
    "chips.size=64",  # 16 chips; of 256 pixels there would be one, and nothing to compare it with
    "segmenter.n_segments=32",  # as many pixels in each as by default: 500 a chip of 256
    "trainer.precision=float32",  # the same on every processor
    "trainer.accelerator=cpu",
    "tracking.uri=none",
    "draw=false",
)


@dataclass(frozen=True)
class LandCover:
    """Class codes of the scene; implements ``rsgraph.types.LabelSource``."""

    codes: NDArray[np.uint8]
    names: dict[int, str]

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Read a window (rows, columns)."""
        return self.codes[window.row : window.row + window.rows, window.column : window.column + window.columns]


def take_scene(data: Path, folder: Path) -> None:
    """Take scene and land cover from the folder of real scenes: the first as it is, the second with its legend."""
    shutil.copyfile(data / f"{SITE}_l2a_10m.tif", folder / SCENE)
    with rasterio.open(data / f"{SITE}_lulc_10m.tif") as file:
        codes = file.read(1)
    (scene,) = build("reader", name="geotiff").open(folder / SCENE)
    write_reference(replace(scene, reference=LandCover(codes, CLASSES)), folder / "reference.tif")


def make_workspace(given: Path, folder: Path) -> None:
    """Run all stages on what is given, in an empty folder; take out where that was; draw what a window shows."""
    for name in GIVEN:
        shutil.copyfile(given / name, folder / name)
    with chdir(folder.parent):
        rsgraph(["run", str(folder / SCENE), f"workspace={folder}", *OPTIONS])
    workspace = Workspace(folder)
    _forget_place(workspace)
    with chdir(folder):
        make_view(Reopened(folder))  # to read the scene takes longer than all else that a window does to open
    for left in {*folder.rglob(".*"), *folder.rglob("*.lock")}:
        left.unlink()


def _forget_place(workspace: Workspace) -> None:
    """Name the scene without its folder: a copy says by itself where it is."""
    config = workspace.config
    config["data"]["path"], config["workspace"] = SCENE, None
    write_text(workspace.path("config.yaml"), yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    path = workspace.path("scene.json")
    found = workspace._scene_file
    found["scenes"][0]["files"] = [SCENE]
    write_json(path, found)
    manifest = workspace.manifest
    manifest["stages"]["scene"]["outputs"][path.name] = sha256(path)
    write_json(workspace.path("manifest.json"), manifest)


def main() -> None:
    """Make it, and put it in the place of the former one once it is whole."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / NAME
        folder.mkdir()
        if len(sys.argv) > 1:
            take_scene(Path(sys.argv[1]), PLACE)
        make_workspace(PLACE, folder)
        for path in PLACE.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(folder, PLACE, dirs_exist_ok=True, copy_function=shutil.copyfile)
    size = sum(os.path.getsize(path) for path in PLACE.rglob("*") if path.is_file())
    print(f"{PLACE}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
