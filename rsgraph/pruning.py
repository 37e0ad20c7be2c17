"""The verb cache: what the stage cache holds, for which workspaces, and what of it is removed on request.

What is removed costs nothing but the time to make it again: workspaces have their files by names of their own. What a
run at work makes, or takes from here, is left.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsgraph.cache import MODELS, Entry, KnownRun, Place, StageCache
from rsgraph.command_line import split_line
from rsgraph.console import say
from rsgraph.errors import ConfigError, NotThere, WorkspaceError
from rsgraph.files import expanded
from rsgraph.own_files.fields import read_json_object
from rsgraph.run.paths import CACHE, cache_folder
from rsgraph.workspace import Workspace

CACHE_USAGE = """\
rsgraph cache [FOLDER] [option=value ...]        what the stage cache holds, and in which workspaces it is
rsgraph cache prune [FOLDER] option=value ...    removes what all options name; what a run at work needs is left

  FOLDER         a cache, a workspace, or a folder of workspaces; without it those here and in workspaces/

  older=30d      not made or taken for 30 days; 12h, 2w, 90min
  larger=500MB   of more than 500 MB; kB, GB, GiB
  unused=true    in no workspace that is known, and in no run that was interrupted
  keep=20GB      what was used last is kept, as much as fits 20 GB; the rest goes

