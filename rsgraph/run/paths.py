"""Folders of the cache and of sweeps, and names of sweep points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rsgraph.config import interpolations
from rsgraph.files import digest, expanded
from rsgraph.io.path_names import path_name

CACHE = ".rsgraph-cache"
"""Name of the stage cache, beside the workspaces that share it."""

_LONGEST = 150

_CONSTANT = ("${oc.env:", "${now:")
"""How interpolations begin that are the same at all points of a sweep."""

_OF_POINTS = ("hydra:job.num", "hydra:job.id", "hydra:job.override_dirname")
"""Interpolations that differ at all points of a sweep."""


class Point(NamedTuple):
    """Where a point of a sweep goes.

    Parameters
    ----------
    folder
        Its workspace.
    beside
        Folder that it shares with others: the cache and the store of MLflow stand there.
    """

    folder: Path
    beside: Path


@dataclass(frozen=True)
class SweepPlace:
    """Where a sweep goes.

    Parameters
    ----------
    folder
        Of the points' workspaces; where their names interpolate what is swept, what stands before that.
    beside
        Folder of the cache and of the store of MLflow.
    shown
        Where results go, for the user.
    named
        Options whose values name the workspaces of points.
    """

    folder: Path
    beside: Path
    shown: str
    named: tuple[str, ...] = ()

    def point(self, asked: str | None, overrides: Sequence[str], shared: Sequence[str]) -> Point:
        """Return where a point goes.

        Parameters
        ----------
        asked
            Its ``workspace=``.
        overrides
            Of the point.
        shared
            Options of which the user gave one value for the whole sweep.
        """
        if not self.named or not asked:
            return Point(self.folder / point_name(overrides, shared), self.beside)
        folder = expanded(asked)
        rest = [text for text in differing(overrides, shared) if not _names(self.named, text.partition("=")[0])]
        return Point(folder / point_name(rest, []) if rest else folder, self.beside)


def cache_folder(asked: str | None, beside: Path) -> Path:
    """Return ``cache.path=``, or .rsgraph-cache beside the workspaces."""
    return expanded(asked) if asked else beside / CACHE


def sweep_place(written: str | None, asked: str | None, path: str | Sequence[str] | None) -> SweepPlace:
    """Return where a sweep goes: ``workspace=``, or workspaces/<name of the path>-sweep.

    Parameters
    ----------
    written
        ``workspace=`` as it was written; what is the same at all points (``fixed_part``) may be interpolated already.
    asked
        The same, interpolated; None where that differs from point to point.
    path
        Of the scenes.
    """
    named = tuple(varying(written or ""))
    if not named:
        folder = expanded(asked) if asked else Path("workspaces") / f"{path_name(path)}-sweep"
        return SweepPlace(folder, folder.parent, f"{folder}/<point>")
    assert written is not None
    fixed = expanded(fixed_part(written) + "x").parent  # of out/k= it is out, of out/ as well
    return SweepPlace(fixed, fixed, written, named)


def varying(written: str) -> list[str]:
    """Return what the interpolations of a text name that may differ from point to point: options, resolvers.

    Examples
    --------
    >>> varying("${oc.env:HOME}/${gnn.name}/k${graph.k}")
    ['gnn.name', 'graph.k']
    """
    found = [written[first + 2 : end - 1].strip() for first, end in _varying(written)]
    return [*found, *(name for each in found for name in varying(each))]


def _varying(written: str) -> list[tuple[int, int]]:
    return [(first, end) for first, end in interpolations(written) if not written[first:end].startswith(_CONSTANT)]


def fixed_part(written: str) -> str:
    """Return what stands before the first interpolation that may differ from point to point."""
    spans = _varying(written)
    return written[: spans[0][0]] if spans else written


def _names(named: Sequence[str], option: str) -> bool:
    """Tell whether a name of a workspace tells values of an option apart."""
    return option in named or f"{option}.name" in named or any(each in named for each in _OF_POINTS)


def differing(overrides: Sequence[str], shared: Sequence[str]) -> list[str]:
    """Return those overrides of a sweep point that not all points share, without Hydra's signs."""
    return [text.lstrip("+~") for text in overrides if text.lstrip("+~").partition("=")[0] not in shared]


def point_name(overrides: Sequence[str], shared: Sequence[str]) -> str:
    """Return the folder name of a sweep point: those of its overrides that not all points share.

    Parameters
    ----------
    overrides
        Of the point.
    shared
        Options of which the user gave one value for the whole sweep.

    Examples
    --------
    >>> point_name(["data.path='a b.tif'", "seed=1", "graph.k=4"], ["data.path", "seed"])
    'graph.k=4'
    """
    name = re.sub(r"[^\w.,=+-]+", "_", ",".join(differing(overrides, shared))) or "default"
    return name if len(name) < _LONGEST else f"{name[:120]}-{digest(name)[:12]}"
