"""``rsgraph <verb> [path] [overrides]``: reads the command line and calls the rooms below. No science.

Every error that a user can cause ends in one sentence and exit code 2; Ctrl-C ends in 130, and the same command
goes on where it was.
"""

from __future__ import annotations

import _thread
import atexit
import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from rsgraph import __version__
from rsgraph.config import (
    config_folder,
    explain,
    quote,
    refuse_targets,
    refuse_targets_in_folder,
    register_search_path,
)
from rsgraph.console import fail, say
from rsgraph.errors import ConfigError, NotInstalled, NotReadable, RsgraphError

USAGE = """\
rsgraph turns an unlabelled Sentinel-2 scene into something an expert can label in minutes.

  rsgraph run PATH [option=value ...]     all stages on a scene: file, folder, SAFE, zip; or on a folder of scenes
  rsgraph label WORKSPACE                 brush and label in napari; display=false_colour, read_only=true
  rsgraph export WORKSPACE                GeoTIFF; exporter=geopackage, geojson, coco, training, stac ...
  rsgraph evaluate WORKSPACE              tables of how good it is; reference=landcover.tif
  rsgraph components                      everything that can be chosen by name

  rsgraph run --help                      the options; rsgraph run --cfg job prints them all
  rsgraph run 'data.path=[a.tif,b.tif]'   several scenes as one collection: one model, one map over all
  rsgraph run PATH experiment=laptop      a quick look (narrow network, few epochs)
  rsgraph run PATH -m graph.k=4,8,12      a sweep; what does not change is computed once
"""

_WITH_VALUE = {
    "--config-dir",
    "-cd",
    "--config-path",
    "-cp",
    "--config-name",
    "-cn",
    "--cfg",
    "-c",
    "--package",
    "-p",
    "--info",
    "-i",
}
_PATHS = ("data.path", "workspace", "model.from", "cache.path", "tracking.uri", "folder", "selection", "reference")
_PRINTS = {"--help", "-h", "--hydra-help", "--version", "--cfg", "-c", "--info", "-i"}
_FOLDERS = ("--config-dir", "-cd", "--config-path", "-cp")
_OVERRIDE = re.compile(r"^[~+]{0,2}[\w./@:-]+(=|$)")
_CALLBACK = "rsgraph.tracking.SweepCallback"


class Line(NamedTuple):
    """A command line, taken apart: the positional path, Hydra's flags, the overrides."""

    path: str | None
    flags: list[str]
    overrides: list[str]

    @property
    def multirun(self) -> bool:
        """Whether it asks for a sweep."""
        return bool({"-m", "--multirun"} & set(self.flags))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb; exit with 0, with 2 for an error of the user's, with 130 after Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _interrupts_that_last():
            _dispatch(words)
    except KeyboardInterrupt:
        fail("interrupted; nothing is lost: the same command goes on where this one stopped")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except RsgraphError as error:
        fail(str(error))
        sys.exit(2)


@contextmanager
def _interrupts_that_last() -> Iterator[None]:
    """Raise Ctrl-C again, a moment later, where it came in the middle of a destructor: Python drops it there."""
    before = sys.unraisablehook

    def again(swallowed: sys.UnraisableHookArgs) -> None:
        if issubclass(swallowed.exc_type, KeyboardInterrupt):
            threading.Timer(0.05, _thread.interrupt_main).start()
        else:
            before(swallowed)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _dispatch(words: list[str]) -> None:
    verb = words[0] if words else "--help"
    if verb in ("components", "label") and {"-h", "--help"} & set(words[1:]):
        verb = "--help"
    if verb in ("-h", "--help", "help"):
        say(USAGE)
    elif verb == "--version":
        say(f"rsgraph {__version__}")
    elif verb in VERBS:
        VERBS[verb](words[1:])
    else:
        raise ConfigError(f"unknown verb '{verb}'; choose one of: {', '.join(VERBS)}")


def split_line(words: Sequence[str], *, verb: str) -> Line:
    """Take a command line apart.

    The first word that is no flag is the path if it exists on disk, or if it does not look like an override.
    Raises ConfigError for a second path.
    """
    path: str | None = None
    flags: list[str] = []
    overrides: list[str] = []
    waiting = False
    for word in _flags_apart(words):
        if waiting or (word.startswith("-") and not Path(word).exists()):
            flags.append(word)
            waiting = not waiting and word in _WITH_VALUE
        elif path is None and (Path(word).exists() or not _OVERRIDE.match(word) or "=" not in word):
            path = word
        elif "=" in word or word.startswith("~"):
            overrides.append(_quoted(word))
        else:
            several = f", or give several scenes as 'data.path=[{path},{word}]'" if verb == "run" else ""
            raise ConfigError(
                f"rsgraph {verb} takes one path, but got '{path}' and '{word}'; quote a path that has spaces in it"
                f"{several}"
            )
    return Line(path, flags, overrides)


