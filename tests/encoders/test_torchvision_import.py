"""torchvision imports beside a torch that it was not compiled for, and other failures are not hidden."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rsgraph.encoders import torchvision_import
from rsgraph.encoders.torchvision_import import import_torchvision

_PRELUDE = "from rsgraph.encoders.torchvision_import import import_torchvision\n"


def _run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    path = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(root)!r}]\n"
    return subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=False)


def test_import_torchvision_makes_its_dependents_importable(tmp_path: Path) -> None:
    done = _run(
        _PRELUDE + "import_torchvision(); import_torchvision(); import torchmetrics.functional.image", tmp_path
    )
    assert done.returncode == 0, done.stderr


def test_import_torchvision_declares_what_is_missing_and_imports_afresh(tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "import torch, torchvision.part\n"
        "if not hasattr(torch.ops.torchvision, 'nms'):\n"
        "    raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    (tmp_path / "torchvision" / "part.py").write_text("print('read')\n")
    done = _run(_PRELUDE + "import_torchvision(); import torchvision", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["read", "read"]


@pytest.fixture
def not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("not_imported")
def test_import_torchvision_passes_other_failures_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('something else is wrong')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match=r"^something else is wrong$"):
        import_torchvision()


@pytest.mark.usefixtures("not_imported")
def test_import_torchvision_is_no_error_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision_import, "find_spec", lambda name: None)
    import_torchvision()
    assert "torchvision" not in sys.modules
