"""Sentences on the console, and progress in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rsgraph import console
from rsgraph.progress import TimeLeft


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7800, "2 h 10 min"),
    ],
)
def test_duration_has_the_unit_that_a_person_would_use(seconds: float, words: str) -> None:
    assert console.duration(seconds) == words


def test_sentences_go_where_they_belong_and_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("graph.k=[4,8] of /data/[x]/scene.tif " + 60 * "long ")
    console.note("it is small")
    console.fail("no [such] file")
    said = capsys.readouterr()
    assert said.out == "graph.k=[4,8] of /data/[x]/scene.tif " + 60 * "long " + "\n  note: it is small\n"
    assert said.err == "error: no [such] file\n"


def test_an_error_is_one_line_whatever_names_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    console.fail("no file 'a\nerror: \x1b[2Jgone\r\udc80\u202e.tif'; é and 雪 are letters")
    assert capsys.readouterr().err == "error: no file 'a error: ?[2Jgone???.tif'; é and 雪 are letters\n"


def test_progress_in_a_log_is_a_line_every_ten_seconds_with_the_time_that_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    with console.progress("encode", TimeLeft(clock=lambda: now[0])) as report:
        for seconds, done in ((0, 2), (5, 3), (11, 4), (12, 5), (22, 6)):
            now[0] = 100.0 + seconds
            report(done, 10)
    assert capsys.readouterr().out.splitlines() == [
        "  encode: 4 of 10",  # two steps after the first
        "  encode: 6 of 10, about 20 s left",  # four in twenty-two seconds, four to go
    ]


def test_progress_on_a_terminal_is_one_line_that_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=100, legacy_windows=False)
    monkeypatch.setattr(console, "out", terminal)
    now = [0.0]
    with console.progress("encode", TimeLeft(clock=lambda: now[0])) as report:
        for done in range(1, 7):
            now[0] += 5
            report(done, 10)
        terminal.file.flush()
    up_and_erased = "\x1b[1A\x1b[2K"
    assert shown.getvalue().count("\n") == shown.getvalue().count(up_and_erased) == 1
    assert "6/10" in shown.getvalue()
    assert "about 20 s left" in shown.getvalue()
