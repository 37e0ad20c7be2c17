"""What ``import rsgraph`` offers to scripts and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph import workspace
from rsgraph.components import build

if TYPE_CHECKING:
    from rsgraph.labels.journal import Journal

__all__ = ["Workspace", "build"]


class Workspace(workspace.Workspace):
    """A folder of results, and the labels given to its segments.

    Parameters
    ----------
    folder
        Its path.

    Examples
    --------
    >>> workspace = Workspace("workspaces/plymouth")
    >>> with workspace.journal() as journal:
    ...     journal.define("water", colour="#2060c0", key="1")
    ...     journal.assign([1, 2, 3], "water")
    2
    """

    def journal(self, *, read_only: bool = False, author: str | None = None) -> Journal:
        """Open the label journal; as a context manager it is closed in the end.

        Parameters
        ----------
        read_only
            Look only, even while another window labels; empty where nothing has been labelled.
        author
            Who labels; None: the user's name.

        Raises
        ------
        JournalLocked
            Another window or program has it open for writing.
        JournalDamaged
            It is not whole; ``rsgraph.labels.journal.Journal.open`` recovers what can be read.
        NotThere
            The workspace has no segments yet.
        """
        from rsgraph.labels.journal import journal_of

        return journal_of(self, read_only=read_only, author=author)
