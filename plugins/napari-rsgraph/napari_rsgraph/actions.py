"""The table of actions: menus, buttons, tooltips, keys and the sheet of shortcuts all read it. No Qt in here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something that a person can do.

    Parameters
    ----------
    name
        For programs.
    text
        In menus.
    tooltip
        A sentence, without the keys.
    keys
        As Qt writes them; the first is the one that is named.
    group
        Menu and heading of the sheet.
    where
        The part of the window that must have the focus for the keys to work, or "" for the whole window (keys such as
        Enter mean other things elsewhere).
    button
        On a button, where it differs from ``text``.
    """

    name: str
    text: str
    tooltip: str
    keys: tuple[str, ...]
    group: str
    where: str = ""
    button: str = ""


def _rows(group: str, *rows: tuple[str, ...], where: str = "") -> tuple[Action, ...]:
    """Return actions of one menu: name, text, tooltip, keys parted by a space, and what its button says."""
    return tuple(
        Action(name, text, tooltip, tuple(keys.split()), group, where, *button)
        for name, text, tooltip, keys, *button in rows
    )


_HELD = "Shift adds, Alt or Ctrl takes away"
_FIND = "Search by example"
_SUGGEST = "Predict and suggest"

ACTIONS: tuple[Action, ...] = (
    *_rows(
        "Select",
        ("circle", "Circle brush", "Drag a circle across the map; Shift+scroll to resize it", "C"),
        ("rectangle", "Box", f"Drag a box round points; {_HELD}", "R"),
        ("lasso", "Lasso", f"Draw round points; {_HELD}", "L"),
        ("pan", "Move the map", "Drag to move the map (with any tool: Space or the right button)", "H"),
        ("replace", "Replace", "The brush selects what it touches and nothing else", "="),
        ("add", "Add", "The brush adds to the selection (or hold Shift)", "+"),
        ("subtract", "Subtract", "The brush takes away from the selection (or hold Alt or Ctrl)", "-"),
        ("intersect", "Intersect", "The brush keeps only what was selected before (or hold Shift+Alt)", "*"),
        ("select_all", "Select all", "Select everything that is visible", "Ctrl+A"),
        ("invert", "Invert", "Select what is visible and not selected", "Ctrl+I"),
        ("clear", "Clear", "Select nothing", "Esc"),
        (
            "enlarge",
            "Add neighbours",
            "Add what lies beside the selection in the scene, one ring round it",
            ".",
        ),
        ("shrink", "Take off the rim", "Take the outer ring off the selection in the scene", ","),
        (
            "select_clouds",
            "Select clouds",
            "Select segments that are mostly cloud or shadow of one, to make a class of them",
            "Ctrl+K",
        ),
    ),
    *_rows(
        "Show",
        ("switch_level", "Chips or segments", "Switch between the map of chips and that of segments", "Tab"),
        where="map",
    ),
    *_rows(
        "Show",
        ("take_apart", "Take apart", "Show the segments of the selected chips", "T"),
        ("reproject", "Re-project", "Lay out the selected segments separately, in the background", "P"),
        ("whole", "Whole map", "Back to the map of all points", "Home"),
        (
            "map_from_labels",
            "Map from labels",
            "Draw the map of segments from the labels so far, beside the other maps",
            "Shift+P",
        ),
        (
            "judge_maps",
            "Which map fits",
            "Find the map that fits the labels best: strokes are left out and predicted from the others",
            "Shift+M",
        ),
        ("focus", "Go to selection", "Show the selection in the scene", "G"),
        (
            "filter_window",
            "Only in view",
            "Hide points outside the part of the scene that is shown",
            "M",
            "Only what the scene map shows",
        ),
        ("filter_unlabelled", "What is not labelled yet", "Show only points without a label, or all again", "U"),
        ("filter_clouds", "Hide clouds", "Hide segments that are mostly cloud or shadow of one", "Shift+K"),
        ("overlay", "Label overlay", "Show or hide the labels in the scene", "O", "Labels"),
    ),
    *_rows(
        "Label",
        ("erase", "Erase", "Take the labels of the selection away", "E"),
        ("undo", "Undo", "Take back the last action, also one of an earlier session", "Ctrl+Z"),
        ("redo", "Redo", "Do again what was undone", "Ctrl+Shift+Z"),
        (
            "note",
            "Note",
            "Write a note on the selection, or on the scene where nothing is selected",
            "Ctrl+N",
            "Note…",
        ),
        ("new_class", "New class", "Type the name of a new class; Return adds it", "Shift+N"),
        ("import", "Import", "Take classes and labels from a GeoPackage, GeoJSON or GeoTIFF", "Ctrl+L", "Import…"),
    ),
    *_rows(
        _FIND,
        ("find", "Find similar", "Rank what is most similar to the selection", "F"),
        ("accept", "Accept", "The candidate is alike; go to the next", "A"),
        ("reject", "Reject", "The candidate is not alike; go to the next", "X"),
        (
            "select_accepted",
            "Select accepted",
            "Select the examples and what was accepted, to label it",
            "Shift+S",
        ),
        ("accept_rest", "Accept up to here", "Accept all candidates down to this one but those rejected", "Shift+A"),
        ("next_candidate", "Next candidate", "Look at the next candidate", "J"),
        ("previous_candidate", "Previous candidate", "Look at the candidate before", "K"),
    ),
    *_rows(
        _FIND,
        ("next_page", "Next page", "Show the next 20 candidates", "PgDown"),
        ("previous_page", "Previous page", "Show the 20 candidates before", "PgUp"),
        where="search",
    ),
    *_rows(
        _SUGGEST,
        ("predict", "Predict", "Predict the rest from the labels given so far", "Ctrl+P"),
        ("least_certain", "Least certain first", "Line up the segments that the prediction is least sure of", "S"),
        (
            "most_different",
            "Most different",
            "Line up the segments that are most unlike anything labelled",
            "D",
            "Most different from anything labelled",
        ),
        ("next_suggestion", "Next suggestion", "Look at the next segment of the queue", "N", "Next"),
        ("previous_suggestion", "Previous suggestion", "Look at the segment of the queue before", "B", "Previous"),
    ),
    *_rows(
        _SUGGEST,
        (
            "accept_suggestion",
            "Accept prediction",
            "Label the suggested segment as predicted; go to the next",
            "Return Enter",
        ),
        where="suggest",
    ),
    *_rows(
        "File and help",
        ("export", "Export", "Write labels and segments to files for a GIS or for training", "Ctrl+E"),
        (
            "reopen",
            "Open for writing",
            "Where labels are read-only: take over from a window that was closed, or go on with recovered labels",
            "Ctrl+Shift+W",
        ),
        ("history", "History", "Show all that was done, newest first", "Ctrl+H"),
        ("next_area", "Next part of the window", "Give the keyboard to the next part of the window", "F6"),
        (
            "previous_area",
            "Previous part of the window",
            "Give the keyboard to the part of the window before",
            "Shift+F6",
        ),
        ("help", "Shortcuts", "Show all keys, and search them", "?"),
        ("first_steps", "First steps", "Show five cards that explain segments, map, labels and chips", "F1"),
    ),
    *_rows(
        "2-D map",
        ("show_all", "Show all points", "Zoom so that all points are in view", "Shift+F"),
        ("zoom_in", "Zoom in", "Magnify the map (or scroll)", "Ctrl+="),
        ("zoom_out", "Zoom out", "Show more of the map (or scroll)", "Ctrl+-"),
        ("larger_brush", "Larger brush", "Enlarge the brush (or Shift+scroll)", "]"),
        ("smaller_brush", "Smaller brush", "Shrink the brush (or Shift+scroll)", "["),
        ("put_away", "Put the brush away", "Remove the brush; once more: select nothing", "Shift+Esc"),
        where="points",
    ),
    *_rows(
        "Gallery",
        ("larger_tiles", "Larger tiles", "Enlarge the tiles (or Ctrl+scroll)", "Ctrl++"),
        ("smaller_tiles", "Smaller tiles", "Shrink the tiles (or Ctrl+scroll)", "Ctrl+-"),
        ("tile_labels", "Labels", "Lay labels over the pictures", "Ctrl+Shift+L"),
        ("tile_outlines", "Outlines", "Show the outlines of segments", "Ctrl+Shift+U"),
        where="gallery",
    ),
    *_rows(
        "Scene",
        ("scene_click", "Click in the scene", f"Click segments or chips; {_HELD}", "Shift+C", "Click"),
        ("scene_paint", "Paint in the scene", f"Drag a circle over segments or chips; {_HELD}", "Shift+B", "Paint"),
        (
            "scene_rectangle",
            "Box in the scene",
            f"Drag a box round the middles of segments; {_HELD}",
            "Shift+R",
            "Box",
        ),
        ("scene_lasso", "Lasso in the scene", f"Draw round the middles of segments; {_HELD}", "Shift+L", "Lasso"),
        (
            "scene_pan",
            "Move the scene",
            "Drag the scene; with any tool: drag with the middle button",
            "Shift+H",
            "Move",
        ),
        (
            "scene_smaller",
            "Smaller brush in the scene",
            "Shrink the circle that paints (or Shift+scroll)",
            "Shift+[",
            "-",
        ),
        (
            "scene_larger",
            "Larger brush in the scene",
            "Enlarge the circle that paints (or Shift+scroll)",
            "Shift+]",
            "+",
        ),
        ("scene_whole", "Whole scene", "Zoom so that the whole scene is in view", "Shift+Home", "Whole"),
        ("outlines", "Show outlines", "Show or hide the outlines of the segments", "Shift+O", "Outlines"),
        ("cover", "Dim the rest", "Dim what is not selected, or show all of the scene as it is", "Shift+V", "Dim"),
    ),
)

