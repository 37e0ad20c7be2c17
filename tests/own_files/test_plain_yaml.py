"""YAML from strangers: plain values, of bounded size."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from rsgraph.own_files.plain_yaml import MOST_VALUES, read_yaml


def bomb(levels: int = 9) -> str:
    """A config of a few lines that says 9 ** levels values."""
    lines = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *lines])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def test_plain_values_are_read(path: Path) -> None:
    path.write_text("a: [1, 2.5, true, null, text]\nb: {c: &c [1], d: *c}\n")
    assert read_yaml(path) == {"a": [1, 2.5, True, None, "text"], "b": {"c": [1], "d": [1]}}
    path.write_text("")
    assert read_yaml(path) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (bomb(), "says more than 50,000 values"),
        (bomb(40), "says more than 50,000 values"),
        ("&a [*a]", "contains itself"),
        ("a: &a {b: *a}", "contains itself"),
        ("[" * 10_000, "nested too deep"),
        ("x" * (2 * 2**20 + 1), "no config more than 2"),
        ("a: !!python/object/apply:os.system [touch x]", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        ("a: 2026-99-99", "month must be in 1..12"),
        (f"a: {'9' * 5000}", "Exceeds the limit"),
        ("a: \x01", "special characters are not allowed"),
        ("a: b: c", "mapping values are not allowed"),
    ],
)
def test_other_values_are_refused(path: Path, text: str, why: str) -> None:
    path.write_text(text)
    started = time.process_time()
    with pytest.raises((ValueError, yaml.YAMLError), match=why):
        read_yaml(path)
    assert time.process_time() - started < 5


def test_more_values_than_any_config_has_are_not_made(path: Path) -> None:
    path.write_text(f"[{'1, ' * 600_000}]")
    started = time.process_time()
    with pytest.raises(yaml.YAMLError, match="says more than 50,000 values"):
        read_yaml(path)
    assert time.process_time() - started < 10
    path.write_text(f"[{'1, ' * (MOST_VALUES - 2)}]")
    assert len(read_yaml(path)) == MOST_VALUES - 2


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ValueError, match="no file"):
        read_yaml(tmp_path / "pipe.yaml")
