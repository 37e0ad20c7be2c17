"""Rollback journals of SQLite, as they lie beside a database whose program was killed: what they may lead to."""

from __future__ import annotations

from pathlib import Path

_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""Begins a rollback journal, and ends one that names another file."""


def names_another(path: Path) -> bool:
    """Tell whether a rollback journal names the file of a transaction over several databases.

    SQLite rolls back what it finds in a journal that a killed program left, and then removes the file that is named
    at its end, whatever that is. The databases that we open are each by themselves, and their journals name none.

    Parameters
    ----------
    path
        Of the journal; it need not be there.
    """
    if not path.is_file():
        return False
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - len(_MAGIC)))
        return size > len(_MAGIC) and file.read(len(_MAGIC)) == _MAGIC
