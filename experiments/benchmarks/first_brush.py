"""From the command to the first stroke of the brush: where the time of the whole process goes, cold and warm.

    xvfb-run -a -s "-screen 0 1280x800x24" python -m experiments.benchmarks.first_brush [SIZE ...]

A crop of a real scene of 12 bands (256 and 1 000 pixels a side by default) is given to ``rsgraph label``: maps are
made, a window opens on them, and as soon as its map of points is painted a mouse presses, moves and is released on it
(QTest, on the shown window). The clock stops when segments are selected and the gallery has made their pictures. The
run that makes the maps is a process beside the window's: its stages are timed in a row of their own, by ``rsgraph
run`` up to the maps with caches of its own.

Cold: the folders for Python's byte code, numba's machine code, matplotlib's fonts and the user's caches are empty
when the first command begins, and there is no stage cache; byte code of Python's own library is not there either, so
that this is worse than the first command after an installation. Warm: the same commands again, on a new workspace.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Resampling

from experiments.benchmarks.places import real_scene
from experiments.benchmarks.record import Value, record

SIZES = (256, 1000)
AIMS = {("256", "cold"): 20, ("256", "warm"): 6, ("1000", "cold"): 60, ("1000", "warm"): 15}
"""Seconds to the first stroke, on two cores."""
OPENED = 4
"""Aim for a finished workspace, warm."""

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
SCENE = "S2B_MSIL2A_20200223T032739_T48QUE_bands"

_FOUND = ("moments", "spent", "imports")
_FOLLOW = "from experiments.benchmarks.brushing_hand import {what}; {what}({words!r}, {out!r}, {began!r})"
_PATIENCE = 300
"""Seconds after which a command is given up."""


def main(words: Sequence[str]) -> None:
    """Measure, print and record."""
    rows: list[dict[str, Value]] = []
    for size in words or map(str, SIZES):
        with tempfile.TemporaryDirectory() as folder:
            rows += of_size(size, Path(folder))
    for row in rows:
        print(f"{row['work']}: {row['ours_s']} s; {row['note']}")
    print(record("first_brush", rows))


def of_size(size: str, folder: Path) -> list[dict[str, Value]]:
    """Measure one size of scene, cold and then warm, and a finished workspace."""
    scene = crop(int(size), folder / f"{size}.tif")
    rows: list[dict[str, Value]] = []
    for state in ("cold", "warm"):
        place = folder / state
        words = ["label", str(scene), f"workspace={place / 'w'}"]
        window = followed("open_window", words, place, folder / "caches")
        work = f"first stroke on {size} x {size} x 12, {state}"
        note = f"aim {AIMS.get((size, state), '-')} s; {described(window)}"
        rows.append({"work": work, "ours_s": round(window["moments"]["gallery filled"], 2), "note": note})
        words = ["run", str(scene), f"workspace={place / 'maps' / 'w'}"]
        maps = followed("make_maps", words, place, folder / "other caches")
        work = f"first maps of {size} x {size} x 12 by rsgraph run, {state}"
        rows.append({"work": work, "ours_s": round(maps["moments"]["project"], 2), "note": described(maps)})
    window = followed("open_window", ["label", str(folder / "warm" / "w"), "train=false"], folder, folder / "caches")
    stroke = window["moments"]["gallery filled"]
    note = f"aim {OPENED} s, nothing is trained; {described(window)}"
    work = f"workspace of {size} x {size} that is there, opened and brushed, warm"
    return [*rows, {"work": work, "ours_s": round(stroke, 2), "note": note}]


def described(found: Mapping[str, Any]) -> str:
    """Put what was measured of one process into one line."""
    lines = [", ".join(f"{name} {value:.1f}" for name, value in found[what].items()) for what in _FOUND]
    return "{} s; {} s; imports {} s".format(*lines)


def crop(size: int, path: Path) -> Path:
    """Write the first rows and columns of a real scene, its bands resampled to 10 m."""
    folder = real_scene(SCENE)
    with rasterio.open(folder / "B02.tif") as fine:
        shape, about = fine.shape, {"crs": fine.crs, "transform": fine.transform}
    about |= {"driver": "GTiff", "dtype": "uint16", "count": len(BANDS), "height": size, "width": size}
    with rasterio.open(path, "w", tiled=True, compress="deflate", **about) as scene:
        for number, band in enumerate(BANDS, start=1):
            with rasterio.open(folder / f"{band}.tif") as source:
                values = source.read(1, out_shape=shape, resampling=Resampling.nearest)
            scene.write(np.ascontiguousarray(values[:size, :size]), number)
            scene.set_band_description(number, band)
    return path


def followed(what: str, words: list[str], folder: Path, caches: Path) -> dict[str, Any]:
    """Run one command in a process of its own, with caches of its own; return what it found."""
    folder.mkdir(exist_ok=True)
    out = folder / f"{what}.json"
    call = _FOLLOW.format(what=what, words=words, out=str(out), began=time())
    places = ("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX", "MPLCONFIGDIR", "XDG_CACHE_HOME")
    environment = {**os.environ, **{name: str(caches / name) for name in places}}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or nothing would ever be warm
    log = folder / f"{what}.log"
    with log.open("w") as printed:
        command = [sys.executable, "-X", "importtime", "-c", call]
        process = subprocess.Popen(command, env=environment, stdout=printed, stderr=subprocess.STDOUT)
        code = process.wait(timeout=_PATIENCE)
    if not out.exists():
        sys.exit(f"{shlex.join(command)} ended with {code}:\n{log.read_text()[-2000:]}")
    found: dict[str, Any] = json.loads(out.read_text())
    return {**found, "imports": imports(log.read_text())}


def imports(text: str, *, least: float = 0.2) -> dict[str, float]:
    """Add up ``-X importtime`` by package: seconds of its own modules, packages of at least ``least``, all first."""
    own: Counter[str] = Counter()
    for line in text.splitlines():
        if line.startswith("import time:") and "[us]" not in line:
            microseconds, _, name = line.removeprefix("import time:").split("|")
            own[name.strip().partition(".")[0]] += max(0, int(microseconds))  # below 0 where threads import, too
    seconds = {name: value / 1e6 for name, value in own.most_common()}
    return {"all": sum(seconds.values()), **{name: value for name, value in seconds.items() if value >= least}}


if __name__ == "__main__":
    main(sys.argv[1:])
