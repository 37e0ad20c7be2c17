"""Configs: their folder, paths quoted for Hydra, what is refused, what was typed, what Hydra's errors mean."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsgraph.errors import ConfigError
from rsgraph.registry import installed

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from hydra.plugins.config_source import ConfigSource

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


def quote(value: str, *, literal: bool = True) -> str:
    r"""Quote a string for Hydra's override grammar, so that it comes back exactly.

    Parameters
    ----------
    value
        The string.
    literal
        Whether ``${...}`` means these characters; else it is an interpolation, unless a backslash stands before it.

    Examples
    --------
    >>> quote("it's (Raw), a=b")
    "'it\\'s (Raw), a=b'"
    """
    # in a quoted value a backslash only has meaning before a quote (or at the end), and OmegaConf reads ${
    escaped = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", value)
    escaped = re.sub(r"(\\+)$", lambda found: found[1] * 2, escaped)
    if literal:
        escaped = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", escaped)
    return f"'{escaped}'"


def interpolations(text: str) -> list[tuple[int, int]]:
    r"""Return where the interpolations of a text begin and end, the outermost where they stand in each other.

    One before which an odd number of backslashes stands is none, and one that is not closed neither.

    Examples
    --------
    >>> [text[first:end] for text in ["a/${b.${c}}-\\${d}"] for first, end in interpolations(text)]
    ['${b.${c}}']
    """
    found, first = [], text.find("${")
    while first >= 0:
        before = len(text[:first]) - len(text[:first].rstrip("\\"))
        end = _closed(text, first) if before % 2 == 0 else None
        if end is not None:
            found.append((first, end))
        first = text.find("${", end or first + 2)
    return found


def _closed(text: str, first: int) -> int | None:
    """Return the end of the interpolation that begins at ``first``; None where its brace is not closed."""
    depth = 0
    for place in range(first + 1, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return None


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

    from rsgraph.own_files.plain_yaml import read_yaml

    for path in _yaml_files(folder):
        try:
            content = read_yaml(path)
        except (yaml.YAMLError, ValueError, OSError) as error:
            raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
        try:
            refuse_targets(content)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error


def _yaml_files(folder: Path) -> list[Path]:
    """Return the files that Hydra may load from a folder, those in linked folders, too, in which it looks as well."""
    entered: set[str] = set()
    found = []
    for place, folders, names in os.walk(folder, followlinks=True):
        if os.path.realpath(place) in entered:
            folders.clear()
            continue
        entered.add(os.path.realpath(place))
        found += [Path(place, name) for name in names if name.endswith((".yaml", ".yml"))]
    return sorted(found)


def explain(error: Exception) -> str | None:
    """Turn an error of Hydra or OmegaConf into one sentence that lists the choices, or None for any other."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return _explain_missing(error)
    if isinstance(error, OverrideParseException):
        text = str(error).partition("See https://")[0]
        return f"could not read '{error.override}': {' '.join(text.split())}; write option=value"
    if isinstance(error, InterpolationResolutionError):
        return _explain_interpolation(error)
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _explain_key(error) or " ".join(str(error).split())
    return None


def _explain_interpolation(error: Any) -> str:
    """Say which option interpolates what is not there; OmegaConf calls options nodes, and names them last."""
    why = " ".join(str(error).partition("full_key:")[0].split()).rstrip(".")
    return (
        f"{error.full_key or 'an option'}: {why}; ${{graph.k}} stands for the value of an option that "
        "`rsgraph run --cfg job` prints, \\${graph.k} for these characters"
    )


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


@dataclass(frozen=True)
class Typed:
    """What a command line says.

    Parameters
    ----------
    options
        Names of the options that were typed: ``graph.k``, ``gnn`` for a component chosen by name.
    experiments
        Experiments that were chosen by name.
    by_experiments
        Options that these set.
    written_for
        Each of them -> the components, by kind, that it was written for: those that its experiment chooses, else
        those of the plain defaults.
    """

    options: Collection[str]
    experiments: tuple[str, ...] = ()
    by_experiments: Collection[str] = ()
    written_for: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def parse_overrides(overrides: Sequence[str]) -> list[Override]:
    """Take overrides apart by Hydra's grammar."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_overrides(list(overrides))


def typed_options(overrides: Sequence[str], sources: Sequence[ConfigSource], *, main: str = "run") -> Typed:
    """Return which options a command line sets, by themselves and through the experiments that it chooses.

    Parameters
    ----------
    overrides
        Of one run: ``graph.k=4``, ``gnn=gat``, ``experiment=[patel2023,laptop]``.
    sources
        Where Hydra finds configs: ``conf/``, the folders of ``--config-dir``, packages.
    main
        Name of the config that holds the plain defaults.
    """
    parsed = [each for each in parse_overrides(overrides) if not each.is_hydra_override()]
    chosen = next((each.value() for each in reversed(parsed) if each.key_or_group == "experiment"), None)
    names = tuple(str(name) for name in (chosen if isinstance(chosen, list) else [chosen]) if name is not None)
    options = {each.key_or_group for each in parsed} - {"experiment"}
    written_for: dict[str, Mapping[str, str]] = {}
    usual = _usual(main, sources) if names else {}
    for name in names:
        written_for |= _set_by("experiment", name, sources, dict(usual))
    return Typed(frozenset(options), names, frozenset(written_for), written_for)


def _usual(main: str, sources: Sequence[ConfigSource]) -> dict[str, str]:
    """Return the components of the plain defaults by kind."""
    source = next((each for each in sources if each.is_config(main)), None)
    content: Any = source.load_config(main).config if source else None
    entries = content.get("defaults", ()) if isinstance(content, Mapping) else ()
    return {str(kind): str(name) for entry in entries if isinstance(entry, Mapping) for kind, name in entry.items()}


def _set_by(
    group: str, name: str, sources: Sequence[ConfigSource], components: dict[str, str]
) -> dict[str, Mapping[str, str]]:
    """Return what a choice sets: its group, or where the file is about the whole config, all that stands in it.

    Parameters
    ----------
    group, name
        Of the file.
    sources
        Where it is looked for.
    components
        By kind, before it is read; what it chooses is entered here.

    Returns
    -------
    dict
        Option -> the components that it was written for.
    """
    source = next((each for each in sources if each.is_config(f"{group}/{name}")), None)
    loaded = source.load_config(f"{group}/{name}") if source else None
    if loaded is None or loaded.header["package"] != "_global_" or not isinstance(loaded.config, Mapping):
        components[group] = name
        return {group: dict(components)}
    content = {str(key): value for key, value in loaded.config.items()}
    found: dict[str, Mapping[str, str]] = {}
    for entry in content.pop("defaults", ()):
        for where, choice in entry.items() if isinstance(entry, Mapping) else [("", entry)]:
            if choice not in ("_self_", None):
                found |= _set_by(*_place(group, str(where), str(choice)), sources, components)
    own = {option: dict(components) for option in flatten(content) if not option.startswith("hydra.")}
    return found | own


def _place(group: str, where: str, choice: str) -> tuple[str, str]:
    """Return group and name of an entry of a defaults list: ``override /gnn: gat``, or ``laptop`` of its group."""
    where = where.removeprefix("override ").strip().partition("@")[0]
    path = f"{where}/{choice}" if where else choice
    place, _, name = (path if path.startswith("/") else f"{group}/{path}").strip("/").rpartition("/")
    return place, name
