"""Readers under fuzz: files that once were findings, a short round of each kind, and in `slow` minutes of each.

``FUZZ_SECONDS=1800 python -m pytest -m slow tests/fuzz -k geotiff`` for longer ones; ``FUZZ_SEED`` for others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.fuzz.campaign import MEMORY_MB, Child, campaign, changed, child, corpus, kept
from tests.fuzz.kinds import KINDS
from tests.fuzz.strange import MEGABYTES

SECONDS = float(os.environ.get("FUZZ_SECONDS", "180"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))


Living = Callable[[], Child]
"""Gives a child that lives: to start one takes longer than to read many files."""


@contextmanager
def _living(start: Callable[[], AbstractContextManager[Child]]) -> Iterator[Living]:
    with ExitStack() as stack:
        started: list[Child] = []

        def living() -> Child:
            if not started or not started[-1].alive:
                started.append(stack.enter_context(start()))
            return started[-1]

        yield living


@pytest.fixture(scope="module")
def children() -> Iterator[Living]:
    with _living(child) as living:
        yield living


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Children with a reader that does what the file says."""

    def start() -> AbstractContextManager[Child]:
        folder = tmp_path_factory.mktemp("strange")
        return closing(Child(folder, module="tests.fuzz.strange", seconds=1.0, megabytes=MEGABYTES))

    with _living(start) as living:
        yield living


@pytest.mark.parametrize("path", corpus(), ids=lambda path: f"{path.parent.name}-{path.name.partition('@')[0]}")
def test_what_was_found_once_is_read_or_refused_in_one_sentence(path: Path, children: Living) -> None:
    found = children().read(*kept(path))
    assert found["outcome"] in ("fine", "sentence"), found["what"]


def test_the_corpus_is_small_and_of_known_kinds() -> None:
    assert corpus()
    for path in corpus():
        assert path.parent.name in KINDS
        assert path.stat().st_size < 16_384, path


@pytest.mark.parametrize("kind", KINDS)
def test_sound_files_are_read(kind: str, children: Living) -> None:
    for name, data in KINDS[kind].originals():
        found = children().read(kind, name, data)
        assert found["outcome"] == "fine", f"{name}: {found}"


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_changed_in_the_same_way_for_the_same_seed(kind: str) -> None:
    originals = KINDS[kind].originals()
    files = [changed(kind, originals, 0, number) for number in range(20)]
    assert files == [changed(kind, originals, 0, number) for number in range(20)]
    assert len({data for _, data in files} - {data for _, data in originals}) > 10


@pytest.mark.parametrize(
    ("word", "outcome", "what"),
    [
        ("nothing", "fine", None),
        ("sentence", "sentence", "one true sentence"),
        ("lines", "finding", "no one sentence"),
        ("error", "finding", "traceback: strange: ZeroDivisionError"),
        ("memory", "finding", "memory: "),
        ("too much memory", "finding", "MemoryError"),
        ("crash", "finding", "crash: ended with -11"),
        ("exit", "finding", "crash: ended with 3"),
        ("hang", "finding", "hang: no answer"),
    ],
)
def test_whatever_a_reader_does_is_seen(strange: Living, word: str, outcome: str, what: str | None) -> None:
    reader = strange()
    found = reader.read("strange", "x", word.encode())
    assert found["outcome"] == outcome
    assert what is None or what in found["what"]
    assert reader.alive == (word not in ("crash", "exit", "hang"))
    assert strange().read("strange", "x", b"sentence")["outcome"] == "sentence"


def test_a_campaign_tries_files_and_counts_what_came_of_them() -> None:
    found = campaign("classes.json", 1.0)
    assert found.inputs == found.fine + found.sentences + sum(found.counts.values())
    assert found.fine
    assert found.sentences


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_changed_file_ends_in_anything_but_one_sentence(kind: str) -> None:
    found = campaign(kind, SECONDS, seed=SEED)
    assert found.inputs > 10
    assert not found.findings, found.text()
    assert found.peak_mb < MEMORY_MB
