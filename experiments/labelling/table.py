"""``table.md``, written from results.csv: ``python -m experiments.labelling.table``."""

from __future__ import annotations

from statistics import fmean

from experiments.labelling.seeds import GROUPS, TITLES, Compared, compared, mean_and_spread, strokes
from experiments.labelling.store import FOLDER, read
from rsgraph.files import write_text

AFTER = (1, 3, 5, 10, 20, 50)
CHOSEN_ON = ("site_38d", "t48que")
STAGES = (
    *(("click", "clicks"), ("propagation_bands", "clicks"), ("propagation_gnn2", "clicks"), ("place", "none")),
    *((name, "umap") for name in ("bands", "bands_2hop", "encoder", "gnn1", "gnn2")),
    *((name, "umap") for name in ("surroundings", "surroundings_2hop")),
    *((name, "pca") for name in ("bands", "gnn2", "surroundings")),
)
STAGES_ABOUT = """\
## What each stage buys

Mean IoU after 10 strokes (or clicks), in % of the segments' ceiling; mean over UMAP's seeds. `surroundings` were
chosen on site 38D and T48QUE; the last column leaves these two out.
"""
HEAD = ["what is labelled on", "map", "P@15", *(f"acc {n}" for n in AFTER), *(f"IoU {n}" for n in (3, 10, 50))]
HEAD += ["strokes to 90 %", "95 %", "99 %", "95 % of IoU"]

ABOUT = """\
# Labelling efficiency

Written by `python -m experiments.labelling.table` from results.csv. Pixel accuracy and mean IoU after so many strokes
of a simulated expert, who takes at each stroke the circle of the map and the class that gain most; mean ± standard
deviation over UMAP's seeds. P@15: share of the 15 nearest vectors that are of a segment's own majority class.
Strokes are to a share of the ceiling (every segment has its majority class). `clicks`: one segment per action.
`none`: circles on the image itself, not on a map.
The U-Net and the GNN are those of `experiment=laptop` (width 16, 8 and 40 epochs), taught by C-means on the scene
itself (EuroSAT: on 1000 images). Of scenes with over 4000 segments, whole chips were drawn by seed 0. Water is no
independent reference: it comes from an index of the same bands, which favours what is nearest to them.
"""


def main() -> None:
    """Write the tables."""
    parts = [ABOUT, stages()]
    for names in GROUPS.values():
        parts += [section(name) for name in names if compared(name)]
    write_text(FOLDER / "table.md", "\n".join(parts))


def stages() -> str:
    """Return what each representation of segments reaches after 10 strokes, on all scenes."""
    names = [name for name in TITLES if not name.startswith("eurosat") and compared(name)]
    tables = {name: compared(name) for name in names}
    lines = [_line(["", *(TITLES[name] for name in names), "worst", "mean", "mean where confirmed"])]
    lines.append(_line(["---"] * (len(names) + 4)))
    everywhere = [key for key in STAGES if all(key in tables[name] for name in names)]
    lines += [_line(_stage(key, tables)) for key in everywhere]
    return "\n".join([STAGES_ABOUT, *lines, ""])


def _stage(key: tuple[str, str], tables: dict[str, Compared]) -> list[str]:
    """Return one line: the mean over seeds, in per cent of the ceiling."""
    reached = {
        name: 100 * fmean(float(row["iou_10"]) / float(row["ceiling_iou"]) for row in rows[key])
        for name, rows in tables.items()
    }
    confirmed = [value for name, value in reached.items() if name not in CHOSEN_ON]
    values = [*reached.values(), min(reached.values()), fmean(reached.values()), fmean(confirmed)]
    return [f"{key[0]}, {key[1]}", *(f"{value:.0f}" for value in values)]


def section(data: str) -> str:
    """Return heading and table of one data set."""
    rows = compared(data)
    first = next(iter(rows.values()))[0]
    unit = "chips" if data.startswith("eurosat") else "segments"
    about = (
        f"{first['points']} {unit}, {first['classes']} classes; "
        f"ceiling: accuracy {float(first['ceiling_accuracy']):.3f}, mean IoU {float(first['ceiling_iou']):.3f}."
    )
    lines = [f"## {TITLES[data]}", "", about, "", _line(HEAD), _line(["---"] * len(HEAD))]
    lines += [_line(cells(name, projector, seeds)) for (name, projector), seeds in rows.items()]
    return "\n".join([*lines, ""])


def cells(name: str, projector: str, rows: list[dict[str, str]]) -> list[str]:
    """Return one line of a table."""
    return [
        name,
        projector,
        mean_and_spread(rows[:1], "precision_15"),
        *(mean_and_spread(rows, f"accuracy_{n}") for n in AFTER),
        *(mean_and_spread(rows, f"iou_{n}") for n in (3, 10, 50)),
        *(strokes(rows, f"strokes_{share}") for share in (90, 95, 99)),
        strokes(rows, "strokes_iou_95"),
    ]


def _line(parts: list[str]) -> str:
    return "| " + " | ".join(parts) + " |"


if __name__ == "__main__":
    main()
    print(f"{len(read())} rows in {FOLDER / 'table.md'}")