_BY_NAME = {action.name: action for action in ACTIONS}

GESTURES: tuple[tuple[str, str], ...] = (
    ("Click", "select one point, one segment or one chip"),
    ("Drag", "brush over points, or draw a box or a lasso; the selection follows"),
    ("Shift + drag", "add to the selection"),
    ("Alt + drag", "take away from the selection; so does Ctrl, where the desktop takes Alt for itself"),
    ("Shift + Alt + drag", "keep only what was selected before"),
    ("Scroll", "zoom at the pointer"),
    ("Shift + scroll", "make the brush larger or smaller"),
    ("Space + drag", "move the map or the scene; so does dragging with the middle button"),
    ("Arrows", "go to the next point or segment in that direction and select it; with a brush on the map, move it"),
    ("Shift + arrows", "add the next one to the selection; Alt takes it away"),
    ("Ctrl + arrows", "move the map or the scene"),
    ("Page Up, Page Down", "magnify, and show more"),
    ("Return", "put the circle on the map, to be moved by arrows; Shift+Esc removes it"),
)
"""What pointer and keys do in the 2-D map and in the scene."""


def action(name: str) -> Action:
    """Return an action by its name. Raises KeyError for an unknown one."""
    return _BY_NAME[name]


def key(name: str) -> str:
    """Return the key of an action, for sentences that name it."""
    return _BY_NAME[name].keys[0]


def groups() -> dict[str, list[Action]]:
    """Return the actions by menu, in the order of the table."""
    found: dict[str, list[Action]] = {}
    for each in ACTIONS:
        found.setdefault(each.group, []).append(each)
    return found


def single_keys() -> set[str]:
    """Return the keys of one character that mean something in the whole window."""
    return {key for each in ACTIONS if not each.where for key in each.keys if len(key) == 1}
