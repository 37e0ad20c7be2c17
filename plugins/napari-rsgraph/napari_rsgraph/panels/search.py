"""Search by example: the ranked candidates, a verdict for each, a label for those that were accepted."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from napari_rsgraph.actions import action, key
from napari_rsgraph.panels.candidates import PAGE, CandidateList, Thumbnail
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.calls import calls_of
from napari_rsgraph.session.search import Results
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import Slider, action_button, button, enable, hint, swatch, text_label
from napari_rsgraph.widgets.layouts import beside, flowing
from napari_rsgraph.widgets.refresh import Refresh, listen

_MOST = 2000


class SearchPanel(QWidget):
    """Find similar, judge, label.

    Parameters
    ----------
    session
        Its selection is the example.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.list = CandidateList(session, self)
        self.list.clicked.connect(self._clicked)
        self.list.pressed_key.connect(self._run)
        self.list.stepped.connect(self._step)
        self._calls = {**calls_of(session), "next_page": self.next_page, "previous_page": self.previous_page}
        self._make_controls()
        self.about, self.empty = text_label(name="Search"), hint()
        self._lay_out()
        self._refresh = Refresh(self, self.refresh)
        for signal in (session.selection.changed, session.selection.level_changed, session.labels.changed):
            listen(self, signal, self._refresh.ask)
        listen(self, session.labels.classes_changed, self._list_classes)
        listen(self, session.search.changed, self._refresh.ask)
        self._list_classes()

    # parts

    def _make_controls(self) -> None:
        search = self.session.search
        self.find_similar = action_button("find", self._calls["find"])
        self.k = QSpinBox()
        self.k.setRange(1, _MOST)
        self.k.setValue(search.k)
        self.k.setToolTip("How many candidates to find")
        self.k.setAccessibleName("How many candidates to find")
        self.k.valueChanged.connect(self._set_k)
        self._make_spreading()
        self.judging = {name: action_button(name, partial(self._run, name)) for name in _JUDGING}
        self.paging = {name: action_button(name, partial(self._run, name)) for name in _PAGING}
        self.page = QLabel()
        self.classes = QComboBox()
        self.classes.setAccessibleName("Class for the accepted candidates")
        self.classes.setToolTip("The class that the accepted candidates get")
        self.label = button("Label accepted as", "Label all accepted candidates as the class", self._label)
        self.select = button("Select accepted", "Select the examples and the accepted candidates", self._select)
        self.end = button("End search", "Leave the search and forget its candidates", search.close)

    def _make_spreading(self) -> None:
        """A slider over the distances that suit the scene; 0 at its left end shows each candidate on its own."""
        search = self.session.search
        self._distances = search.ground.distances
        self.apart = Slider(Qt.Orientation.Horizontal)
        self.apart.setRange(0, len(self._distances) - 1)
        self.apart.setValue(self._distances.index(search.apart))
        self.apart.setPageStep(1)
        self.apart.setAccessibleName("How far apart candidates lie")
        self.apart.setToolTip(
            "Spread the candidates over the scene: what lies closer than this to a better candidate is shown with "
            "it as one, with their number, and judged with it. At the left end each is shown on its own"
        )
        self.apart.valueChanged.connect(self._set_apart)
        self.apart_text = QLabel()
        self._show_apart()

    def _show_apart(self) -> None:
        distance = self.session.search.apart
        self.apart_text.setText(f"{self.session.search.ground.written(distance)} apart" if distance else "each")

    def _lay_out(self) -> None:
        starting = flowing(self.find_similar, self.k)  # two lines, where the number of examples is long
        labelling = QHBoxLayout()
        labelling.addWidget(self.label)
        labelling.addWidget(self.classes, 1)
        self.found = QWidget()
        inner = QVBoxLayout(self.found)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(flowing(*self.judging.values()))
        inner.addWidget(self.list, 1)
        inner.addWidget(beside(self.paging["previous_page"], self.page, self.paging["next_page"]))
        inner.addLayout(labelling)
        inner.addWidget(flowing(self.select, self.end))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(starting)
        layout.addWidget(beside(QLabel("Spread"), self.apart, self.apart_text, stretched=self.apart))
        layout.addWidget(self.about)
        layout.addWidget(self.empty)
        layout.addWidget(self.found, 1)
        layout.addStretch(0)

    def set_thumbnail(self, thumbnail: Thumbnail | None) -> None:
        """Take what draws a candidate: (level, row, pixels along it) -> QImage or None."""
        self.list.candidates.set_thumbnail(thumbnail)

    # what the person does

    def _run(self, name: str) -> None:
        self._calls[name]()

    def _set_k(self, k: int) -> None:
        self.session.search.k = k

    def _set_apart(self, step: int) -> None:
        self.session.search.spread(self._distances[step])
        self._show_apart()

    def _step(self, step: int) -> None:
        """Arrow keys only move the look: they never count as the step after a verdict."""
        results = self.session.search.results
        if results is not None and 0 <= results.at + step < len(results.rows):
            self.look_at(results.at + step)

    def _clicked(self, index: QModelIndex) -> None:
        self.look_at(self.list.candidates.first + index.row())

    def look_at(self, place: int) -> None:
        """Look at the candidate at a place, from 0."""
        self.session.search.look_at(place)

    def next_page(self) -> None:
        """Look at the first candidate of the next page."""
        self._turn(1)

    def previous_page(self) -> None:
        """Look at the first candidate of the page before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        results = self.session.search.results
        if results is not None:
            page = results.at // PAGE + step
            if 0 <= page * PAGE < len(results.rows):
                self.look_at(page * PAGE)

    def _label(self) -> None:
        name = self.classes.currentData()
        if name is None:
            self.session.tasks.say("add a class first, in the panel Label", "warning")
        else:
            self.session.search.label_accepted(str(name))

    def _select(self) -> None:
        self.session.select_accepted()

    # what is shown

    def _list_classes(self) -> None:
        chosen, table = self.classes.currentData(), self.session.labels.classes
        self.classes.clear()
        for name, colour in zip(table["name"], table["colour"], strict=True):
            self.classes.addItem(swatch(str(colour)), str(name), str(name))
        self.classes.setCurrentIndex(max(self.classes.findData(chosen), 0) if len(table) else -1)
        self._refresh.ask()

    def refresh(self) -> None:
        """Show the search of now."""
        results, level = self.session.search.results, self.session.selection.level
        examples, text = len(self.session.selection.rows), action("find").text
        self.find_similar.setText(f"{text} ({counted(examples, level[:-1])})" if examples else text)
        enable(self.find_similar, examples > 0, f"select one or more {level} as examples first")
        self.found.setVisible(results is not None)
        self.empty.setVisible(results is None)
        self.empty.setText(_hint(level))
        self.about.setVisible(results is not None)
        if results is not None:
            self._show(results)

    def _show(self, results: Results) -> None:
        n, page = len(results.rows), results.at // PAGE
        accepted, rejected = (results.verdicts.count(verdict) for verdict in ("accepted", "rejected"))
        examples = counted(len(results.examples), results.level[:-1])
        more = sum(len(near) for near in results.near)
        self.about.setText(
            f"{counted(n, 'candidate')} for {examples}"
            + (f", which stand for {more:,} more near them" if more else "")
            + f": {accepted:,} accepted, {rejected:,} rejected, {n - accepted - rejected:,} open"
        )
        self.list.candidates.show_page(page * PAGE)
        self.list.setCurrentIndex(self.list.candidates.index(results.at - page * PAGE))
        pages = max((n + PAGE - 1) // PAGE, 1)
        self.page.setText(f"Page {page + 1} of {pages}")
        enable(self.paging["previous_page"], page > 0, "this is the first page")
        enable(self.paging["next_page"], page + 1 < pages, "this is the last page")
        taken = len(results.accepted())
        self.label.setText(f"Label {counted(taken, results.level[:-1])} as" if taken else "Label accepted as")
        why = "" if accepted else "accept some candidates first"
        enable(self.select, accepted > 0, why)
        why = "labels cannot be changed here" if self.session.labels.read_only else why
        why = why or ("" if self.classes.count() else "add a class first, in the panel Label")
        enable(self.label, not why, why)


_JUDGING = ("accept", "reject", "accept_rest")
_PAGING = ("previous_page", "next_page")


def _hint(level: str) -> str:
    moving = f"{key('next_candidate')} and {key('previous_candidate')}"
    return (
        f"Select one or more {level}, then press {action('find').text}: the {level} most like them are listed here, "
        f"best first. Go through them with {moving}, accept with {key('accept')}, reject with {key('reject')}, then "
        "label the accepted ones together. A verdict goes on to the next open one by itself."
    )
