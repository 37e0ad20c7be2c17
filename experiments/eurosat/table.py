"""``table.md``, written from the committed CSVs and rows.yaml: ``python -m experiments.eurosat.table``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from omegaconf import OmegaConf

from experiments.eurosat.results import HERE, PER_CLASS, RESULTS, rows
from rsgraph.evaluation.classification import wilson_interval

TABLE = HERE / "table.md"
SHOWN_BY_CLASS = (
    "statistics and gradient boosting",
    "statistics and two linear layers",
    "C=8, frozen, and deepest level",
    "not taught, frozen, and deepest level",
    "C=8, fine-tuned",
    "U-Net from scratch",
    "ResNet-18 from scratch",
)
CLUSTERS = (2, 8, 18)
FROZEN = ("frozen, mean", "frozen, mean and deviation", "frozen, and deepest level")
PAIRS = (
    *((f"C={c}, {how}", f"not taught, {how}") for how in FROZEN for c in CLUSTERS),
    *((f"C={c}, {FROZEN[-1]}", "statistics and two linear layers") for c in CLUSTERS),
    *((f"C={c}, fine-tuned", f"C={c}, {FROZEN[-1]}") for c in CLUSTERS),
    *((f"C={c}, fine-tuned", "U-Net from scratch") for c in CLUSTERS),
    *((f"C={c}, fine-tuned", "statistics and two linear layers") for c in CLUSTERS),
    ("U-Net from scratch", "ResNet-18 from scratch"),
)
"""What is compared with what: the first less the second."""


@dataclass(frozen=True)
class Measured:
    """One row over its seeds; accuracies in %."""

    name: str
    trained: str
    accuracies: list[float]
    low: float
    high: float
    macro_f1: float
    seconds: float

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return mean(self.accuracies)

    @property
    def spread(self) -> str:
        """Standard deviation over the seeds, or what one seed is."""
        n = len(self.accuracies)
        return f"± {stdev(self.accuracies):.2f} ({n} seeds)" if n > 1 else "(1 seed)"


def declared() -> dict[str, Any]:
    """Return rows.yaml."""
    found = OmegaConf.to_container(OmegaConf.load(HERE / "rows.yaml"))
    assert isinstance(found, dict)
    return {str(name): value for name, value in found.items()}


def collected(options: str) -> dict[str, Measured]:
    """Return what was measured with a set of options, by name, in the order of rows.yaml."""
    found = [row for row in rows(RESULTS) if row["options"] == options]
    classes = [row for row in rows(PER_CLASS) if row["options"] == options]
    names = [row["name"] for row in declared()["rows"]]
    return {
        name: _over_seeds(name, [row for row in found if row["row"] == name], classes)
        for name in names
        if any(row["row"] == name for row in found)
    }


def _over_seeds(name: str, found: Sequence[Mapping[str, str]], classes: Sequence[Mapping[str, str]]) -> Measured:
    accuracies = [100 * float(row["accuracy"]) for row in found]
    n = int(found[0]["test_images"])
    low, high = wilson_interval(round(mean(accuracies) / 100 * n), n)
    f1 = mean(float(row["f1"]) for row in classes if row["row"] == name)
    seconds = mean(float(row["seconds"]) for row in found)
    return Measured(name, found[0]["trained"], accuracies, 100 * low, 100 * high, 100 * f1, seconds)


def main() -> None:
    """Write the table."""
    config = declared()
    parts = [_head(), _published(config)]
    for options in config["options"]:
        found = collected(options)
        if found:
            parts += [_measured(options, config, found), _differences(found), _by_class(options, found)]
    TABLE.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _head() -> str:
    return (
        "# Table 1: EuroSAT\n\n"
        "Written by `python -m experiments.eurosat.table` from `results.csv` and `per_class.csv`; nothing is typed.\n"
        "27 000 RGB images, 80/20 by class, drawn by one seed; one split for all rows. No test image is seen in\n"
        "teaching or fine-tuning, and none chooses an epoch: 5 % of the training images do. The interval is "
        "Wilson's 95 %\nover the test images, the ± the standard deviation over the seeds of head and order.\n\n"
        "Two linear layers stand on the mean of each of the U-Net's last maps (*mean*), on that and the standard "
        "deviation\n(*mean and deviation*), or on both and the mean of each map of the deepest level (*and deepest "
        "level*; so are the\nfine-tuned rows). *Not taught* is the U-Net with random weights: what teaching itself "
        "buys."
    )


def _published(config: Mapping[str, Any]) -> str:
    lines = [f"| {row['name']} | {row['accuracy']:.2f} |" for row in config["published"]]
    head = ["## Published, not measured by us", "", "| model | accuracy (%) |", "|---|---|"]
    return "\n".join([*head, *lines])


def _measured(options: str, config: Mapping[str, Any], found: Mapping[str, Measured]) -> str:
    size = config["options"][options]
    title = f"## Measured, `options={options}`: {size['image_size']} x {size['image_size']} pixels, U-Net "
    title += f"{size['width']} wide, {size['depth']} deep (the paper: 256 x 256, 64, 5)"
    head = [
        title,
        "",
        "| model | trained | accuracy (%) | 95 % | macro F1 (%) | wall s |",
        "|---|---|---|---|---|---|",
    ]
    lines = [_line(row) for row in found.values()]
    missing = [row["name"] for row in config["rows"] if row["name"] not in found]
    lines += [f"| {name} | *not measured yet* | | | | |" for name in missing]
    return "\n".join([*head, *lines])


def _line(row: Measured) -> str:
    return (
        f"| {row.name} | {row.trained} | {row.accuracy:.2f} {row.spread} | {row.low:.1f} to {row.high:.1f} | "
        f"{row.macro_f1:.1f} | {row.seconds:.0f} |"
    )


def _differences(found: Mapping[str, Measured]) -> str:
    """Say what each step buys, in points of accuracy."""
    pairs = [(found[one], found[other]) for one, other in PAIRS if one in found and other in found]
    lines = [f"| {a.name} | {b.name} | {a.accuracy - b.accuracy:+.2f} |" for a, b in pairs]
    head = ["| this | less this | points |", "|---|---|---|"]
    return "\n".join([*head, *lines]) if lines else ""


def _by_class(options: str, found: Mapping[str, Measured]) -> str:
    """Return F1 per class of some rows, mean over seeds."""
    classes = [row for row in rows(PER_CLASS) if row["options"] == options]
    shown = [name for name in SHOWN_BY_CLASS if name in found]
    head = ["| F1 (%) | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    lines = []
    for label in sorted({row["class"] for row in classes}):
        scores = [
            mean(float(row["f1"]) for row in classes if row["row"] == name and row["class"] == label)
            for name in shown
        ]
        lines.append(f"| {label} | " + " | ".join(f"{100 * score:.1f}" for score in scores) + " |")
    return "\n".join([*head, *lines]) if shown else ""


if __name__ == "__main__":
    main()
    print(Path(TABLE).read_text(encoding="utf-8"))
