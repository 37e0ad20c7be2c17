"""Warnings that are ignored: threads do not undo each other's filters."""

from __future__ import annotations

import warnings
from threading import Barrier, Thread

import pytest

from rsgraph.warning_filters import ignored


def test_ignored_ignores_a_text_of_a_class_and_nothing_else() -> None:
    with ignored("Known re(mark|gard)", UserWarning):
        warnings.warn("known remark, at length", UserWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="unknown"):
            warnings.warn("unknown", UserWarning, stacklevel=1)
        with pytest.raises(DeprecationWarning, match="known remark"):
            warnings.warn("known remark", DeprecationWarning, stacklevel=1)
    with pytest.raises(UserWarning, match="known remark"):
        warnings.warn("known remark", UserWarning, stacklevel=1)


def test_ignored_leaves_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    with pytest.raises(ValueError, match="the body fails"), ignored("once"), ignored("once"):
        raise ValueError("the body fails")
    assert list(warnings.filters) == before


def test_a_thread_that_leaves_first_takes_nothing_from_one_that_stays() -> None:
    """A enters, B enters, A leaves, B warns: with ``catch_warnings`` B would be heard."""
    entered, left, heard = Barrier(2), Barrier(2), []

    def first() -> None:
        with ignored("of the first"):
            entered.wait()
            entered.wait()
        left.wait()

    def second() -> None:
        entered.wait()
        with ignored("of the second"):
            entered.wait()
            left.wait()
            try:
                warnings.warn("of the second", UserWarning, stacklevel=1)
            except UserWarning as warning:
                heard.append(warning)

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == []


def test_an_older_list_that_somebody_puts_back_is_left_in_peace() -> None:
    filters = ignored("meanwhile")
    with warnings.catch_warnings():
        filters.__enter__()
    before = list(warnings.filters)
    filters.__exit__(None, None, None)
    assert list(warnings.filters) == before
