"""Configs: where they are, how a path is quoted for Hydra, what is refused, and what Hydra's errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rsgraph.errors import ConfigError
from rsgraph.registry import installed

_PACKAGE = Path(__file__).resolve().parent


def config_folder() -> Path:
    """Return the folder of configs: inside the wheel, or beside the package in a checkout."""
    places = (_PACKAGE / "conf", _PACKAGE.parent / "conf")
    found = next((place for place in places if (place / "run.yaml").is_file()), None)
    if found is None:
        raise ConfigError(f"rsgraph's configs are missing (looked in {places[0]} and {places[1]}); install it again")
    return found


def plugin_search_path() -> list[str]:
    """Return the config packages that installed plugins declare (entry point group ``rsgraph.conf``)."""
    return sorted(f"pkg://{point.value}" for point in installed("rsgraph.conf"))


def register_search_path() -> None:
    """Let Hydra find the configs of plugin packages."""
    from hydra.core.config_search_path import ConfigSearchPath
    from hydra.core.plugins import Plugins
    from hydra.plugins.search_path_plugin import SearchPathPlugin

    class PluginConfigs(SearchPathPlugin):
        """Append the config packages of installed plugins."""

        def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
            for place in plugin_search_path():
                search_path.append(provider="rsgraph-plugin", path=place)

    Plugins.instance().register(PluginConfigs)


def quote(value: str) -> str:
    r"""Quote a string for Hydra's override grammar, so that it comes back exactly.

    Examples
    --------
    >>> quote("it's (Raw), a=b")
    "'it\\'s (Raw), a=b'"
    """
    # in a quoted value a backslash only has meaning before a quote (or at the end), and OmegaConf reads ${
    escaped = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", value)
    escaped = re.sub(r"(\\+)$", lambda found: found[1] * 2, escaped)
    escaped = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", escaped)
    return f"'{escaped}'"


def refuse_targets(config: Any, place: str = "") -> None:
    """Refuse a free ``_target_`` anywhere in a config: it could name any import.

    Raises
    ------
    ConfigError
        Naming the key.
    """
    for key, value in _items(config):
        here = f"{place}.{key}" if place else str(key)
        if key == "_target_":
            raise ConfigError(
                f"'{here}' is refused: a config must not name an import; choose a component by its registered name "
                "(`rsgraph components` lists them)"
            )
        refuse_targets(value, here)


def _items(config: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(config, Mapping):
        yield from config.items()
    elif isinstance(config, list | tuple):
        yield from enumerate(config)


def refuse_targets_in_folder(folder: Path) -> None:
    """Refuse a folder of configs (``--config-dir``) in which any file holds a ``_target_``."""
    import yaml

    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
        try:
            refuse_targets(content)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error


def explain(error: Exception) -> str | None:
    """Turn an error of Hydra or OmegaConf into one sentence that lists the choices, or None for any other."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return _explain_missing(error)
    if isinstance(error, OverrideParseException):
        told = str(error).partition("See https://")[0]
        return f"could not read '{error.override}': {' '.join(told.split())}; write option=value"
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _explain_key(error) or " ".join(str(error).split())
    return None


def _explain_missing(error: Any) -> str:
    kind, _, name = str(error.missing_cfg_file or "").rpartition("/")
    choices = ", ".join(sorted(option for option in error.options or () if option != "null"))
    if not kind or not choices:
        return " ".join(str(error).split())
    return f"unknown {kind} '{name}'; choose one of: {choices}"


def _explain_key(error: Exception) -> str | None:
    cause = error.__cause__ or error
    key = getattr(cause, "full_key", None)
    parent = getattr(cause, "parent_node", None)
    if not key or not isinstance(parent, Mapping) or "not in struct" not in str(cause):
        return None
    choices = ", ".join(str(choice) for choice in parent if choice != "hydra")
    return f"unknown option '{key}'; choose one of: {choices}"


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to ``section.key`` -> value."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat
