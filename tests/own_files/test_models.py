from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.models import check_metric, check_model, check_weights, read_about, read_encoder
from rsgraph.workspace import write_arrays

KEPT = Path(__file__).parents[1] / "workspaces_of_0_1"
SAMPLE = Path(__file__).parents[2] / "rsgraph" / "samples" / "parana_coast"


def tensors(header: object, values: bytes = b"\0" * 16) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


WHOLE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}

NO_WEIGHTS = {
    "empty": b"",
    "cut": b"\x08\0\0",
    "binary": b"\x89PNG\r\n\x1a\n" * 4,
    "a long header": (2**60).to_bytes(8, "little") + b"{}",
    "no json": tensors(b"{" * 16),
    "nested": tensors(b"[" * 10**6),
    "a list": tensors([1]),
    "no tensors": tensors({"a": 1}),
    "beyond the file": tensors({"a": {**WHOLE, "data_offsets": [0, 2**40]}}),
    "backwards": tensors({"a": {**WHOLE, "data_offsets": [8, 0]}}),
    "below nought": tensors({"a": {**WHOLE, "data_offsets": [-8, 8]}}),
    "no places": tensors({"a": {**WHOLE, "data_offsets": "all"}}),
    "no type": tensors({"a": {**WHOLE, "dtype": "PICKLE"}}),
    "type a number": tensors({"a": {**WHOLE, "dtype": 3}}),
    "many": tensors({f"a{n}": {**WHOLE, "data_offsets": [0, 0]} for n in range(10_001)}),
}


@pytest.mark.parametrize("attack", NO_WEIGHTS)
def test_what_are_no_weights_is_refused_in_one_sentence(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(NO_WEIGHTS[attack])
    with pytest.raises(WorkspaceError, match=r"encoder\.safetensors is damaged: ") as caught:
        check_weights(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, wrong: float, dtype: Any) -> None:
    values = np.zeros((3, 4), dtype)
    save_file({"whole": values, "part": values}, tmp_path / "a.safetensors")
    check_weights(tmp_path / "a.safetensors")
    values[2, 1] = wrong
    save_file({"whole": np.zeros(5, dtype), "part": values}, tmp_path / "a.safetensors")
    with pytest.raises(WorkspaceError, match="tensor 'part' holds values that are not finite"):
        check_weights(tmp_path / "a.safetensors")


def test_bfloat16_is_looked_at_by_its_bits(tmp_path: Path) -> None:
    for bits, finite in ((0x7F80, False), (0xFF80, False), (0x7FC0, False), (0x7F7F, True), (0x0001, True)):
        about = {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}
        (tmp_path / "a").write_bytes(tensors({"w": about}, b"\0\0" + bits.to_bytes(2, "little")))
        if finite:
            check_weights(tmp_path / "a")
        else:
            with pytest.raises(WorkspaceError, match="not finite"):
                check_weights(tmp_path / "a")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("bands", value) for value in (None, [], "B02", [1])),
        *(("classes", value) for value in (0, -1, 10**9, "8", 2.5)),
        *(("features", value) for value in (0, "16")),
        *(("component", value) for value in ("unet", {}, {"name": 3})),
        *(("history", value) for value in ({}, [1], [{"epoch": "one"}], [{"epoch": 1, "loss": "low"}])),
    ],
)
def test_a_description_that_says_anything_else_is_refused(tmp_path: Path, field: str, value: object) -> None:
    whole = {"bands": ["B02"], "classes": 8, "component": {"name": "unet"}, "history": []}
    (tmp_path / "encoder.json").write_text(json.dumps({**whole, field: value}))
    with pytest.raises(WorkspaceError, match=rf"encoder\.json is damaged: '({field}|history)"):
        read_encoder(tmp_path / "encoder.json")


def test_losses_may_have_become_infinite(tmp_path: Path) -> None:
    history = [{"epoch": 0.0, "val_loss": float("nan"), "train_loss": float("inf")}]
    (tmp_path / "gnn.json").write_text(json.dumps({"bands": ["B02"], "history": history}))
    assert read_about(tmp_path / "gnn.json")["bands"] == ["B02"]


def model(tmp_path: Path, origin: Path = SAMPLE) -> Path:
    shutil.copytree(origin / "models", tmp_path / "models")
    shutil.copy(origin / "targets.npz", tmp_path)
    return tmp_path


def changed(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = tmp_path / "models" / f"{name}.safetensors"
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path)


@pytest.mark.parametrize("origin", [SAMPLE, KEPT / "one", KEPT / "two"])
def test_models_as_they_are_written_pass(tmp_path: Path, origin: Path) -> None:
    check_model(model(tmp_path, origin))


@pytest.mark.parametrize("name", ["encoder", "gnn", "metric", "join"])
def test_a_model_of_which_one_weight_is_not_a_number_is_refused(tmp_path: Path, name: str) -> None:
    def spoil(arrays: dict[str, Any]) -> None:
        first = next(key for key, array in arrays.items() if array.dtype.kind == "f" and array.size)
        arrays[first] = np.full_like(arrays[first], np.nan)

    model(tmp_path)
    changed(tmp_path, name, spoil)
    with pytest.raises(WorkspaceError, match=rf"{name}\.safetensors is damaged: tensor .* not finite"):
        check_model(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("bands.mean"),
        lambda arrays: arrays.pop("diffused"),
        lambda arrays: arrays.update({"diffused": np.zeros(3)}),
        lambda arrays: [arrays.pop(f"around.{part}") for part in ("mean", "weight", "matrix")],
        lambda arrays: arrays.update({"spectrum.mean": np.zeros(5)}),
        lambda arrays: arrays.update({"spectrum.matrix": np.zeros((5, 5))}),
        lambda arrays: arrays.update({"bands.matrix": np.zeros(12)}),
        lambda arrays: arrays.update({f"bands.{part}": np.zeros(3) for part in ("mean", "weight")}),
    ],
)
def test_a_metric_whose_parts_do_not_fit_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    model(tmp_path)
    changed(tmp_path, "metric", change)
    with pytest.raises(WorkspaceError, match=r"metric\.safetensors is damaged"):
        check_metric(tmp_path / "models" / "metric.safetensors", bands=12)


def test_files_of_a_model_agree(tmp_path: Path) -> None:
    model(tmp_path)
    about = json.loads((tmp_path / "models" / "encoder.json").read_text())
    write_arrays(tmp_path / "targets.npz", {"centres": np.zeros((3, 12)), "fuzziness": np.array(2.0)})
    with pytest.raises(WorkspaceError, match=r"it has 8 classes, targets\.npz 3"):
        check_model(tmp_path)
    write_arrays(tmp_path / "targets.npz", {"centres": np.zeros((8, 5))})
    with pytest.raises(WorkspaceError, match=r"targets\.npz is damaged: 'centres' must be numbers of shape"):
        check_model(tmp_path)
    shutil.copy(SAMPLE / "targets.npz", tmp_path)
    gnn = json.loads((tmp_path / "models" / "gnn.json").read_text())
    (tmp_path / "models" / "gnn.json").write_text(json.dumps({**gnn, "bands": about["bands"][::-1]}))
    with pytest.raises(WorkspaceError, match=r"gnn\.json is damaged: its bands are not those of"):
        check_model(tmp_path)
