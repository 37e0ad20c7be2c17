"""Options are checked when they are made; device and precision are chosen and explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import torch
import yaml

from rsgraph.errors import ConfigError
from rsgraph.training import options
from rsgraph.training.options import (
    EncoderOptions,
    Hardware,
    TrainingOptions,
    cpu_bfloat16_flags,
    describe,
    describe_together,
    device_type,
    uses_bfloat16,
)

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def _flags(monkeypatch: pytest.MonkeyPatch, *flags: str) -> None:
    monkeypatch.setattr(options, "cpu_bfloat16_flags", lambda: flags)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrainingOptions(0), "`max_epochs` must be at least 1. Got 0 instead."),
        (lambda: TrainingOptions(5, patience=0), "`patience` must be at least 1. Got 0 instead."),
        (lambda: TrainingOptions(5, batch_size=-1), "`batch_size` must be at least 1. Got -1 instead."),
        (
            lambda: TrainingOptions(5, learning_rate=0.0),
            "`learning_rate` must be above 0. Got 0.0 instead; try 0.002.",
        ),
        (
            lambda: TrainingOptions(5, weight_decay=-1.0),
            "`weight_decay` must be at least 0. Got -1.0 instead; try 0.",
        ),
        (lambda: EncoderOptions(5, noise=-0.1), "`noise` must be at least 0. Got -0.1 instead; try 0.05."),
        (lambda: Hardware(devices=0), "`devices` must be at least 1. Got 0 instead."),
        (
            lambda: Hardware(devices=2, strategy="fsdp"),  # type: ignore[arg-type]  # that is what is tested
            "`strategy` must be one of: auto, ddp. Got 'fsdp' instead.",
        ),
        (lambda: Hardware(threads=0), "`threads` must be at least 1, or null. Got 0 instead."),
        (
            lambda: Hardware(precision="half"),  # type: ignore[arg-type]  # that is what is tested
            "`precision` must be one of: measured, auto, bf16, float32. Got 'half' instead.",
        ),
    ],
)
def test_options_out_of_range_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


def test_options_equal_the_yaml() -> None:
    training = yaml.safe_load((CONF / "training" / "default.yaml").read_text())
    trainer = yaml.safe_load((CONF / "trainer" / "default.yaml").read_text())
    assert set(training["encoder"]) == {field.name for field in fields(EncoderOptions)}
    assert set(training["gnn"]) == {field.name for field in fields(TrainingOptions)}
    assert Hardware(**trainer) == Hardware()
    assert EncoderOptions(**training["encoder"]) == EncoderOptions(max_epochs=training["encoder"]["max_epochs"])
    assert EncoderOptions(**training["encoder"]).patience == TrainingOptions(**training["gnn"]).patience == 15


@pytest.mark.usefixtures("without_gpu")
def test_device_type_falls_back_to_the_cpu_and_names_what_is_there() -> None:
    assert device_type(Hardware()) == "cpu"
    with pytest.raises(ConfigError, match=r"^`accelerator` must be .* has: auto, cpu\. Got 'cuda' instead\.$"):
        device_type(Hardware(accelerator="cuda"))
    with pytest.raises(ConfigError, match=r"Got 'abacus' instead"):
        device_type(Hardware(accelerator="abacus"))


def test_devices_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = "2 processes train together: each step learns from twice the batch size."
    assert describe_together(Hardware(accelerator="cpu", devices=2)) == twice
    assert describe_together(Hardware(accelerator="cpu", strategy="ddp")) == ""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match=r"^`devices` must be at most 1, what this machine has of cuda\. Got 3 "):
        describe_together(Hardware(devices=3))


def test_device_type_prefers_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [device_type(Hardware(accelerator=name)) for name in ("auto", "gpu", "cpu")] == ["cuda", "cuda", "cpu"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("flags : fpu avx2 avx512f", ()),
        ("flags : avx512_bf16 amx_bf16 amx_tile", ("avx512_bf16", "amx_bf16")),
        ("flags : avx512_bf16_something amx_bf16", ("amx_bf16",)),
    ],
)
def test_cpu_bfloat16_flags_are_read_as_whole_words(tmp_path: Path, words: str, found: tuple[str, ...]) -> None:
    (tmp_path / "cpuinfo").write_text(words + "\n")
    assert cpu_bfloat16_flags(tmp_path / "cpuinfo") == found


def test_cpu_bfloat16_flags_are_none_without_cpuinfo(tmp_path: Path) -> None:
    assert cpu_bfloat16_flags(tmp_path / "absent") == ()


@pytest.mark.usefixtures("without_gpu")
def test_describe_says_device_precision_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    _flags(monkeypatch)
    auto = Hardware(precision="auto")
    for hardware in (auto, Hardware()):
        assert describe(hardware) == "Computing on the CPU in float32 (it has no bfloat16 instructions)."
    assert (
        describe(Hardware(precision="bf16")) == "Computing on the CPU in bfloat16 (autocast) (as set by precision)."
    )
    _flags(monkeypatch, "avx512_bf16", "amx_bf16")
    assert uses_bfloat16(auto)
    assert not uses_bfloat16(Hardware(precision="float32"))
    assert not uses_bfloat16(Hardware()), "training is float32 unless it is said otherwise"
    assert describe(auto) == "Computing on the CPU in bfloat16 (autocast) (it has avx512_bf16 and amx_bf16)."
    measured = "Computing on the CPU in float32 (inference in bfloat16 where that is clearly faster)."
    assert describe(Hardware()) == measured


@pytest.mark.parametrize(("able", "sentence"), [(True, "bfloat16 (autocast) (it has bfloat16)"),
                                                (False, "float32 (it has no bfloat16)")])  # fmt: skip
def test_describe_asks_the_gpu_for_bfloat16(monkeypatch: pytest.MonkeyPatch, able: bool, sentence: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: able)
    assert describe(Hardware(precision="auto")) == f"Computing on the GPU in {sentence}."
