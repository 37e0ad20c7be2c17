"""A person at a screen: a real window under a window manager, a mouse and keys from outside, and what can be seen.

The window is a process of its own, opened as ``rsgraph label WORKSPACE`` opens it, on a virtual screen of any size
and scale. Events come from ``xdotool``, through the X server and the window manager, as from a real mouse and
keyboard.
Tests look at the picture of the screen, or ask the process what a person would see.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PATIENCE = 180.0
"""Seconds after which what does not come is a failure."""
_POLL = 0.05
_ELSEWHERE = 5.0
"""Seconds after which an event is taken to have gone elsewhere."""
_CHILD = Path(__file__).with_name("hand_window.py")
_READY = "window is not None and window.overview.view is not None and window.main.isActiveWindow()"
_DOUBLE_CLICK = 0.5
"""Seconds; Qt takes two clicks as one double click for 0.4 s."""
_AT_REST = "(window is None or not window.work.busy) and not ticks().waiting"

Place = tuple[float, float]
"""Pixels of the screen from the left and from the top."""


class Hand:
    """A mouse, keys and eyes on one screen.

    Parameters
    ----------
    display
        Number of the X screen.
    frame
        The X server's file of pixels.
    line
        To the process that shows the window.
    scale
        Pixels of the screen per pixel of Qt.
    """

    def __init__(self, display: int, frame: Path, line: socket.socket, scale: float) -> None:
        self.display, self.scale = display, scale
        self._frame, self._line = frame, line.makefile("rw", encoding="utf-8")
        self._held: list[str] = []
        self._apart = 0.0

    # eyes

    def picture(self) -> NDArray[np.uint8]:
        """Return what the screen shows: (rows, columns, 3)."""
        data = self._frame.read_bytes()
        header = np.frombuffer(data, ">u4", 25)
        rows, columns, line, colours = int(header[5]), int(header[4]), int(header[12]), int(header[19])
        pixels = np.frombuffer(data, np.uint8, rows * line, int(header[0]) + 12 * colours)
        return pixels.reshape(rows, line)[:, : columns * 4].reshape(rows, columns, 4)[..., 2::-1].copy()

    def part(self, widget: str) -> NDArray[np.uint8]:
        """Return what the screen shows of a widget: (rows, columns, 3)."""
        left, top, width, height = self.rectangle(widget)
        return self.picture()[top : top + height, left : left + width]

    def save(self, path: Path | str) -> None:
        """Write the picture, to be looked at."""
        from PIL import Image

        Image.fromarray(self.picture()).save(path)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression in the window's process, once its events are handled.

        ``window`` is the open window of a workspace (None: none is open), ``viewer`` napari's, ``app`` Qt's, ``np``
        numpy, ``ticks`` the clock of all views, ``focus`` the widget that has the keyboard, ``find(type, text)`` the
        first widget that can be seen with that name of a type and (part of a) text, title or accessible name.
        """
        self._line.write(json.dumps(expression) + "\n")
        self._line.flush()
        answer = json.loads(self._line.readline())
        if "error" in answer:
            raise AssertionError(f"{expression}: {answer['error']}")
        return answer["value"]

    def wait(self, expression: str, patience: float = PATIENCE) -> Any:
        """Wait until an expression is true; return its value."""
        end = time.monotonic() + patience
        while not (value := self._there(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(_POLL)
        return value

    def _there(self, expression: str) -> Any:
        """Return the value of an expression; None while a widget that it speaks of cannot be seen yet."""
        try:
            return self.ask(expression)
        except AssertionError as error:
            if "LookupError" not in str(error):
                raise
            return None

    def at_rest(self) -> None:
        """Wait until nothing is to be drawn and no task runs."""
        self.wait(_AT_REST)
        self.wait(_AT_REST)

    # places

    def rectangle(self, widget: str) -> tuple[int, int, int, int]:
        """Return left, top, width and height of a widget on the screen."""
        left, top, width, height = (round(each * self.scale) for each in self.ask(f"place({widget})"))
        return left, top, width, height

    def centre(self, widget: str) -> Place:
        """Return the middle of a widget on the screen."""
        return self.spot(widget, 0.5, 0.5)

    def spot(self, widget: str, right: float, down: float) -> Place:
        """Return a place in a widget, by shares of its width and height."""
        left, top, width, height = self.rectangle(widget)
        return left + right * width, top + down * height

    # hands

    def move(self, place: Place) -> None:
        self._do("mousemove", "--sync", *_whole(place))

    def click(self, place: Place, button: int = 1, *, keys: Sequence[str] = (), times: int = 1) -> None:
        """Click; ``keys`` are held meanwhile, such as ``shift``. Two calls are never a double click."""
        time.sleep(max(0.0, self._apart - time.monotonic()))
        with self._heard(times + len(keys)), self._holding(keys):
            self._do("mousemove", *_whole(place))
            self._do("click", "--repeat", str(times), "--delay", "60", str(button))
        self._apart = time.monotonic() + _DOUBLE_CLICK

    def drag(self, *places: Place, button: int = 1, keys: Sequence[str] = (), release: bool = True) -> None:
        """Press at the first place, move over all others, let go at the last."""
        with self._heard(release + len(keys)), self._holding(keys):
            self._do("mousemove", *_whole(places[0]))
            self._do("mousedown", str(button))
            for start, end in pairwise(places):
                for share in (0.25, 0.5, 0.75, 1.0):
                    between = tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))
                    self._do("mousemove", *_whole(between))
                    time.sleep(0.03)  # vispy leaves out moves that come sooner than 10 ms after the last
            if release:
                self._do("mouseup", str(button))

    def wheel(self, place: Place, steps: int, *, keys: Sequence[str] = ()) -> None:
        """Turn the wheel: up where ``steps`` is above zero."""
        with self._heard(abs(steps) + len(keys)), self._holding(keys):
            self._do("mousemove", *_whole(place))
            self._do("click", "--repeat", str(abs(steps)), "--delay", "40", "4" if steps > 0 else "5")

    def key(self, *names: str) -> None:
        """Press keys one after the other, by the names of X: ``ctrl+z``, ``Escape``, ``Tab``, ``a``."""
        for name in names:
            with self._heard(1 + name.count("+")):
                self._do("key", name)

    def write(self, text: str) -> None:
        """Type a text."""
        with self._heard(len(text)):
            self._do("type", "--delay", "20", text)

    @contextmanager
    def _heard(self, events: int) -> Iterator[None]:
        """Wait until the window has heard of so many buttons and keys that were let go, and is at rest.

        On a busy machine the X server and the window manager take their time. What goes elsewhere, as to the window
        manager or another program, is never heard of here, and is waited for only a while.
        """
        before, end = self.ask("heard.events"), time.monotonic() + _ELSEWHERE
        yield
        while self.ask("heard.events") < before + events and time.monotonic() < end:
            time.sleep(_POLL)
        self.at_rest()

    @contextmanager
    def _holding(self, keys: Sequence[str]) -> Iterator[None]:
        for key in keys:
            self._do("keydown", key)
        try:
            yield
        finally:
            for key in keys:
                self._do("keyup", key)

    def _do(self, *words: str) -> None:
        environment = {**os.environ, "DISPLAY": f":{self.display}"}
        subprocess.run(["xdotool", *words], env=environment, check=True, timeout=PATIENCE)


