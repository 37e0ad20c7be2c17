"""The records of labels that wait for new segments, ``labels.before``: which rasters were kept, what was carried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rsgraph.own_files.fields import Fields, read_json_object
from rsgraph.own_files.manifest import check_outputs
from rsgraph.own_files.names import is_file_name
from rsgraph.own_files.scene import check_scene


def read_kept(path: Path) -> dict[str, Any]:
    """Read ``before.json``: identity of the scenes, their names, what is known of them, and raster -> hash.

    Raises WorkspaceError where it is damaged, or names files that no stage writes.
    """
    found = read_json_object(path)
    kept = Fields(path, found)
    identity = kept.text("identity")
    names = kept.texts("scenes", where=is_file_name, expected="a list of names of scenes")
    check_outputs("segments", found.get("rasters"), path, "rasters")
    if not names:
        kept.refuse("scenes", "a list of at least one name")
    for scene in kept.objects("about") if "about" in found else ():
        check_scene(scene)
    held = kept.object("held").values if found.get("held") is not None else None
    if held is not None and not all(is_file_name(name) for pair in held.items() for name in pair):
        kept.refuse("held", "names of scenes")
    return {**found, "identity": identity, "scenes": names, "rasters": found["rasters"], "held": held}


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
