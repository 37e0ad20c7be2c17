"""Files that are whole or absent: written to a temporary name, fsynced, renamed. Their hashes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

from rsgraph.errors import OutputError, WorkspaceError
from rsgraph.syncing import sync, sync_tree

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = ("no space", "disk is full", "file too large", "quota")

_PROBE = 2**20
"""Bytes that must still fit behind a failed file for its failure not to be called a full disk."""


def output_error(path: Path, error: BaseException, *, temporary: Path | None = None) -> OutputError:
    """Turn what went wrong while ``path`` was written into one sentence.

    Parameters
    ----------
    path
        As the user knows it.
    error
        Of the operating system, or of a library (GDAL, SQLite, Arrow) that may not say that the disk is full.
    temporary
        The file that was written in its stead. Where a library does not say why it failed, some bytes more are
        tried there.
    """
    if _is_full(error, temporary):
        free = shutil.disk_usage(_existing(path)).free / 2**20
        return OutputError(
            f"could not write {path}: the disk is full ({free:.0f} MB free); nothing was half-written, so free some "
            "space or choose another folder, then type the same command again."
        )
    return OutputError(
        f"could not write {path}: {_reason(error)}; nothing was half-written. Choose a folder that you may write to."
    )


def _is_full(error: BaseException, temporary: Path | None) -> bool:
    """Tell a full disk from other failures."""
    number = getattr(error, "errno", None)
    if number is not None:
        return number in _FULL
    text = f"{error} {error.__cause__}".lower()
    if any(words in text for words in _FULL_WORDS):
        return True
    return temporary is not None and _nothing_fits_behind(temporary)


def _nothing_fits_behind(temporary: Path) -> bool:
    try:
        with temporary.open("ab") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as probed:
        return probed.errno in _FULL
    return False


def _reason(error: BaseException) -> str:
    """Return the innermost cause in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__


def _existing(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))


_HEADERS = threading.Lock()
"""Held while headers of .npy files are read: NumPy has Python parse them, and CPython 3.11 lets threads that parse at
once disturb each other ("AST constructor recursion depth mismatch")."""


NO_ARRAY = (
    *(ValueError, TypeError, LookupError, ArithmeticError, SyntaxError, TokenError),
    *(OSError, EOFError, zipfile.BadZipFile, RuntimeError, MemoryError),
)
"""What NumPy, which has Python read a header, and archives raise for what is no array."""


def map_array(path: Path) -> np.memmap[Any, np.dtype[Any]]:
    """Map a .npy file into memory. Raises one of ``NO_ARRAY`` where it is none."""
    import numpy as np

    with _HEADERS, np.errstate(over="raise"):  # the product of a shape that is none would only be warned of
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.memmap):  # the first bytes of an archive count, not its name
        array.close()
        raise ValueError("it holds several arrays")
    return array


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read named arrays from .npz. Raises one of ``NO_ARRAY`` where it is none."""
    import numpy as np

    with _HEADERS, np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def expanded(path: str | Path) -> Path:
    """Return a path with the user's home in the place of a leading ``~``; as it is where no such home is known.

    Names of files may begin with ``~``, and a container may run as a user whom nobody knows.
    """
    return Path(os.path.expanduser(path))


_HOME = "rsgraph-home-"


def ensure_home() -> None:
    """Give a user whom nobody knows a home among the temporary files: MLflow and others fail without any."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(private_folder(_HOME))


def has_home() -> bool:
    """Tell whether the user has a home of their own, in which something can be kept."""
    home = expanded("~")
    return home.is_absolute() and not home.name.startswith(_HOME)


def private_folder(prefix: str) -> Path:
    """Return a folder among the temporary files that only this user can write to, the same for every process."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"{prefix}{user}")
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
        if stat.S_ISDIR(about.st_mode) and about.st_uid == user and not about.st_mode & 0o022:
            return folder
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{user}-"))  # somebody else was there first


def make_folder(path: Path) -> Path:
    """Create a folder and its parents. Raises OutputError where that is not possible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    return path


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; on success fsync it and rename it to ``path``.

    Parameters
    ----------
    path
        The file to write or replace.

    Yields
    ------
    Path
        The temporary name, with the same suffix. It is removed when the body fails.

    Raises
    ------
    OutputError
        Disk full, or the folder is not writable. ``path`` is as it was.
    """
    make_folder(path.parent)
    temporary = _beside(path)
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        raise output_error(path, error, temporary=temporary) from error
    finally:
        with suppress(OSError):  # a folder that cannot be written has no temporary file either
            temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Return a temporary name in the same folder, with the same suffix."""
    return path.with_name(f".{path.stem}.{os.getpid()}.{os.urandom(4).hex()}{path.suffix}")


@contextmanager
def replaced_folder(path: Path, mark: str) -> Iterator[Path]:
    """Give an empty folder beside ``path``; on success it is fsynced and takes the place of ``path``.

    Parameters
    ----------
    path
        The folder to create or replace; its parent is there.
    mark
        How temporary names beside it end.

    Yields
    ------
    Path
        The temporary folder. It is removed when the body fails.

    Raises
    ------
    OutputError
        Disk full, or the folder is not writable. ``path`` is as it was.
    """
    temporary, old = (path.with_name(f".{path.name}{state}.{mark}") for state in ("", ".old"))
    try:
        temporary.mkdir()
        yield temporary
        sync_tree(temporary)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
    except OSError as error:
        raise output_error(path, error) from error
    except OutputError as error:  # of a file in it, which the user knows by its final name
        raise OutputError(str(error).replace(str(temporary), str(path))) from error
    finally:
        for left in (temporary, old):
            shutil.rmtree(left, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON. Raises WorkspaceError for a damaged file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WorkspaceError(
            f"{path} is damaged (not valid JSON: {error}); remove it and run the same command again"
        ) from error


def file_state(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is made anew: its number, size and time."""
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-able value, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def place(source: Path, target: Path) -> None:
    """Put ``source`` at ``target``, atomically: a hard link where possible, else a copy.

    Files here are only ever replaced whole, so that two names of one file never disturb each other.
    """
    make_folder(target.parent)
    temporary = _beside(target)
    try:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise output_error(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)
