"""Follows a run of rsgraph in its process: which files and functions it touches, and the way of one option.

No module of rsgraph is imported here, so that any version of it can be followed.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import threading
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType

CALL = "from runpy import run_path; run_path('{file}')['follow'](*{arguments!r})"
"""Python code that follows a run in a process of its own."""

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


_OTHERS = ("hydra", "numba", "pandas", "rasterio", "scipy.spatial", "skimage.segmentation", "torch")
"""Packages that are loaded beforehand: under a profiler that takes several times as long."""


class FirstStage(BaseException):
    """The first stage begins."""


class Follower:
    """A profiler that remembers what ran of one package.

    Parameters
    ----------
    package
        Its folder.
    whole
        False: the run ends where its first stage begins.
    """

    def __init__(self, package: Path, *, whole: bool = True) -> None:
        self.package, self.whole = f"{package}/", whole
        self.seen: set[CodeType] = set()
        self.before: list[str] = []
        self.frames: list[str] = []
        self.registries = self.compositions = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Look at every call."""
        code = frame.f_code
        if event != "call":
            return
        self.compositions += code.co_name == "_load_configuration_impl"
        if not code.co_filename.startswith(self.package):
            return
        self.registries += code.co_qualname == "Registry.__init__"
        if code.co_qualname == "progress" and frame.f_locals.get("title") == "scene" and not self.before:
            self.before = self.files()
            if not self.whole:
                raise FirstStage
        if code in self.seen:
            return
        self.seen.add(code)
        if code.co_qualname == "Nearest.__init__":
            self.frames = self._stack(frame)

    def _stack(self, frame: FrameType | None) -> list[str]:
        """Return the functions of the package from the first to this one."""
        found: list[str] = []
        while frame is not None:
            if frame.f_code.co_filename.startswith(self.package):
                found.insert(0, frame.f_code.co_qualname)
            frame = frame.f_back
        return [name for name in found if name != "<module>"]

    def files(self) -> list[str]:
        """Return the files that were loaded up to now; not those that hold nothing but a docstring."""
        modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        found = {str(file) for file in modules if str(file).startswith(self.package)}
        return sorted(file for file in found | {code.co_filename for code in self.seen} if _holds_code(Path(file)))

    def functions(self) -> list[str]:
        """Return the functions that ran, lambdas too; comprehensions, classes and modules are none."""
        ran = [code for code in self.seen if code.co_flags & inspect.CO_OPTIMIZED]
        return [code.co_qualname for code in ran if code.co_name not in _COMPREHENSIONS]


def _holds_code(file: Path) -> bool:
    return any(not isinstance(node, ast.Expr) for node in ast.parse(file.read_text(encoding="utf-8")).body)


def follow(tree: str, words: list[str], out: str, whole: bool = True) -> None:
    """Run ``rsgraph`` of a checkout, to the end or to its first stage; write what was touched to a JSON file."""
    follower = Follower(Path(tree) / "rsgraph", whole=whole)
    for package in _OTHERS:
        import_module(package)
    sys.path.insert(0, tree)
    threading.setprofile(follower)
    sys.setprofile(follower)
    try:
        from rsgraph.cli import main

        main(words)
    except FirstStage:
        pass
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    found = {
        "files": follower.files(),
        "functions": follower.functions(),
        "before": follower.before,
        "frames": follower.frames,
        "registries": follower.registries,
        "compositions": follower.compositions,
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")
