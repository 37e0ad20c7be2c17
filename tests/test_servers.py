"""A courier to a server: it waits no longer than patience lasts, and tells one that is gone from one that refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import requests
from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException, RestException

from rsgraph import servers
from rsgraph.errors import in_short
from rsgraph.servers import Courier, ServerGone, innermost, is_absence

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """An event that is set in the end, so that no thread is left waiting for it."""
    event = threading.Event()
    yield event
    event.set()


def test_it_waits_for_an_answer_and_hands_it_on() -> None:
    courier = Courier()
    assert courier.wait(lambda: "run 1") == "run 1"
    assert courier.gone is None
    courier.leave()


def test_a_server_that_hangs_costs_patience_once(hanging: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PATIENCE", 0.4)
    courier, began = Courier(), time.monotonic()
    with pytest.raises(ServerGone, match="not within"):
        courier.wait(hanging.wait, most=0.3)
    courier.finish()
    with pytest.raises(ServerGone):
        courier.wait(lambda: None)
    assert time.monotonic() - began < 5, "0.4 s, and a slow machine"
    assert courier.gone is not None


def test_what_is_sent_is_not_waited_for(hanging: threading.Event) -> None:
    courier, began = Courier(), time.monotonic()
    courier.send(hanging.wait)
    assert time.monotonic() - began < 5
    assert courier.gone is None


def test_what_is_sent_comes_in_its_order_and_before_the_end() -> None:
    courier, came = Courier(), list[int]()
    for number in range(50):
        courier.send(lambda number=number: came.append(number))
    courier.finish()
    assert came == list(range(50))
    courier.leave()


def test_an_error_of_the_connection_means_that_it_is_gone_and_nothing_more_is_tried() -> None:
    courier, came = Courier(), list[int]()

    def refused() -> None:
        raise requests.exceptions.ConnectionError("Connection refused")

    courier.send(refused)
    courier.send(lambda: came.append(1))
    courier.finish()
    assert courier.gone == "Connection refused"
    assert came == []


def test_a_server_that_says_no_is_there() -> None:
    courier, came = Courier(), list[int]()

    def too_long() -> None:
        raise MlflowException("the name is too long", error_code=INVALID_PARAMETER_VALUE)

    courier.send(too_long)
    courier.send(lambda: came.append(1))
    courier.finish()
    assert courier.gone is None
    assert str(courier.refused) == "the name is too long"
    assert came == [1]
    with pytest.raises(MlflowException):
        courier.wait(too_long)
    courier.leave()


def _from_requests() -> MlflowException:
    try:
        raise requests.exceptions.ReadTimeout("no answer")
    except requests.exceptions.ReadTimeout:
        try:
            raise MlflowException("API request to http://x failed with exception no answer")
        except MlflowException as error:
            return error


@pytest.mark.parametrize(
    ("error", "absent"),
    [
        (_from_requests(), True),
        (ConnectionResetError("reset"), True),
        (TimeoutError("late"), True),
        (MlflowException("API request to endpoint /x failed with error code 502 != 200", error_code=1), True),
        (RestException({"error_code": "INTERNAL_ERROR", "message": "no such experiment"}), False),
        (MlflowException("too long", error_code=INVALID_PARAMETER_VALUE), False),
        (ValueError("no number"), False),
    ],
)
def test_absence_is_told_from_refusal(error: Exception, absent: bool) -> None:
    assert is_absence(error) is absent


def test_what_an_error_says_is_short_and_on_one_line() -> None:
    assert in_short(ValueError("a\n  b" + "c" * 500)) == "a b" + "c" * 197


def test_the_innermost_error_says_why() -> None:
    assert innermost(_from_requests()) == "no answer"
    outer, inner = RuntimeError("Max retries exceeded with url"), ConnectionRefusedError(111, "Connection refused")
    outer.__cause__ = inner
    assert innermost(outer) == "Connection refused"
