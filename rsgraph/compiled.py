"""Functions compiled to machine code by numba, with the types that they are written with."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Literal, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(
    *, fastmath: bool | set[str] = False, error_model: Literal["python", "numpy"] = "python"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a function on its first call, without the interpreter's lock, and keep the machine code on disk.

    It is kept beside the function's file or in the user's cache folder. Where neither can be written (read-only
    packages in a container without a home), every process compiles for itself.

    Parameters
    ----------
    fastmath
        Which rules of floating-point arithmetic may be broken for speed: LLVM's flags, True for all of them.
    error_model
        ``numpy`` leaves out the check for a division by zero.

    Notes
    -----
    What is kept is compiled anew when the function's own file changes, not when a file of a function that it calls
    does.
    """

    def compile_lazily(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher = numba.njit(nogil=True, fastmath=fastmath, error_model=error_model)(function)
        with suppress(RuntimeError):  # "no locator available": no folder that can be written
            dispatcher.enable_caching()
        return cast(Callable[P, R], dispatcher)

    return compile_lazily


def import_compiled(name: str) -> ModuleType:
    """Import a package whose functions insist on being kept on disk, if need be in a folder that goes with us."""
    try:
        return import_module(name)
    except RuntimeError:  # "no locator available", as above
        folder = tempfile.mkdtemp(prefix="rsgraph-numba-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        numba.config.CACHE_DIR = folder
        return import_module(name)
