"""Names of scenes from their paths, and readers without a path."""

from __future__ import annotations

import pytest

from rsgraph.components import registry
from rsgraph.errors import NotReadable
from rsgraph.options import read_options
from rsgraph.run.scenes import open_scenes
from tests.small_runs import composed


@pytest.mark.parametrize("reader", sorted({*registry("reader")} - {"synthetic"}))
def test_a_missing_path_ends_in_a_sentence(reader: str) -> None:
    with pytest.raises(NotReadable, match=r"the path of a file or folder.*reader=synthetic"):
        open_scenes(read_options(composed(f"reader={reader}")))
