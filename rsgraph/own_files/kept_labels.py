"""The records of labels that wait for new segments, ``labels.before``: which rasters were kept, what was carried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rsgraph.own_files.fields import Fields, read_json_object
from rsgraph.own_files.manifest import check_outputs
from rsgraph.own_files.names import is_file_name
from rsgraph.own_files.scene import check_scene_file


def read_kept(path: Path) -> dict[str, Any]:
    """Read ``before.json``: identity of the scenes, their names, what is known about them, and raster -> hash.

    Also ``held`` where it is there: name of an old scene -> that of the run; null: all of them, under their own.

    Raises WorkspaceError where it is damaged, or names files that no stage writes.
    """
    found = read_json_object(path)
    kept = Fields(path, found)
    identity = kept.text("identity")
    names = kept.texts("scenes", where=is_file_name, expected="a list of names of scenes")
    check_outputs("segments", found.get("rasters"), path, "rasters")
    if not names:
        kept.refuse("scenes", "a list of at least one name")
    read = {"identity": identity, "scenes": names, "rasters": found["rasters"], "about": found.get("about", [])}
    if read["about"]:
        check_scene_file({"scenes": read["about"], "survey": {}}, path)
    if "held" in found:
        read["held"] = _held(kept)
    return read


def _held(kept: Fields) -> dict[str, Any] | None:
    if kept.values["held"] is None:
        return None
    held = kept.object("held")
    return {
        name: held.text(name, where=is_file_name, expected="a name that is fit for a file") for name in held.values
    }


def read_carried(path: Path) -> dict[str, Any]:
    """Read ``carried.json``: key of the new segments, name of the old journal, and what to say of it.

    Raises WorkspaceError where it is damaged, or the name is no name of a file.
    """
    carried = Fields(path, read_json_object(path))
    return {
        "key": carried.text("key"),
        "old": carried.text("old", where=_is_journal, expected="the name of a journal, such as labels.2026.sqlite"),
        "report": carried.text("report"),
    }


def _is_journal(name: str) -> bool:
    return is_file_name(name) and name.startswith("labels.") and name.endswith(".sqlite")
