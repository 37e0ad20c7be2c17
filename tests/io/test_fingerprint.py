"""The fingerprint follows content and reading options, not places; its memo saves the second reading."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rsgraph.errors import NotReadable
from rsgraph.io import fingerprint as module
from rsgraph.io.fingerprint import fingerprint
from rsgraph.io.geotiff import GeoTiff
from rsgraph.types import Scene
from tests.io.rasters import counts, write_tiff


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    path = write_tiff(tmp_path / "a.tif", counts(2))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return GeoTiff().open(path)[0]


def test_fingerprint_depends_on_content_and_options_only(scene: Scene, tmp_path: Path) -> None:
    found = fingerprint([scene], known=None)
    assert len(found) == 64
    (tmp_path / "x").mkdir()
    moved = shutil.copy(tmp_path / "a.tif", tmp_path / "x" / "b.tif")
    assert fingerprint(GeoTiff().open(Path(moved)), known=None) == found
    assert fingerprint(GeoTiff(offset=-0.1).open(Path(moved)), known=None) != found
    other = write_tiff(tmp_path / "c.tif", counts(2, seed=1))
    assert fingerprint(GeoTiff().open(other), known=None) != found


def test_fingerprint_of_a_collection_depends_on_names_and_order(scene: Scene) -> None:
    other = replace(scene, name="b")
    assert fingerprint([scene, other], known=None) != fingerprint([other, scene], known=None)


def test_fingerprint_remembers(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memo = tmp_path / "deep" / "memo.json"
    found = fingerprint([scene], known=memo)
    stored = json.loads(memo.read_text())
    assert stored[str(tmp_path / "a.tif")][:2] == [(tmp_path / "a.tif").stat().st_size, 10**18]
    monkeypatch.setattr(module, "sha256", lambda path: pytest.fail("read again"))
    assert fingerprint([scene], known=memo) == found


def test_fingerprint_sees_a_change_of_the_file(scene: Scene, tmp_path: Path) -> None:
    memo = tmp_path / "memo.json"
    found = fingerprint([scene], known=memo)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[-1] ^= 1
    (tmp_path / "a.tif").write_bytes(data)
    assert fingerprint([scene], known=memo) != found


@pytest.mark.parametrize("text", ["{", "[]", '{"/a": 3}', "\x00", "[" * 100_000])
def test_fingerprint_survives_a_damaged_memo(scene: Scene, tmp_path: Path, text: str) -> None:
    memo = tmp_path / "memo.json"
    memo.write_text(text)
    assert fingerprint([scene], known=memo) == fingerprint([scene], known=None)
    assert str(tmp_path / "a.tif") in json.loads(memo.read_text())


def test_fingerprint_survives_a_memo_that_cannot_be_written(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert fingerprint([scene], known=tmp_path / "file" / "memo.json") == fingerprint([scene], known=None)


def test_fingerprint_names_a_file_that_is_gone(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "a.tif").unlink()
    with pytest.raises(NotReadable, match=r"a\.tif cannot be read"):
        fingerprint([scene], known=None)


def test_fingerprint_tells_files_of_one_size_and_time_apart(scene: Scene, tmp_path: Path) -> None:
    memo = tmp_path / "memo.json"
    before = fingerprint([scene], known=memo)
    assert str(tmp_path / "a.tif") in json.loads(memo.read_text())
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[-1] ^= 1
    (tmp_path / "b.tif").write_bytes(data)
    os.utime(tmp_path / "b.tif", (1_000_000_000, 1_000_000_000))
    os.replace(tmp_path / "b.tif", tmp_path / "a.tif")  # as archives and rsync leave them
    assert fingerprint([scene], known=memo) != before


def test_only_a_file_that_is_gone_is_to_be_put_back(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(module, "sha256", fails)
        with pytest.raises(NotReadable, match="see that its disk is well"):
            fingerprint([scene], known=None)
    (tmp_path / "a.tif").unlink()
    with pytest.raises(NotReadable, match="put it back, or name the scene where it is now"):
        fingerprint([scene], known=None)
