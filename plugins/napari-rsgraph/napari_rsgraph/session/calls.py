"""Calls of a session under the names of the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from napari_rsgraph.session.session import Session


def calls_of(session: Session) -> Mapping[str, Callable[[], object]]:
    """Return what the session can do; the window adds what needs a widget."""
    selection, search, suggestions, maps = session.selection, session.search, session.suggestions, session.maps
    return {
        "select_all": selection.select_all,
        "invert": selection.invert,
        "clear": selection.clear,
        "enlarge": session.enlarge,
        "shrink": session.shrink,
        "switch_level": selection.switch_level,
        "take_apart": session.take_apart,
        "reproject": session.reproject,
        "whole": session.show_whole,
        "map_from_labels": session.draw_from_labels,
        "judge_maps": maps.judge,
        "focus": session.focus,
        "filter_unlabelled": selection.toggle_unlabelled,
        "filter_clouds": session.filter_clouds,
        "select_clouds": session.select_clouds,
        "erase": lambda: session.label(None),
        "undo": session.labels.undo,
        "redo": session.labels.redo,
        "find": session.find_similar,
        "accept": lambda: search.judge("accepted"),
        "reject": lambda: search.judge("rejected"),
        "select_accepted": session.select_accepted,
        "accept_rest": search.accept_rest,
        "next_candidate": lambda: search.go(1),
        "previous_candidate": lambda: search.go(-1),
        "least_certain": lambda: suggestions.make_queue("least certain first", maps.layer),
        "most_different": lambda: suggestions.make_queue("most different from anything labelled", maps.layer),
        "next_suggestion": lambda: suggestions.go(1),
        "previous_suggestion": lambda: suggestions.go(-1),
        "accept_suggestion": suggestions.accept_current,
    }