def _flags_apart(words: Sequence[str]) -> list[str]:
    """Write ``--config-dir=X`` as two words, so that it is seen."""
    apart: list[str] = []
    for word in words:
        flag, equals, value = word.partition("=")
        apart.extend([flag, value] if equals and flag in _WITH_VALUE else [word])
    return apart


def _quoted(override: str) -> str:
    """Quote the value of an override that is a path, unless it is quoted, null, or several paths of a sweep.

    In a list of paths each is quoted. A name that has a comma in it must be quoted by the user.
    """
    key, _, value = override.partition("=")
    plain = re.fullmatch(r"[\w./,~+-]*", value) or value[:1] in ("'", '"')
    if key not in _PATHS or plain:
        return override
    listed = re.fullmatch(r"\[([^'\"\[\]]*)\]", value)
    if listed:
        return f"{key}=[{','.join(quote(path.strip()) for path in listed[1].split(',') if path.strip())}]"
    return override if value.startswith("[") else f"{key}={quote(value)}"


def _run(words: list[str]) -> None:
    line = split_line(words, verb="run")
    if line.path is not None:
        line.overrides.insert(0, f"data.path={quote(line.path)}")
    _hydra("run", line, _run_job)


_SHARED = "RSGRAPH_SWEEP_SHARED"
"""Tells the workers of a sweep which overrides the user typed, so that points are named by what differs."""

_failed: list[RsgraphError] = []
"""Why a single run failed: kept from Hydra, which would print more than one sentence."""


def _run_job(config: Any) -> None:
    """Run the pipeline on one composed config; in a sweep this is called in the workers."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from rsgraph.run.paths import point_name
    from rsgraph.run.runner import run

    hydra = HydraConfig.get()
    sweep = hydra.mode == RunMode.MULTIRUN
    shared = json.loads(os.environ.get(_SHARED, "[]"))
    point = Path(hydra.sweep.dir) / point_name(list(hydra.overrides.task), shared) if sweep else None
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    try:
        run({str(key): value for key, value in plain.items()}, point=point)
    except RsgraphError as error:
        if sweep:
            raise
        _failed.append(error)


def _export(words: list[str]) -> None:
    _of_workspace("export", words, "rsgraph.exporters.export")


def _evaluate(words: list[str]) -> None:
    _of_workspace("evaluate", words, "rsgraph.evaluate.evaluate")


def _of_workspace(verb: str, words: list[str], place: str) -> None:
    """Do what takes a workspace: the module at ``place`` has a function of the verb's name, ``conf/`` its options."""
    line = split_line(words, verb=verb)
    if line.path is not None:
        line.overrides.insert(0, f"workspace={quote(line.path)}")

    def job(config: Any) -> None:
        from omegaconf import OmegaConf

        plain = OmegaConf.to_container(config, resolve=True)
        assert isinstance(plain, dict)
        try:
            getattr(import_module(place), verb)({str(key): value for key, value in plain.items()})
        except RsgraphError as error:
            _failed.append(error)

    _hydra(verb, line, job)


def _hydra(name: str, line: Line, job: Callable[[Any], None]) -> None:
    """Hand the line to Hydra, after looking at the config that it would compose."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach us whole; we tell them in one sentence
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    register_search_path()
    for flag, value in zip(line.flags, line.flags[1:], strict=False):
        if flag in _FOLDERS and not Path(value).is_dir():
            raise ConfigError(f"{flag} {value} is not a folder; give one that holds configs")
        if flag in _FOLDERS:
            refuse_targets_in_folder(Path(value))
    status = "FAILED"
    try:
        config = None if _PRINTS & set(line.flags) else _preview(name, line)
        extra = _sweep_folder(name, config) if line.multirun else []
        if line.multirun and line.path is not None and not Path(line.path).expanduser().exists():
            raise NotReadable(f"{line.path} does not exist; check the path for typing errors.")
        os.environ[_SHARED] = json.dumps(_shared([*line.overrides, *extra]))
        sys.argv = [sys.argv[0], *line.flags, *line.overrides, *extra]
        hydra.main(version_base="1.3", config_path=str(config_folder()), config_name=name)(job)()
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    except (HydraException, OmegaConfBaseException) as error:
        told = explain(error)
        raise ConfigError(told or str(error)) from error
    finally:
        if line.multirun:
            from rsgraph.tracking import end_sweep

            end_sweep(status)
    _raise_failed()


def _raise_failed() -> None:
    """Tell why runs failed: all but the last here, the last as the end of the command."""
    failed = list(_failed)
    _failed.clear()
    for error in failed[:-1]:
        fail(str(error))
    if failed:
        raise failed[-1]


def _shared(overrides: list[str]) -> list[str]:
    """Return the options that have one value for all points of a sweep."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_overrides(overrides)
    return [str(each.key_or_group) for each in parsed if not each.is_sweep_override()]


