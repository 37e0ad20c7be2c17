"""Nothing is imported from the current folder: neither by ``python -m rsgraph`` nor by what it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rsgraph import safe_paths
from rsgraph.errors import ConfigError
from rsgraph.safe_paths import VARIABLE, refuse_settings_here, safe_children

FIRST = "import sys; print(sys.path[0] in ('', {0!r}))"


def imports_from(folder: Path) -> bool:
    """Whether a Python that starts now imports from the folder that it starts in."""
    command = [sys.executable, "-c", FIRST.format(str(folder))]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout == "True\n"


def test_children_do_not_import_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert imports_from(tmp_path)
    with safe_children():
        assert not imports_from(tmp_path)
    assert imports_from(tmp_path)


@pytest.mark.parametrize("before", [None, "", "1"])
def test_the_environment_is_put_back_after_the_last_of_several(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VARIABLE, before)
    first, second = safe_children(), safe_children()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ[VARIABLE] == "1", "the second is still entered"
    second.__exit__(None, None, None)
    assert os.environ.get(VARIABLE) == before


def test_settings_of_numba_in_the_current_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refuse_settings_here()
    (tmp_path / ".numba_config.yaml").write_text("cache_dir: /tmp/planted\n")
    with pytest.raises(ConfigError, match=r"holds \.numba_config\.yaml, by which code could be loaded"):
        refuse_settings_here()


def test_a_link_to_such_settings_that_leads_nowhere_yet_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / safe_paths._SETTINGS).symlink_to(tmp_path / "later")
    with pytest.raises(ConfigError):
        refuse_settings_here()
