"""Hydra's own settings: of those in configs that are loaded, parameters of sweeps and counts are taken, no more.

Hydra's own settings set variables of the environment, make folders, open log files and name classes. A config may
come from a stranger, so of all that only what the command line says itself is taken.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.plugins.config_source import ConfigLoadError
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, flag_override

from rsgraph.config import config_folder, plugin_search_path, quote, refuse_targets
from rsgraph.errors import ConfigError
from rsgraph.own_files.names import is_relative_name

_LOGGING = {"version": 1, "root": None, "disable_existing_loggers": False}
_OURS: dict[str, Any] = {
    "hydra.run.dir": ".",
    "hydra.sweep.dir": "workspaces/sweep",
    "hydra.sweep.subdir": ".",
    "hydra.output_subdir": None,
    "hydra.callbacks": {},
    "hydra.job_logging": _LOGGING,
    "hydra.hydra_logging": _LOGGING,
    "hydra.verbose": False,
    "hydra.job.chdir": False,
    "hydra.job.env_set": {},
    "hydra.job.env_copy": [],
}
"""As ``conf/command_line.yaml`` has them."""

_FOLDERS = ("workspace", "folder", "cache.path")
"""Options that say where is written."""

_TYPED = {"tracking.uri": (None, "none"), "executor.address": (None,), "links": (None, False)}
"""Options that name servers and stores, or let links be followed, and what a file may say of them."""


class OwnSettings(ConfigLoaderImpl):
    """Loads configs, and puts Hydra's settings back to ours, unless they were typed; workers are sent it, too."""

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Compose a config; Raises, as Hydra's own, and ConfigError where it names an import or a place."""
        config = super().load_configuration(config_name, overrides, run_mode, from_shell, validate_sweep_overrides)
        _refuse(config)
        _refuse_places(config, overrides)
        return with_own_settings(config, overrides)


def with_own_settings(config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """Put Hydra's settings in a composed config back to ours.

    Parameters
    ----------
    config
        As composed; it is changed.
    overrides
        As typed: those of Hydra's settings hold.

    Raises
    ------
    ConfigError
        A launcher or sweeper that is not installed.
    """
    hydra = config.hydra
    typed = [each for each in OverridesParser.create().parse_overrides(list(overrides)) if each.is_hydra_override()]
    with flag_override(config, ["struct", "readonly"], False):
        for name, value in _OURS.items():
            OmegaConf.update(config, name, value, merge=False)
        for plugin in ("launcher", "sweeper"):
            hydra[plugin] = _counts(plugin, str(hydra.runtime.choices[f"hydra/{plugin}"]), hydra[plugin])
        for each in typed:
            if "/" not in each.key_or_group and not each.is_delete() and not each.is_sweep_override():
                OmegaConf.update(config, each.key_or_group, each.value(), merge=True, force_add=True)
    return config


def _counts(plugin: str, choice: str, composed: Any) -> DictConfig:
    """Return the settings of an installed launcher or sweeper, with the counts and parameters of a config."""
    try:
        node: Any = ConfigStore.instance().load(f"hydra/{plugin}/{choice}.yaml").node
    except ConfigLoadError as error:
        raise ConfigError(f"hydra/{plugin}={choice} is not installed; leave it out") from error
    found: DictConfig = OmegaConf.structured(node) if not isinstance(node, DictConfig) else node.copy()
    written: Any = OmegaConf.to_container(composed, resolve=False)
    with flag_override(found, ["struct", "readonly"], False):
        for name, value in written.items():
            if name == "params" or (isinstance(value, int) and not isinstance(value, bool)):
                found[name] = value
    return found


def _refuse_places(config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse a config that would write elsewhere than below the current folder, or talk to a server, unless typed.

    Packages that are installed run code anyway: what their configs say is taken.
    """
    if _all_installed(config):
        return
    typed = {each.key_or_group for each in OverridesParser.create().parse_overrides(list(overrides))}
    swept: Any = OmegaConf.to_container(config.hydra.sweeper, resolve=False)
    params = {str(name): str(values) for name, values in (swept.get("params") or {}).items()}
    for name in (*_FOLDERS, *_TYPED):
        if name in typed or name.partition(".")[0] in typed:
            continue
        value = OmegaConf.select(config, name)
        fits = value in _TYPED[name] if name in _TYPED else value is None or _is_below(value)
        if name in params:
            raise ConfigError(_not_taken(name, params[name], f"{name}={params[name]}"))
        if not fits:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            raise ConfigError(_not_taken(name, text, f"{name}={text if _PLAIN.fullmatch(text) else quote(text)}"))


_PLAIN = re.compile(r"[\w./:@~+-]+")
_SHOWN, _LONGEST = 80, 200


def _not_taken(name: str, value: str, typed: str) -> str:
    """Say that a file does not decide an option, and what to type instead, ready for a shell."""
    typed = shlex.quote(typed) if len(typed) <= _LONGEST and typed.isprintable() else f"{name}=..."
    return (
        f"'{name}' is {' '.join(value.split())[:_SHOWN]} in a config that is loaded, which may name folders below "
        f"the current one, and no server; if you want that, type it yourself: {typed}"
    )


def _all_installed(config: DictConfig) -> bool:
    """Tell whether all places in which configs were looked for are those of installed packages."""
    ours = f"file://{config_folder().resolve()}"
    known = {ours, *plugin_search_path(), "pkg://hydra.conf", "structured://"}
    return {f"{each.schema}://{each.path}" for each in config.hydra.runtime.config_sources} <= known


def _is_below(folder: object) -> bool:
    text = str(folder).rstrip("/")
    return is_relative_name(text) and not text.startswith("~") and ":" not in text


def _refuse(config: DictConfig) -> None:
    """Refuse a config that could name an import; as launcher and sweeper Hydra takes only installed plugins."""
    found: Any = OmegaConf.to_container(config, resolve=False)
    for plugin in ("launcher", "sweeper"):
        (found["hydra"].get(plugin) or {}).pop("_target_", None)
    refuse_targets(found)
