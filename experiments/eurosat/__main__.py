"""The rows of Table 1 that are not measured yet, measured: ``python -m experiments.eurosat``.

``options=paper`` takes the paper's size; ``only=TEXT`` measures the rows whose kind or name holds the text.
Everything else overrides a value of ``rows.yaml``; what stands under ``options.cpu`` or ``options.paper`` is
reached without that prefix (``finetune.max_epochs=10``).
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from experiments.benchmarks.record import commit, hardware
from experiments.eurosat import figure, table
from experiments.eurosat.data import load
from experiments.eurosat.learning import Bench, Row, key, predict
from experiments.eurosat.results import CONFUSION, PER_CLASS, RESULTS, measured, put
from rsgraph.evaluation.classification import accuracy, class_scores, confusion_matrix, wilson_interval
from rsgraph.tracking import Tracker
from rsgraph.training.options import Hardware, describe

HERE = Path(__file__).parent


def main() -> None:
    """Measure, then write table and figure."""
    config = read(sys.argv[1:])
    data, work = Path(config["data"]), Path(config["work"])
    trackers: list[Tracker] = []

    def on_epoch(stage: str, number: int, metrics: dict[str, float]) -> None:
        if stage != "head":
            print(f"  {stage} epoch {number}: " + ", ".join(f"{k} {v:.4g}" for k, v in metrics.items()), flush=True)
        trackers[-1].metrics({f"{stage}_{name}": value for name, value in metrics.items()}, step=number)

    bench = Bench(
        load(data, work), config["options"], Hardware(**config["trainer"]), work, config["seed"],
        config["test_fraction"], on_epoch,
    )  # fmt: skip
    print(describe(bench.hardware), flush=True)
    for row in config["rows"]:
        for seed in row["seeds"]:
            if str(config["only"]) not in f"{row['kind']} {row['name']}":
                continue
            if measured(config["size"], row["name"], seed, key(bench, row)):
                print(f"{row['name']}, seed {seed}: measured before", flush=True)
                continue
            trackers.append(_tracker(work, config, row, seed))
            measure(bench, config, row, seed, trackers[-1])
            table.main()
    table.main()
    figure.main()


def read(arguments: list[str]) -> dict[str, Any]:
    """Return rows.yaml with the overrides, the chosen set of options as ``options`` and its name as ``size``."""
    given = OmegaConf.from_dotlist(arguments)
    config = OmegaConf.load(HERE / "rows.yaml")
    size = str(given.pop("options", "cpu"))
    if size not in config.options:
        raise SystemExit(f"options must be one of: {', '.join(config.options)}. Got {size}.")
    config = OmegaConf.merge(config, {"options": config.options[size], "size": size, "only": ""})
    own = {name: given.pop(name) for name in list(given) if name in config.options[size]}
    options = OmegaConf.merge(config.options[size], own)
    found = OmegaConf.to_container(OmegaConf.merge(config, given), resolve=True)
    assert isinstance(found, dict)
    found["options"] = OmegaConf.to_container(options, resolve=True)
    if "RSGRAPH_DATA" in os.environ and "data" not in given:
        found["data"] = str(Path(os.environ["RSGRAPH_DATA"]) / Path(found["data"]).name)
    return {str(name): value for name, value in found.items()}


def measure(bench: Bench, config: dict[str, Any], row: Row, seed: int, tracker: Tracker) -> None:
    """Measure one row with one seed, and write it down."""
    start = perf_counter()
    try:
        predicted = predict(bench, row, seed)
    except BaseException:
        tracker.end("FAILED")
        raise
    seconds = perf_counter() - start
    truth, names = bench.images.classes[bench.test], bench.images.names
    confusion = confusion_matrix(truth, predicted, len(names))
    right, n = int(np.trace(confusion)), int(confusion.sum())
    low, high = wilson_interval(right, n)
    which = {"options": config["size"], "row": row["name"], "seed": seed}
    facts = {
        **which, "kind": row["kind"], "accuracy": f"{accuracy(confusion):.5f}", "low": f"{low:.5f}",
        "high": f"{high:.5f}", "test_images": n, "train_images": len(bench.training), "seconds": round(seconds),
        "trained": trained(bench, row), "key": key(bench, row), "date": date.today().isoformat(),
        "commit": commit(), "precision": describe(bench.hardware), **hardware(),
    }  # fmt: skip
    scores = class_scores(confusion)
    per_class = [
        {**which, "class": name, "precision": f"{scores.precision[i]:.4f}", "recall": f"{scores.recall[i]:.4f}",
         "f1": f"{scores.f1[i]:.4f}", "images": int(scores.support[i])}
        for i, name in enumerate(names)
    ]  # fmt: skip
    counts = [
        {**which, "truth": name, **{f"as_{predicted}": int(confusion[i, j]) for j, predicted in enumerate(names)}}
        for i, name in enumerate(names)
    ]
    put(CONFUSION, counts)
    put(PER_CLASS, per_class)
    put(RESULTS, [facts])
    tracker.metrics({"accuracy": accuracy(confusion), "seconds": seconds})
    tracker.end("FINISHED")
    print(
        f"{row['name']}, seed {seed}: {accuracy(confusion):.4f} ({low:.4f} to {high:.4f}), {seconds:.0f} s",
        flush=True,
    )


def trained(bench: Bench, row: Row) -> str:
    """Say in a few words how long a row learnt."""
    options = bench.options
    network = f"U-Net {options['width']}/{options['depth']}, {options['image_size']} px"
    taught = f"taught on {options['pretrain']['images']} images x {options['pretrain']['max_epochs']} epochs"
    tuned = f"fine-tuned {options['finetune']['max_epochs']} epochs"
    return {
        "boosting": "sklearn defaults",
        "statistics": f"head {options['head']['max_epochs']} epochs",
        "frozen": f"{network}, {taught if row.get('clusters') else 'random weights'}",
        "finetuned": f"{network}, {taught + ', ' if row.get('clusters') else 'random weights, '}{tuned}",
        "resnet": f"ResNet-18, {options['image_size']} px, random weights, {tuned}",
    }[row["kind"]]


def _tracker(work: Path, config: dict[str, Any], row: Row, seed: int) -> Tracker:
    tracker = Tracker(f"sqlite:///{(work / 'mlflow.db').resolve()}", work / "mlartifacts", "eurosat", row["name"])
    tracker.parameters({**{name: row[name] for name in row if name != "seeds"}, "seed": seed, "size": config["size"]})
    tracker.parameters(config["options"])
    return tracker


if __name__ == "__main__":
    main()
