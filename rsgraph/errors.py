"""The exceptions of rsgraph, as a tree.

Every error that a user can cause is an ``RsgraphError``; the command line prints its message as one sentence
and exits with 2. Anything else that escapes is a defect of ours and keeps its traceback.

::

    RsgraphError
    ├── ConfigError              an option, component or override that does not exist or does not fit
    │   └── UnknownComponent     also a KeyError: the registry does not know the name
    ├── InputError               the scene that was given
    │   ├── NotReadable          missing, not a raster, truncated, damaged, with holes
    │   └── NotUsable            it reads, but nothing can be learnt from it (all nodata, all constant ...)
    ├── ModelMismatch            a trained model does not fit the scene (bands)
    ├── WorkspaceError           the folder of results
    │   ├── WorkspaceMismatch    it was made from another scene or with other options
    │   ├── NotThere             a file or layer that the workspace does not hold (yet)
    │   ├── JournalLocked        another window or program is labelling
    │   └── JournalDamaged       labels.sqlite is not whole
    ├── OutputError              disk full, folder not writable
    ├── WorkerLost               processes that compute blocks die, or a cluster is gone
    └── NotInstalled             a verb or component whose package is missing
"""

from __future__ import annotations


class RsgraphError(Exception):
    """Anything that the user can put right. The message says what, where, what was expected and what to do."""


class ConfigError(RsgraphError):
    """An option, component or override that does not exist or does not fit."""


class UnknownComponent(ConfigError, KeyError):
    """The registry does not know the name; the message lists those that it knows."""

    def __str__(self) -> str:
        """Return the message itself (KeyError would quote it)."""
        return str(self.args[0]) if self.args else ""


class InputError(RsgraphError):
    """The scene that was given."""


class NotReadable(InputError):
    """The file is missing, not a raster, truncated, damaged or has holes."""


class NotUsable(InputError):
    """The file reads, but nothing can be learnt from it."""


class ModelMismatch(RsgraphError):
    """A trained model does not fit the scene."""


class WorkspaceError(RsgraphError):
    """The folder of results."""


class WorkspaceMismatch(WorkspaceError):
    """The workspace was made from another scene or with other options."""


class NotThere(WorkspaceError):
    """A file or layer that the workspace does not hold."""


class JournalLocked(WorkspaceError):
    """The label journal is open for writing elsewhere, or was opened read-only here."""


class JournalDamaged(WorkspaceError):
    """The label journal is not whole; what can be read of it can be recovered to a copy."""


class OutputError(RsgraphError):
    """The disk is full or the folder not writable."""


class WorkerLost(RsgraphError):
    """Worker processes die over and over, or the cluster is gone or cannot be reached; finished blocks are kept."""


class NotInstalled(RsgraphError):
    """A verb or component whose package is missing."""


def in_short(error: BaseException) -> str:
    """Return the beginning of what an error of a library says, on one line: it may quote a whole file."""
    return " ".join(str(error).split())[:200]
