"""Names of bands from the descriptions of layers and the names of files, as far as these prove them.

A number proves a band only together with a sensor: ``Band 4`` may be Sentinel-2's red, Landsat 7's infrared, or the
fourth layer of anything. What speaks for Sentinel-2 is its own spelling (``B04``, ``B8A``), a set of numbers that no
other sensor has (2, 3, 4, 8), or its name in the file's name, tags or descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rsgraph.io.band_names import described_names
from rsgraph.io.sensors import LANDSAT, OLI, SENTINEL_2, TM, Sensor, colour_of

_NUMBER = re.compile(
    r"(?<![a-z0-9])(?P<word>band|sr_b|st_b|b)[ _.-]?(?P<number>0*\d{1,2}[an]?)(?![0-9a-z])", re.IGNORECASE
)
_COUNT = re.compile(r"(?:layer|lyr|channel|ch|image|raster|stack)?[ _.-]*(\d{1,4})", re.IGNORECASE)
_TM_REFLECTIVE = ("1", "2", "3", "4", "5", "7")
_OF_SENTINEL_ONLY = {"8A", "12"}


@dataclass(frozen=True)
class Names:
    """Names of bands and how sure they are.

    Parameters
    ----------
    names
        One per layer; ``band<i>`` where nothing is known.
    described
        Whether all of them come from the file.
    assumed
        The reading that was taken where others are possible, in a few words; None: what is there proves the names.
    notes
        Sentences for the user.
    """

    names: tuple[str, ...]
    described: bool
    assumed: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Number:
    """Number of a band in a text, without zeros before it, the word before it, and whether ESA writes it so."""

    number: str
    spelled: bool  # as ESA does: B04, B8A
    word: str


def number_in(text: str) -> _Number | None:
    """Return the one number of a band in a text; None where there is none, or several."""
    found = {match["number"].upper().lstrip("0") or "0": match for match in _NUMBER.finditer(text)}
    if len(found) != 1:
        return None
    ((number, match),) = found.items()
    spelled = match["word"].lower() == "b" and (match["number"][0] == "0" or number == "8A")
    return _Number(number, spelled, match["word"])


def names_of(texts: Sequence[str], sensor: Sensor | None = None) -> Names:
    """Return the names of layers that were described, or of band files.

    Parameters
    ----------
    texts
        Of each layer, as the file has it; ``""`` where it says nothing.
    sensor
        That the file names elsewhere.

    Notes
    -----
    Sentinel-2's bands are called ``B01`` ... ``B12`` and ``B8A``, those of other sensors by their colours; colours
    that the file itself names stay as it writes them.
    """
    if _are_counts(texts):
        return _counted(texts)
    numbers = [number_in(text) for text in texts]
    known = [each.number for each in numbers if each is not None]
    if not known:
        return _described(texts)
    if _only_counted(numbers) and not any(map(colour_of, texts)) and _plainly(numbers, sensor):
        return _counted(texts)
    if sensor is not None and sensor is not SENTINEL_2:
        return _of_sensor(texts, numbers, _landsat(sensor, known), assumed=sensor is LANDSAT and _unclear(known))
    if _contradicted(texts, numbers):
        return _by_colours(texts)
    if _proven(texts, numbers, known) or (sensor is SENTINEL_2 and not _only_counted(numbers)):
        return _described(texts)
    if tuple(known) == _TM_REFLECTIVE:
        return _of_sensor(texts, numbers, TM, assumed=True)
    return _as_sentinel(texts, known)


def _described(texts: Sequence[str]) -> Names:
    names = described_names(texts)
    written = [re.sub(r"\s+", "_", text.strip()) for text in texts]
    lower = [text.lower() for text in written]
    names = tuple(  # bands of several dates: B2_2020, B2_2021
        text if name == f"band{i}" and text and lower.count(text.lower()) == 1 and number_in(text) else name
        for i, (name, text) in enumerate(zip(names, written, strict=True), start=1)
    )
    return Names(names, all(texts) and not any(name.startswith("band") for name in names))


def _landsat(sensor: Sensor, numbers: Sequence[str]) -> Sensor:
    """Return which Landsat it is by its numbers: 4, 5 and 7 have no reflected band 6, and 8 and 9 have one."""
    if sensor is not LANDSAT:
        return sensor
    return TM if "6" not in numbers and {"5", "7"} <= {*numbers} else OLI


def _unclear(numbers: Sequence[str]) -> bool:
    """Tell whether the numbers leave open which Landsat it is."""
    return "6" not in numbers and not {"5", "7"} <= {*numbers}


def _of_sensor(texts: Sequence[str], numbers: Sequence[_Number | None], sensor: Sensor, *, assumed: bool) -> Names:
    """Name bands of a sensor other than Sentinel-2 by their colours, or as the file writes them."""
    plain = [re.sub(r"\s+", "_", text.strip()) for text in texts]
    found = [
        (sensor.colours.get(each.number) or colour_of(text) or name if each else colour_of(text) or name)
        for text, name, each in zip(texts, plain, numbers, strict=True)
    ]
    names = _unique(found, plain)
    doubt = ", which nothing proves" if assumed else ""
    note = (
        f"Bands are taken as those of {sensor.name}{doubt}: {', '.join(names)}; "
        "reader.bands=[...] gives them other names."
    )
    return Names(names, all(texts), f"bands of {sensor.name}" if assumed else None, (note,))


def _unique(names: Sequence[str], written: Sequence[str]) -> tuple[str, ...]:
    """Return what stands only once: a name, else what the file writes, else the number of the layer."""
    both = zip(names, written, strict=True)
    return tuple(
        name if name and names.count(name) == 1 else text if text and written.count(text) == 1 else f"band{i}"
        for i, (name, text) in enumerate(both, start=1)
    )


def _contradicted(texts: Sequence[str], numbers: Sequence[_Number | None]) -> bool:
    """Tell whether a colour stands beside a number that has another colour with Sentinel-2."""
    for text, each in zip(texts, numbers, strict=True):
        colour = colour_of(text)
        if each is not None and colour and not _alike(colour, SENTINEL_2.colours.get(each.number)):
            return True
    return False


def _alike(colour: str, other: str | None) -> bool:
    """Compare the families of two colours: rededge1 is rededge, and nir08 nir."""
    return other is not None and colour.rstrip("0123456789") == other.rstrip("0123456789")


def _by_colours(texts: Sequence[str]) -> Names:
    plain = [re.sub(r"\s+", "_", text.strip()) for text in texts]
    names = _unique([colour_of(text) or "" for text in texts], plain)
    note = (
        f"Bands are named after their colours, {', '.join(names)}: their numbers are not those of Sentinel-2; "
        "reader.bands=[...] gives them other names."
    )
    return Names(names, all(texts), None, (note,))


def _proven(texts: Sequence[str], numbers: Sequence[_Number | None], known: Sequence[str]) -> bool:
    """Tell whether numbers are Sentinel-2's: spelled as it does, a set that only it has, or beside its colours."""
    if any(each.spelled for each in numbers if each is not None):
        return True
    if not _only_counted(numbers) and (_OF_SENTINEL_ONLY & {*known} or {"2", "3", "4", "8"} <= {*known}):
        return True
    return all(colour_of(text) for text in texts)  # none of which contradicts


