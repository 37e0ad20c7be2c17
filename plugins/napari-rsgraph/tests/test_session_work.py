"""Tasks of a session, run at once."""

from __future__ import annotations

import pytest

from napari_rsgraph.session.work import Immediate, Tasks
from rsgraph.errors import NotThere
from rsgraph.protocols import Progress


def fail(progress: Progress) -> None:
    raise NotThere("there is no such layer")


def test_immediate_calls_done_and_then_ended() -> None:
    seen: list[object] = []
    Immediate().start("add", lambda progress: 2 + 3, seen.append, ended=lambda: seen.append("ended"))
    assert seen == [5, "ended"]


def test_immediate_raises_what_nobody_takes() -> None:
    ended: list[bool] = []
    with pytest.raises(NotThere, match="no such layer"):
        Immediate().start("fail", fail, lambda _: None, ended=lambda: ended.append(True))
    assert ended == [True]


def test_the_user_reads_errors_before_failed_hears_of_them() -> None:
    tasks, seen = Tasks(Immediate()), []
    tasks.message.connect(lambda severity, text: seen.append((severity, text)))
    tasks.run("fail", fail, seen.append, failed=lambda error: seen.append(type(error)))
    assert seen == [("error", "there is no such layer"), NotThere]


def test_sentences_are_information_where_nothing_else_is_said() -> None:
    tasks, seen = Tasks(Immediate()), []
    tasks.message.connect(lambda severity, text: seen.append((severity, text)))
    tasks.say("done")
    tasks.say("look here", "warning")
    assert seen == [("info", "done"), ("warning", "look here")]
