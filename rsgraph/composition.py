"""Configs composed by Hydra from ``conf/`` and a command line, and what a verb does with each: one, or a sweep's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import hydra
from hydra._internal.callbacks import Callbacks  # a HydraContext holds them, and nothing public makes them
from hydra._internal.utils import get_args_parser
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, run_job
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from rsgraph.command_line import PATHS, Line
from rsgraph.config import (
    config_folder,
    explain,
    parse_overrides,
    plugin_search_path,
    quote,
    refuse_targets_in_folder,
    typed_options,
)
from rsgraph.console import fail, note
from rsgraph.errors import ConfigError, RsgraphError
from rsgraph.files import expanded
from rsgraph.hydra_settings import OwnSettings

if TYPE_CHECKING:
    from rsgraph.run.paths import SweepPlace

PRINTS = {"--help", "-h", "--hydra-help", "--version", "--cfg", "-c", "--info", "-i", "--shell-completion", "-sc"}
"""Flags that make Hydra print something, and do no work."""

_ADDED, _MAIN, _NAME = ("--config-dir", "-cd"), ("--config-path", "-cp"), ("--config-name", "-cn")
_KNOWN = {*_ADDED, *_MAIN, *_NAME, "--multirun", "-m", "--run", "-r"}

_PLACES = {"run": "rsgraph.run.runner", "export": "rsgraph.exporters.export", "evaluate": "rsgraph.evaluate.evaluate"}
"""Verb -> the module that has a function of its name."""


class AddedConfigs(SearchPathPlugin):
    """Lets Hydra find the configs of installed packages and those in the user's ``--config-dir``."""

    folders: ClassVar[Sequence[str]] = ()

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append them."""
        for place in (*plugin_search_path(), *self.folders):
            search_path.append(provider="rsgraph", path=place)


@dataclass(frozen=True)
class Job:
    """What a verb does with one composed config; in a sweep, workers are sent it.

    Parameters
    ----------
    verb
        ``run``, ``export`` or ``evaluate``.
    sources
        Where configs are found.
    sweep
        Where a sweep of runs goes; None for all else.
    shared
        Options of which the user gave one value for the whole sweep.
    """

    verb: str
    sources: Sequence[ConfigSource]
    sweep: SweepPlace | None = None
    shared: Sequence[str] = ()

    def __call__(self, config: DictConfig) -> RsgraphError | None:
        """Do it. An error of the user's is returned: Hydra would print more than its sentence."""
        verb = getattr(import_module(_PLACES[self.verb]), self.verb)
        try:
            with one_sentence():
                options = plain(config)
            verb(options, **self._run_options(options["workspace"])) if self.verb == "run" else verb(options)
        except RsgraphError as error:
            return error
        return None

    def _run_options(self, workspace: str | None) -> dict[str, Any]:
        """Return where a point's workspace is, and which options the user typed."""
        about = HydraConfig.get()
        overrides = _as_typed(about.overrides.task)
        point = self.sweep.point(workspace, overrides, self.shared) if self.sweep else None
        return {
            "point": point,
            "typed": typed_options(overrides, self.sources, main=about.job.config_name or self.verb),
        }


def show(verb: str, line: Line) -> None:
    """Let Hydra print what was asked for: the options, the config, a help page.

    It is done as Hydra's own ``main`` does it, but with our loader: a page of help composes the config, too, and sets
    up the logging that it asks for.

    Raises
    ------
    ConfigError
        An option or a flag does not exist, or several things are to be printed.
    """
    _add_folders(line)
    parser = get_args_parser()
    asked = parser.parse_args([*line.flags, *line.overrides])
    with _loading(line):
        printer, name = GlobalHydra.instance().hydra, asked.config_name or verb
        assert printer is not None
        printed = (asked.cfg, asked.info, asked.shell_completion, asked.multirun, asked.run)
        if asked.help:
            printer.app_help(config_name=name, args_parser=parser, args=asked)
        elif asked.hydra_help:
            printer.hydra_help(config_name=name, args_parser=parser, args=asked)
        elif sum(map(bool, printed)) != 1:
            raise ConfigError(f"{' '.join(line.flags)} ask for several things at once; give one of these flags")
        elif asked.cfg:
            printer.show_cfg(name, asked.overrides, asked.cfg, asked.package, asked.resolve)
        elif asked.info:
            printer.show_info(asked.info, config_name=name, overrides=asked.overrides)
        else:
            printer.shell_completion(config_name=name, overrides=asked.overrides)


@contextmanager
def _loading(line: Line) -> Iterator[OwnSettings]:
    """Make Hydra ready, and yield what loads its configs; its errors become one sentence."""
    main = Path([str(config_folder()), *line.values(*_MAIN)][-1]).resolve()
    with one_sentence(), hydra.initialize_config_dir(str(main), job_name="rsgraph", version_base="1.3"):
        ready = GlobalHydra.instance().hydra
        assert ready is not None
        loader = ready.config_loader = OwnSettings(ready.config_loader.get_search_path())
        yield loader


@contextmanager
def composed(verb: str, line: Line) -> Iterator[Callable[[], Any]]:
    """Compose the config of a command line; yield what starts the work and returns Hydra's account of it.

    Raises
    ------
    ConfigError
        An option does not exist, or the config could name an import.
    NotReadable
        The path of a sweep does not exist.
    """
    _check_flags(line)
    _add_folders(line)
    with _loading(line) as loader:
        config = _load(loader, [verb, *line.values(*_NAME)][-1], line)
        context = HydraContext(config_loader=loader, callbacks=Callbacks())
        if line.multirun or config.hydra.mode == RunMode.MULTIRUN:
            with _sweep(verb, line, config, context) as start:
                yield start
        else:
            job = Job(verb, loader.get_sources())
            yield partial(run_job, job, config, "hydra.run.dir", None, context)


