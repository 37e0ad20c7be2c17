"""Tables of EuroSAT."""

from __future__ import annotations

from experiments.labelling.lines import lines
from experiments.labelling.seeds import TITLES, compared, mean_and_spread, strokes

AFTER = (1, 3, 5, 10, 20, 50)
HEAD = [
    *("what is labelled on", "map", "P@15"),
    *(*(f"acc {n}" for n in AFTER), *(f"IoU {n}" for n in (3, 10, 50))),
    *("strokes to 90 %", "95 %", "99 %", "95 % of IoU"),
]


def chips(data: str) -> str:
    """Return heading and table of one EuroSAT data set."""
    found = compared(data)
    first = next(iter(found.values()))[0]
    about = (
        f"{first['points']} chips, {first['classes']} classes; "
        f"ceiling: accuracy {float(first['ceiling_accuracy']):.3f}, mean IoU {float(first['ceiling_iou']):.3f}. "
        "Mean ± standard deviation over three seeds of UMAP; `clicks`: one chip per action; strokes are to a share "
        "of the ceiling."
    )
    body = [_chip_cells(name, projector, seeds) for (name, projector), seeds in found.items()]
    return f"## {TITLES[data]}\n\n{about}\n\n{lines(HEAD, body)}"


def _chip_cells(name: str, projector: str, seeds: list[dict[str, str]]) -> list[str]:
    return [
        name,
        projector,
        mean_and_spread(seeds[:1], "precision_15"),
        *(mean_and_spread(seeds, f"accuracy_{n}") for n in AFTER),
        *(mean_and_spread(seeds, f"iou_{n}") for n in (3, 10, 50)),
        *(strokes(seeds, f"strokes_{share}") for share in (90, 95, 99)),
        strokes(seeds, "strokes_iou_95"),
    ]