def _preview(name: str, line: Line) -> Any:
    """Compose the config without acting on it. Raises ConfigError where it could name an import."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    search_path = create_config_search_path(str(config_folder()))
    for flag, value in zip(line.flags, line.flags[1:], strict=False):
        if flag in ("--config-name", "-cn"):
            name = value
        if flag in ("--config-dir", "-cd"):
            search_path.prepend(provider="command-line", path=f"file://{Path(value).resolve()}")
    loader = ConfigLoaderImpl(config_search_path=search_path)
    try:
        config = loader.load_configuration(name, list(line.overrides), run_mode=RunMode.MULTIRUN)
    except ValueError as error:  # gnn=null, for instance
        suspects = ", ".join(text for text in line.overrides if text.endswith("=null")) or " ".join(line.overrides)
        told = " ".join(str(error).split())
        raise ConfigError(f"{suspects}: {told}; `rsgraph components` lists what may stand there") from error
    plain = OmegaConf.to_container(config, resolve=False)
    assert isinstance(plain, dict)
    _refuse(plain)
    return config


def _refuse(plain: dict[Any, Any]) -> None:
    """Refuse imports in the config, and in Hydra's own section all but the three that are known."""
    hydra = dict(plain.get("hydra") or {})
    callbacks = dict(hydra.pop("callbacks", None) or {})
    sweep = dict(callbacks.pop("sweep", None) or {})
    for known in ("launcher", "sweeper"):  # Hydra itself only takes installed plugins here
        (hydra.get(known) or {}).pop("_target_", None)
    if sweep.pop("_target_", _CALLBACK) != _CALLBACK:
        raise ConfigError("'hydra.callbacks.sweep._target_' is refused: a config must not name an import")
    refuse_targets({**plain, "hydra": {**hydra, "callbacks": {**callbacks, "sweep": sweep}}})


def _passing_folder() -> Path:
    """Return a folder that is gone when this process ends."""
    folder = tempfile.mkdtemp(prefix="rsgraph-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _sweep_folder(name: str, config: Any) -> list[str]:
    """Return the override that tells Hydra where a sweep's points go: what takes a workspace writes into that."""
    from rsgraph.run.paths import sweep_folder

    place = sweep_folder(config.workspace, config.data.path) if name == "run" else _passing_folder()
    return [f"hydra.sweep.dir={quote(str(place))}"]


def _label(words: list[str]) -> None:
    """Open napari on a workspace. The viewer is its own distribution, so that servers need no Qt."""
    line = split_line(words, verb="label")
    options = _label_options(line)
    if find_spec("napari_rsgraph") is None:
        raise NotInstalled(
            "`rsgraph label` opens napari through the package napari-rsgraph, which is not installed: "
            "`pip install ./plugins/napari-rsgraph[pyside6]` in the checkout of rsgraph"
        )
    import_module("napari_rsgraph.launch").label(Path(options.pop("workspace")).expanduser(), **options)


def _label_options(line: Line) -> dict[str, Any]:
    """Read workspace, display and read_only. Raises ConfigError for anything else."""
    given = dict(override.split("=", 1) for override in line.overrides if "=" in override)
    if line.path is not None:
        given["workspace"] = line.path
    unknown = [*line.flags, *(key for key in given if key not in ("workspace", "display", "read_only"))]
    if unknown or len(given) < len(line.overrides):
        raise ConfigError(f"rsgraph label takes WORKSPACE, display=... and read_only=true. Got {' '.join(unknown)}.")
    if "workspace" not in given:
        raise ConfigError("which workspace? type `rsgraph label WORKSPACE`")
    if given.get("read_only", "false") not in ("true", "false"):
        raise ConfigError(f"`read_only` must be true or false. Got {given['read_only']} instead.")
    display = given.get("display", "auto")
    return {
        "workspace": given["workspace"].strip("'\""),
        "display": [name.strip() for name in display.strip("[]").split(",")] if "," in display else display,
        "read_only": given.get("read_only") == "true",
    }


def _components(words: list[str]) -> None:
    from rsgraph.components import KINDS, registry

    if words:
        raise ConfigError(f"rsgraph components takes no arguments. Got {' '.join(words)} instead.")
    for kind in KINDS:
        names = registry(kind)
        say(f"{kind}")
        for name in names:
            say(f"  {name:<20} {names.describe(name)}")


VERBS: dict[str, Callable[[list[str]], None]] = {
    "run": _run,
    "label": _label,
    "export": _export,
    "evaluate": _evaluate,
    "components": _components,
}