def _whole(place: Sequence[float]) -> tuple[str, ...]:
    return tuple(str(round(each)) for each in place)


@contextmanager
def at_window(
    workspace: Path | None,
    folder: Path,
    *,
    size: tuple[int, int] = (1280, 800),
    scale: float = 1.0,
    words: Sequence[str] = (),
    first: bool = False,
) -> Iterator[Hand]:
    """Open a window on a screen of its own; yield who sits before it.

    Parameters
    ----------
    workspace
        Opened as ``rsgraph label`` opens it; None: a window of plain napari.
    folder
        For the screen's and the window's own files; the window's process runs in it, and finds its settings there.
    size
        Pixels of the screen: columns and rows.
    scale
        Pixels of the screen per pixel of Qt, as desktops set it for dense screens.
    words
        Further words of ``rsgraph label``, such as ``read_only=true``.
    first
        Whether the user has never seen a window of ours, and is shown the first steps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not first:
        seen = folder / "config" / "rsgraph" / "first_steps_seen"
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.touch()
    with ExitStack() as stack:
        display = stack.enter_context(_screen(folder, size))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("WAYLAND", "QT_"))},
            **{"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb", "QT_SCALE_FACTOR": str(scale)},
            **{"XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")},
        }
        stack.enter_context(_process(["openbox"], environment, folder))
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listening.settimeout(PATIENCE)
        port = str(listening.getsockname()[1])
        command = [sys.executable, str(_CHILD), port, *([str(workspace), *words] if workspace else [])]
        child = stack.enter_context(_process(command, environment, folder))
        line = stack.enter_context(_connected(listening, child))
        hand = Hand(display, folder / "Xvfb_screen0", line, scale)
        hand.wait(_READY if workspace else "viewer is not None")
        hand.at_rest()
        yield hand


def _connected(listening: socket.socket, child: subprocess.Popen[bytes]) -> socket.socket:
    try:
        line, _ = listening.accept()
    except TimeoutError:
        raise AssertionError(f"the window's process did not come (ended with {child.poll()})") from None
    line.settimeout(PATIENCE)
    return line


@contextmanager
def _screen(folder: Path, size: tuple[int, int]) -> Iterator[int]:
    """A virtual screen whose pixels are in a file of ``folder``; its number is chosen by the server."""
    reading, writing = os.pipe()
    picture = ["-fbdir", str(folder), "-screen", "0", f"{size[0]}x{size[1]}x24"]
    command = ["Xvfb", "-displayfd", str(writing), *picture, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, "the virtual screen did not start"
        yield int(number)
    finally:
        _end(server)


@contextmanager
def _process(command: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("ab") as written:
        child = subprocess.Popen(command, env=environment, cwd=folder, stdout=written, stderr=written)
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
