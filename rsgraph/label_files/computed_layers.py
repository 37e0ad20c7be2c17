"""GeoPackages whose layers are computed as they are read: a view of a few words may give rows without end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from rsgraph.errors import NotReadable, NotUsable

_MAGIC = b"SQLite format 3\0"

_VIEWS = """
SELECT name FROM sqlite_schema WHERE type = 'view' AND (
  lower(name) LIKE 'gpkg~_%' ESCAPE '~' OR lower(name) LIKE 'rtree~_%' ESCAPE '~'
) LIMIT 1
"""
"""What a GeoPackage says of itself must stand in it."""

_LAYERS = """
SELECT name FROM sqlite_schema WHERE type = 'view'
AND lower(name) IN (SELECT lower(table_name) FROM gpkg_contents LIMIT 100000) LIMIT 1
"""

_COMPUTED = """
SELECT layer.table_name FROM gpkg_contents AS layer, pragma_table_xinfo(layer.table_name) AS field
WHERE field.hidden IN (2, 3) LIMIT 1
"""
"""Columns that are generated."""


def refuse_computed_layers(path: Path) -> None:
    """Refuse a GeoPackage (or another file of SQLite) in which a layer is a view, or has columns that are generated.

    Nothing is evaluated for it. Other files pass.

    Raises
    ------
    NotUsable
        Naming the layer.
    NotReadable
        The database is damaged.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            found = database.execute(_VIEWS).fetchone()
            if found is None and database.execute(_HAS_CONTENTS).fetchone() != (0,):
                found = database.execute(_LAYERS).fetchone() or database.execute(_COMPUTED).fetchone()
    except sqlite3.Error as error:
        raise NotReadable(
            f"{path} cannot be read: {error}; expected a complete file, so copy or export it again."
        ) from error
    if found is not None:
        raise NotUsable(
            f"{path} computes '{found[0]}' as it is read (a view, or generated columns); save that layer as a plain "
            "one first, for example with `ogr2ogr copy.gpkg ...`"
        )


_HAS_CONTENTS = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND lower(name) = 'gpkg_contents'"
