"""The words after ``rsgraph label``: a workspace to open, or a scene of which one is made first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rsgraph.command_line import Line, split_line
from rsgraph.config import quote
from rsgraph.errors import ConfigError
from rsgraph.workspace import Workspace

OWN = ("display", "read_only", "train", "links")
"""Options of the window; all others are those of ``rsgraph run``."""

_SWITCHES = (("read_only", False), ("train", True), ("links", False))
"""Those of them that are true or false, and what is usual."""

_SCENES = ("data.path", "reader")
"""Options that say what is to be read, where no path does."""


@dataclass(frozen=True)
class Asked:
    """What is to be opened, and made.

    Parameters
    ----------
    workspace
        That is there; None: the run says which.
    run
        Words of the run that makes it, or goes on with it; none where there is nothing to make.
    display
        Bands of the pictures: ``auto``, ``true_colour``, ``false_colour`` or three band names.
    read_only
        Look only.
    train
        Whether the run goes on while the window is open.
    links
        Whether symbolic links in the workspace that lead out of it may be written through.
    """

    workspace: Path | None
    run: tuple[str, ...] = ()
    display: str | list[str] = "auto"
    read_only: bool = False
    train: bool = True
    links: bool = False


def asked(words: Sequence[str]) -> Asked:
    """Read a command line, without its verb.

    Raises
    ------
    ConfigError
        An option that does not exist, a sweep, or nothing to open.
    NotReadable
        The path does not exist.
    """
    line = split_line(words, verb="label")
    given = dict(override.split("=", 1) for override in line.overrides if "=" in override)
    switches = {name: _switch(given, name, usual) for name, usual in _SWITCHES}
    if line.multirun:
        raise ConfigError("rsgraph label opens one window; sweeps are for `rsgraph run PATH -m ...`.")
    display = _display(given.get("display", "auto"))
    target = line.path or given.get("workspace", "").strip("'\"")
    if _is_workspace(target):
        _refuse_other_options(line, given)
        workspace = Path(target).expanduser()
        goes_on = not switches["read_only"] and _is_to_go_on(Workspace(workspace), train=switches["train"])
        words = (f"workspace={quote(target)}", *_links(switches)) if goes_on else ()
        return Asked(workspace, words, display, **switches)
    _check_scene(line, given)
    run = [word for word in words if word == line.path or word.partition("=")[0] not in OWN]
    return Asked(None, (*run, *_links(switches)), display, **switches)


def _links(switches: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the word that lets the run, too, write through links."""
    return ("links=true",) if switches["links"] else ()


def _is_workspace(target: str) -> bool:
    """Tell a workspace, finished or not, from scenes, which are files or folders of files."""
    return bool(target) and any(
        (Path(target).expanduser() / name).is_file() for name in ("manifest.json", "config.yaml")
    )


def _is_to_go_on(workspace: Workspace, *, train: bool) -> bool:
    """Tell whether stages are missing: the maps, or what is trained, unless another process makes it just now."""
    if not workspace.ready:
        return bool(workspace.unfinished)
    return train and bool(workspace.unfinished) and not workspace.is_being_made


def _refuse_other_options(line: Line, given: dict[str, str]) -> None:
    unknown = [*line.flags, *(key for key in given if key not in ("workspace", *OWN))]
    if unknown or len(given) < len(line.overrides):
        raise ConfigError(
            "rsgraph label takes WORKSPACE, display=..., read_only=true, train=false and links=true; other options "
            f"are those of `rsgraph run`. Got {' '.join(unknown)}."
        )


def _check_scene(line: Line, given: dict[str, str]) -> None:
    """Check that there is something to read."""
    if line.path is not None and not Path(line.path).expanduser().exists():
        from rsgraph.io.absent import missing

        raise missing(Path(line.path), "give a workspace that `rsgraph run` made, or the path of a scene.")
    if line.path is None and not any(name in given for name in _SCENES):
        what = f"{given['workspace']} is no workspace" if "workspace" in given else "which workspace or scene?"
        raise ConfigError(f"{what}; type `rsgraph label WORKSPACE` or `rsgraph label SCENE`")


def _switch(given: dict[str, str], name: str, usual: bool) -> bool:
    text = given.get(name, str(usual).lower())
    if text not in ("true", "false"):
        raise ConfigError(f"`{name}` must be true or false. Got {text} instead.")
    return text == "true"


def _display(text: str) -> str | list[str]:
    return [name.strip() for name in text.strip("[]").split(",")] if "," in text else text