def _load(loader: ConfigLoader, name: str, line: Line) -> DictConfig:
    try:
        return loader.load_configuration(name, line.overrides, RunMode.MULTIRUN if line.multirun else RunMode.RUN)
    except ValueError as error:  # gnn=null, for instance
        suspects = ", ".join(text for text in line.overrides if text.endswith("=null")) or " ".join(line.overrides)
        why = " ".join(str(error).split())
        raise ConfigError(f"{suspects}: {why}; `rsgraph components` lists what may stand there") from error


@contextmanager
def _sweep(verb: str, line: Line, config: DictConfig, context: HydraContext) -> Iterator[Callable[[], Any]]:
    """Yield what starts a sweep. What takes a workspace writes into that, and needs no folder of points."""
    from rsgraph.io.absent import missing
    from rsgraph.tracking import parent_run

    if line.path is not None and not expanded(line.path).exists():
        raise missing(Path(line.path), "check the path for typing errors.")
    with ExitStack() as passing:
        if verb == "run":
            place = _sweep_place(config)
            folder, task = place.folder, _as_typed(config.hydra.overrides.task)
            name = folder.name or folder.resolve().name
            passing.enter_context(parent_run(plain(config.tracking), name, place.beside, task, shown=place.shown))
            _leave_out(config, line)
        else:
            place = None
            folder = Path(passing.enter_context(tempfile.TemporaryDirectory(prefix="rsgraph-")))
        config.hydra.sweep.dir = str(folder)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quote(str(folder))}")
        shared = [each.key_or_group for each in parse_overrides(line.overrides) if not each.is_sweep_override()]
        job = Job(verb, context.config_loader.get_sources(), place, shared)
        sweeper = Plugins.instance().instantiate_sweeper(config=config, hydra_context=context, task_function=job)
        yield partial(sweeper.sweep, arguments=_as_typed(config.hydra.overrides.task))


def _as_typed(overrides: Any) -> list[str]:
    """Return overrides with their interpolations as they were typed: points have values of their own for them."""
    found: Any = OmegaConf.to_container(overrides, resolve=False) if OmegaConf.is_config(overrides) else overrides
    return list(found)


def _sweep_place(config: DictConfig) -> SweepPlace:
    """Return where a sweep goes; what the same at all points is interpolated here, and remembered for all of them."""
    from rsgraph.run.paths import fixed_part, sweep_place, varying

    written: Any = OmegaConf.to_container(config, resolve=False)
    text = written["workspace"]
    if not isinstance(text, str) or not varying(text):
        return sweep_place(None, config.workspace, config.data.path)
    fixed = fixed_part(text)
    with open_dict(config):
        config["fixed part of workspace"] = fixed
        known = str(config["fixed part of workspace"])
        del config["fixed part of workspace"]
    return sweep_place(known + text[len(fixed) :], None, None)


def _leave_out(config: DictConfig, line: Line) -> None:
    """Sweep no parameter that an experiment sweeps of a component which the user swapped for one that lacks it."""
    swept: Any = config.hydra.sweeper.get("params") or {}
    typed = {each.key_or_group for each in parse_overrides(line.overrides)}
    for option in list(swept):
        kind, _, name = str(option).rpartition(".")
        if kind in typed and isinstance(config.get(kind), DictConfig) and name not in config[kind]:
            with open_dict(swept):
                del swept[option]
            note(f"{option} is not swept: {kind}={config[kind].name} has no such option")


def raise_errors(account: Any) -> None:
    """Tell why work failed, from Hydra's account of it: all but the last here, the last as the end of the command."""
    jobs = [account] if isinstance(account, JobReturn) else [job for batch in account or () for job in batch]
    errors = [job.return_value for job in jobs if job.return_value is not None]
    for error in errors[:-1]:
        fail(str(error))
    if errors:
        raise errors[-1]


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn errors of Hydra into a ConfigError of one sentence."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain(error) or str(error)) from error


def plain(config: DictConfig) -> dict[str, Any]:
    """Return a config as plain dicts, interpolations resolved."""
    found = OmegaConf.to_container(config, resolve=True)
    assert isinstance(found, dict)
    return {str(key): _with_texts(str(key), value) for key, value in found.items()}


def _with_texts(name: str, value: Any) -> Any:
    """Make texts of numbers that stand where a path is wanted: ``workspace='${graph.k}'`` is the folder 8."""
    if isinstance(value, dict):
        return {key: _with_texts(f"{name}.{key}", each) for key, each in value.items()}
    return str(value) if name in PATHS and isinstance(value, int | float) else value


def _check_flags(line: Line) -> None:
    unknown = next((flag for flag in line.flags if flag.startswith("-") and flag not in _KNOWN), None)
    if unknown:
        raise ConfigError(f"unknown flag '{unknown}'; choose one of: {', '.join(sorted(_KNOWN | PRINTS))}")


def _add_folders(line: Line) -> None:
    """Make the folders of configs known that the user names. Raises ConfigError where one is none, or not safe."""
    for value in line.values(*_ADDED, *_MAIN):
        if not Path(value).is_dir():
            flag = line.flags[line.flags.index(value) - 1]
            raise ConfigError(f"{flag} {value} is not a folder; give one that holds configs")
        refuse_targets_in_folder(Path(value))
    AddedConfigs.folders = [f"file://{Path(value).resolve()}" for value in line.values(*_ADDED)]
    Plugins.instance().register(AddedConfigs)
