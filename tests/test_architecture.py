"""Imports of both packages: no circle anywhere, those for types only and those inside functions counted."""

from __future__ import annotations

import grimp
import pytest

PACKAGES = ("rsgraph", "napari_rsgraph")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=False)


def circles(graph: grimp.ImportGraph) -> list[set[str]]:
    """Strongly connected components of more than one module, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        path.append(module)
        for imported in graph.find_modules_directly_imported_by(module):
            if imported not in number:
                visit(imported)
            if imported in path:
                lowest[module] = min(lowest[module], lowest[imported])
        if lowest[module] == number[module]:
            start = path.index(module)
            if len(path) - start > 1:
                found.append(set(path[start:]))
            del path[start:]

    for module in sorted(graph.modules):
        if module not in number:
            visit(module)
    return found


def test_no_module_is_in_a_circle(graph: grimp.ImportGraph) -> None:
    assert circles(graph) == []


def test_the_graph_holds_imports_for_types_only_and_inside_functions(graph: grimp.ImportGraph) -> None:
    assert {"rsgraph.workspace", "napari_rsgraph.window", "napari_rsgraph.launch"} <= graph.modules
    assert "napari_rsgraph.window" in graph.find_modules_directly_imported_by("napari_rsgraph.launch")
    assert "rsgraph.label_files.importing" in graph.find_modules_directly_imported_by("napari_rsgraph.session.labels")


def test_a_circle_over_three_modules_is_found() -> None:
    small = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("c", "e")):
        small.add_import(importer=importer, imported=imported)
    assert circles(small) == [{"a", "b", "c"}]
