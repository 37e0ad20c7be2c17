from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.config import read_config

KEPT = Path(__file__).parents[1] / "workspaces_of_0_1"

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)

ATTACKS = {
    "empty": b"",
    "binary": b"\x89PNG\r\n\x1a\n\x00\x01",
    "not text": b"\xff\xfe\x00a",
    "a list": b"- a\n- b\n",
    "a text": b"seed",
    "a number": b"3",
    "numbers as keys": b"1: 2\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a tag": b"a: !!python/object/apply:os.system ['touch x']\n",
    "a name": b"a: !!python/name:os.system\n",
    "no date": b"a: 2026-99-99\n",
    "nested": b"[" * 20_000,
    "a bomb": BOMB.encode(),
    "itself": b"a: &a [*a]\n",
    "itself, deeper": b"a: &a {b: {c: *a}}\n",
    "a reference to nothing": b"a: *b\n",
    "a key that is a list": b"? [a]\n: 1\n",
    "a remote scene": b"data: {path: 'http://127.0.0.1/a.tif'}\n",
    "a remote scene by gdal": b"data: {path: ['a.tif', '/vsicurl/http://127.0.0.1/a.tif']}\n",
    "a scene that is a number": b"data: {path: 7}\n",
    "a remote model": b"model: {from: '/vsis3/bucket/w'}\n",
    "a model that is a list": b"model: {from: [a]}\n",
    "a remote option of a component": b"reader: {name: auto, mask: {file: ['https://127.0.0.1/m.tif']}}\n",
    "a long number": b"seed: " + b"9" * 10_000 + b"\n",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_config_is_refused_in_one_sentence(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(ATTACKS[attack])
    with pytest.raises(WorkspaceError, match=r"config\.yaml is damaged: ") as caught:
        read_config(path)
    assert "\n" not in str(caught.value)


def test_a_large_config_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(WorkspaceError, match=r"1,024 MB"):
        read_config(path)


@pytest.mark.parametrize("name", ["one", "two"])
def test_configs_of_version_0_1_are_read_with_their_references(name: str) -> None:
    found = read_config(KEPT / name / "config.yaml")
    assert found["encoder"]["name"] == "unet"
    if name == "two":
        assert found["grown_from"]["learnt_from"] == found["grown_from"]["scenes"]