Labels and workspaces stay as they are: what was removed is computed again when another run needs it.
"""

_OPTIONS = ("older", "larger", "unused", "keep")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"": 1, "b": 1} | {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", start=1)}
_BYTES |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", start=1)}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Criteria:
    """Which entries are meant: those that all of these hold for.

    Parameters
    ----------
    older
        Seconds for which they were not used; None: any.
    larger
        Bytes that they have more than; None: any.
    unused
        Whether only those count that no workspace needs.
    keep
        Bytes that may stay of those that are meant, the ones used last; None: nothing of them stays.
    """

    older: float | None = None
    larger: float | None = None
    unused: bool = False
    keep: float | None = None

    def meant(self, entries: Sequence[Entry], users: Mapping[Place, Collection[str]], now: float) -> list[Entry]:
        """Return the entries that are meant, those used longest ago first.

        Parameters
        ----------
        entries
            Of a cache.
        users
            Names of the workspaces that need each (``users_of``).
        now
            Seconds since 1970.
        """
        found = [
            entry
            for entry in sorted(entries, key=lambda entry: entry.used)
            if (self.older is None or now - entry.used > self.older)
            and (self.larger is None or entry.size > self.larger)
            and not (self.unused and is_used(entry, users))
        ]
        excess = 0.0 if self.keep is None else sum(entry.size for entry in entries) - self.keep
        return found if self.keep is None else _oldest(found, excess)


def _oldest(entries: Sequence[Entry], excess: float) -> list[Entry]:
    """Return the first entries that make up ``excess`` bytes or more, none where that is nothing."""
    found: list[Entry] = []
    for entry in entries:
        if excess <= 0:
            break
        found.append(entry)
        excess -= entry.size
    return found


def is_used(entry: Entry, users: Mapping[Place, Collection[str]]) -> bool:
    """Tell whether a workspace needs an entry: one that is known, or one somewhere that shares its files."""
    return bool(users.get(entry.place)) or (entry.finished and entry.free < entry.size)


def cache(words: Sequence[str]) -> None:
    """Do the verb.

    Parameters
    ----------
    words
        That follow it.

    Raises
    ------
    ConfigError
        An option does not exist or does not fit, or nothing says what is to be removed.
    NotThere
        There is no cache.
    OutputError
        It cannot be written.
    """
    prune = list(words[:1]) == ["prune"]
    line = split_line(words[1:] if prune else words, verb="cache")
    criteria = read_criteria([*line.flags, *line.overrides])
    if prune and criteria == Criteria():
        raise ConfigError(
            "rsgraph cache prune needs to know what to remove; say older=30d, larger=500MB, unused=true or keep=20GB "
            "(without `prune` the same options list what they name; keep=0 is all)"
        )
    if prune and line.path is not None:
        _refuse_named_elsewhere(expanded(line.path))
    for folder in find_caches(line.path):
        (_prune if prune else _list)(StageCache(folder), criteria)


def _refuse_named_elsewhere(workspace: Path) -> None:
    """Refuse to remove from a cache that only a file names: a workspace may come from a stranger."""
    with suppress(WorkspaceError):
        asked = (Workspace(workspace).config.get("cache") or {}).get("path")
        beside = workspace.resolve().parent
        usual = [place / CACHE for place in (beside, beside.parent)]
        if asked and cache_folder(asked, beside).resolve() not in usual:
            raise ConfigError(
                f"{workspace} says that its cache is {str(asked)[:200]}, which is not the one beside it; name that "
                "folder to remove things from there"
            )


def read_criteria(words: Sequence[str]) -> Criteria:
    """Read options. Raises ConfigError for one that does not exist or does not fit."""
    found: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in _OPTIONS:
            raise ConfigError(
                f"rsgraph cache takes FOLDER and {', '.join(f'{each}=...' for each in _OPTIONS)}. Got {word}."
            )
        if name == "unused":
            if value not in ("true", "false"):
                raise ConfigError(f"`unused` must be true or false. Got {value} instead.")
            found[name] = value == "true"
        else:
            found[name] = seconds_of(name, value) if name == "older" else bytes_of(name, value)
    return Criteria(**found)


def seconds_of(name: str, text: str) -> float:
    """Return the seconds that a text such as ``30d`` means; a number by itself counts days. Raises ConfigError."""
    return _quantity(name, text, {**_SECONDS, "": _SECONDS["d"]}, "30d, 12h, 2w or 90min")


def bytes_of(name: str, text: str) -> float:
    """Return the bytes that a text such as ``1.5GB`` means. Raises ConfigError."""
    return _quantity(name, text, _BYTES, "500MB, 20GB or 1GiB")


def _quantity(name: str, text: str, units: Mapping[str, float], usual: str) -> float:
    parts = _NUMBER.fullmatch(text.strip("'\""))
    if parts is None or parts[2].lower() not in units:
        raise ConfigError(
            f"`{name}` must be a number with its unit, such as {usual}. Got {text or 'nothing'} instead."
        )
    return float(parts[1]) * units[parts[2].lower()]


def find_caches(path: str | None) -> list[Path]:
    """Return the caches that a path means: itself, that of a workspace, that of a folder of workspaces.

    Raises
    ------
    NotThere
        There is none.
    """
    if path is None:
        places = [Path(CACHE), Path("workspaces", CACHE)]
    else:
        folder = expanded(path)
        own = [folder] if folder.name == CACHE or StageCache(folder).entries() else []
        places = [*own, *_of_workspace(folder), folder / CACHE]
    found = [place for place in places if place.is_dir()]
    if not found:
        looked = " and ".join(str(place) for place in places)
        raise NotThere(
            f"there is no stage cache (looked for {looked}); name its folder, that of cache.path=..., or the folder "
            "that holds your workspaces"
        )
    return found if path is None else found[:1]


def _of_workspace(folder: Path) -> list[Path]:
    """Return where the cache of a workspace may be: as its options say, else beside it or beside its sweep."""
    with suppress(WorkspaceError):
        asked = (Workspace(folder).config.get("cache") or {}).get("path")
        beside = folder.resolve().parent
        return [cache_folder(asked, place) for place in ((beside,) if asked else (beside, beside.parent))]
    return []


def users_of(stages: StageCache) -> dict[Place, list[str]]:
    """Return what the cache holds -> names of the workspaces that it is in: those that used it, those beside it."""
    found: dict[Place, list[str]] = {}
    known = {run.workspace: run for run in reversed(stages.runs())}
    beside = stages.folder.resolve().parent
    near = [path.parent for pattern in ("*", "*/*") for path in beside.glob(f"{pattern}/manifest.json")]
    for folder in dict.fromkeys([*known, *near]):
        for place in _needed(folder, known.get(folder)):
            found.setdefault(place, []).append(_named(folder, beside))
    return found


def _needed(folder: Path, run: KnownRun | None) -> set[Place]:
    """Return what a workspace was made of, and what its last run makes."""
    found = set(run.places) if run else set()
    with suppress(WorkspaceError, AttributeError, KeyError, TypeError, OSError):  # a manifest of something else
        manifest = read_json_object(folder / "manifest.json")
        found |= {StageCache.place(name, each["key"]) for name, each in manifest.get("stages", {}).items()}
        made = manifest.get("run") or {}
        before = made.get("addition") or {}
        found |= {StageCache.place(name, key) for name, key in before.get("stages", {}).items()}
        models = [each["identity"] for each in (made.get("model"), before.get("model")) if each]
        found |= {StageCache.place(MODELS, identity) for identity in models}
    return found


def _named(folder: Path, beside: Path) -> str:
    return str(folder.relative_to(beside)) if folder.is_relative_to(beside) else str(folder)


def _list(stages: StageCache, criteria: Criteria) -> None:
    """Print a line for each entry that is meant, those used last first."""
    entries, users, now = stages.entries(), users_of(stages), time.time()
    at_work = {place for run in stages.runs() if run.at_work for place in run.places}
    meant = criteria.meant(entries, users, now)[::-1]
    unused = sum(entry.free for entry in entries if not is_used(entry, users))
    count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
    whole, here = sum(each.size for each in entries), sum(each.free for each in entries)
    say(f"{stages.folder}: {count}, {size(whole)}; {size(here)} of it only here, {size(unused)} unused")
    if criteria != Criteria():
        say(f"{len(meant)} of these are meant; without them {size(sum(each.free for each in meant))} more are free")
    if meant:
        say(f"  {'stage':<22}{'size':>9}{'frees':>10}  {'last used':<16}in")
    for entry in meant:
        name = entry.stage if entry.finished else f"{entry.stage} (unfinished)"
        numbers = f"{name:<22}{size(entry.size):>9}{size(entry.free):>10}  {age(now - entry.used):<16}"
        say(f"  {numbers}{_where(entry, users, at_work)}")


def _where(entry: Entry, users: Mapping[Place, Sequence[str]], at_work: Collection[Place]) -> str:
    """Say who needs an entry."""
    names = list(users.get(entry.place, ()))
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if not names:
        shown = "a workspace elsewhere" if is_used(entry, users) else "-"
    return f"{shown}, a run at work" if entry.place in at_work else shown


def _prune(stages: StageCache, criteria: Criteria) -> None:
    """Remove what is meant, and say what is gone."""
    entries, users = stages.entries(), users_of(stages)
    meant = criteria.meant(entries, users, time.time())
    models = [entry for entry in meant if entry.stage == MODELS and users.get(entry.place)]
    removed, kept = stages.remove([entry for entry in meant if entry not in models])
    freed = size(sum(each.free for each in removed))
    say(f"{stages.folder}: removed {len(removed)} of {len(entries)} entries; {freed} are free again")
    if kept:
        say(f"  left: {len(kept)} that a run at work needs")
    if models:
        say(f"  left: {len(models)} of models that workspaces go on with")


def size(number: float) -> str:
    """Return bytes as ``1.2 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 9.95 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def age(seconds: float) -> str:
    """Return how long ago something was, ``3 days ago``."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
