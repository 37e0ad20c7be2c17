"""The verb ``export``, and the same for Python and the viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsgraph import console
from rsgraph.components import build, from_config
from rsgraph.config import refuse_targets
from rsgraph.errors import ConfigError
from rsgraph.exporters.scope import export_of
from rsgraph.exporters.selection import read_selection
from rsgraph.files import expanded, make_folder
from rsgraph.protocols import Exporter, Progress, check_component
from rsgraph.registry import check_types
from rsgraph.run.checking import check_workspace
from rsgraph.run.scenes import Reopened


def export_workspace(
    workspace_folder: str | Path,
    exporter: str | Exporter,
    *,
    folder: str | Path | None = None,
    origins: Sequence[str] | None = None,
    segment_ids: Any = None,
    author: str | None = None,
    links: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Export a workspace.

    Parameters
    ----------
    workspace_folder
        A finished workspace. Its journal may be open, also in another process.
    exporter
        A registered name (``geotiff``, ``geopackage``, ``geojson`` ...), taken with its defaults, or a component
        as ``build("exporter", name=..., ...)`` returns it.
    folder
        Where to write; None: ``exports`` in the workspace.
    origins
        Only segments whose label is of these origins, such as ``["human"]``; None: all.
    segment_ids
        (n,) integers: only these segments; None: all.
    author
        Who exports, for the provenance; None: the user who is logged in.
    links
        Whether symbolic links in the workspace that lead out of it are the user's own, and may be written through.
    progress
        Called as progress(done, total). It may raise to stop: what stood there before stays as it was.

    Returns
    -------
    list of Path
        The files and folders that were written.

    Raises
    ------
    UnknownComponent
        No exporter has that name.
    ConfigError
        An origin or id is none.
    NotThere
        The folder is no finished workspace, or nothing is left to export.
    WorkspaceError
        Its files are damaged or do not fit together.
    OutputError
        Disk full or folder not writable.
    """
    workspace = Reopened(expanded(workspace_folder), links=links)
    workspace.existing("manifest.json")
    workspace.check_writable("exports", "labels.")
    check_workspace(workspace)
    component: Exporter = build("exporter", name=exporter) if isinstance(exporter, str) else exporter
    check_component("exporter", type(component), type(component).__name__)
    leaving = export_of(workspace, workspace.opened, origins=origins, segment_ids=segment_ids, author=author)
    target = expanded(folder) if folder else workspace.path("exports")
    return component.export(leaving, make_folder(target), progress=progress)


def export(config: Mapping[str, Any]) -> list[Path]:
    """Export a workspace as the config (``conf/export.yaml``) says, and say where it is."""
    refuse_targets(config)
    if config["workspace"] is None:
        raise ConfigError("which workspace? type `rsgraph export WORKSPACE`")
    check_types(None, _options, {name: config[name] for name in ("workspace", "folder", "selection", "links")})
    Reopened(expanded(config["workspace"])).existing("manifest.json")
    exporter = from_config("exporter", config["exporter"])
    with console.progress("export") as report:
        written = export_workspace(
            config["workspace"],
            exporter,
            folder=config["folder"],
            origins=_origins(config["labels"]),
            links=config["links"],
            segment_ids=None if config["selection"] is None else read_selection(Path(config["selection"])),
            progress=report,
        )
    for path in written:
        console.say(f"wrote {path}")
    return written


def _options(workspace: str | None, folder: str | None, selection: str | None, links: bool) -> None:
    """Types of the options."""


def _origins(labels: Any) -> Sequence[str] | None:
    """Read the option ``labels``: all, an origin, or a list of origins."""
    if labels == "all":
        return None
    return [labels] if not isinstance(labels, list) else labels