def _only_counted(numbers: Sequence[_Number | None]) -> bool:
    """Tell whether layers are merely counted from 1 on, in whatever order."""
    known = [each.number for each in numbers if each is not None and not each.spelled]
    return len(known) == len(numbers) and {*known} == {str(i) for i in range(1, len(numbers) + 1)}


def _plainly(numbers: Sequence[_Number | None], sensor: Sensor | None) -> bool:
    """Tell whether a count is one of layers, and not the first bands of a sensor that the file names.

    Band 1 ... Band 4 is what programs call layers, in files of any sensor; B1 ... B4 may be bands of the sensor.
    """
    known = [int(each.number) for each in numbers if each is not None]
    in_order = known in (sorted(known), sorted(known, reverse=True))
    return sensor is None or (in_order and all(each is None or each.word != "B" for each in numbers))


def _are_counts(texts: Sequence[str]) -> bool:
    """Tell whether texts are numbers from 0 or 1 on, with nothing before them but a word for a layer."""
    found = [_COUNT.fullmatch(text.strip()) for text in texts]
    numbers = [int(match[1]) for match in found if match]
    return len(texts) > 1 and numbers in ([*range(len(texts))], [*range(1, len(texts) + 1)])


def _counted(texts: Sequence[str]) -> Names:
    names = tuple(f"band{i}" for i in range(1, len(texts) + 1))
    note = (
        f"{texts[0]} ... {texts[-1]} only count layers, and are not taken as names of bands; "
        "where they are Sentinel-2's, name them with reader.bands=[B01,...]."
    )
    return Names(names, False, None, (note,))


def _as_sentinel(texts: Sequence[str], known: Sequence[str]) -> Names:
    """Take numbers as Sentinel-2's, as rsgraph always did, and say what else they may be."""
    found = _described(texts)
    others = "; ".join(
        f"{sensor.name}'s {', '.join(sensor.colours[number] for number in known)}"
        for sensor in (OLI, TM)
        if {*known} <= {*sensor.colours}
    )
    note = (
        f"Nothing says of which sensor the bands are: taken as Sentinel-2's {', '.join(found.names)}. Where they are "
        f"others ({others or 'of another sensor'}), name them with reader.bands=[...]."
    )
    return Names(found.names, found.described, "bands of Sentinel-2", (note,))


def unknown(count: int) -> Names:
    """Return the names of layers of which nothing is known."""
    names = tuple(f"band{i}" for i in range(1, count + 1))
    if count == 1:
        return Names(names, False)
    shown = "; pictures show the third as red, the second as green, the first as blue" if count > 3 else ""
    note = (
        f"The file does not name its {count} bands{shown}. Name them with "
        f"reader.bands=[{','.join(('B02', 'B03', 'B04', 'B08')[:count])}{',...' if count > 4 else ''}] to be sure, "
        "if they are these."
    )
    return Names(names, False, "bands by their place in the file", (note,))
