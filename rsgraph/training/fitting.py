"""Fitting of networks by one Trainer: early stopping, resuming after an interruption, no traces left."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.files import make_folder
from rsgraph.protocols import Progress
from rsgraph.training.checkpoints import NAME, AtomicCheckpointIO, read_checkpoint
from rsgraph.training.distributed import distributed_loader, synchronise_batch_norms
from rsgraph.training.inference import cpu_threads
from rsgraph.training.lightning import Callback, DDPStrategy, LightningModule, Processes, SIGTERMException, Trainer
from rsgraph.training.options import Hardware, TrainingOptions, device_type, uses_bfloat16
from rsgraph.training.processes import Place, Tell, run_together
from rsgraph.warning_filters import ignored

Epoch = dict[str, float]
OnEpoch = Callable[[int, dict[str, float]], None]

# What Lightning says that is no news here. One pattern each, so that anything new is heard.
_HARMLESS = (
    r".*does not have many workers.*",  # chips are cached and augmented in milliseconds; a step takes seconds
    r".*The number of training batches.*is smaller than the logging interval.*",  # there is no logger
    r".*GPU available but not used.*",  # the user chose the CPU
    r".*Checkpoint directory.*exists and is not empty.*",  # it is ours
    r".*found in eval mode at the start of training.*|.*module\(s\) in eval mode.*",  # set to train by us
    r".*`isinstance\(treespec, LeafSpec\)` is deprecated.*",  # Lightning 2.6 on torch >= 2.11
)


@dataclass(frozen=True)
class History:
    """The history of a training.

    Parameters
    ----------
    epochs
        One dict per epoch: ``epoch``, ``train_loss``, ``val_loss``, ``seconds``, and the parts of the loss.
    best_epoch
        The epoch whose weights were kept: the one of the lowest validation loss.
    stopped_early
        Whether patience ran out before ``max_epochs``.
    resumed_at
        The first epoch that this call trained, where a checkpoint was found; else None.
    notes
        Sentences for the user (a damaged checkpoint, for instance).
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    stopped_early: bool = False
    resumed_at: int | None = None
    notes: tuple[str, ...] = ()


class Record(Callback):
    """Keeps the history and the best weights, writes the checkpoint, and decides when to stop.

    Everything that it decides follows from the history, which travels in the checkpoint.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        path: Path,
        identity: str,
        patience: int,
        seed: int,
        on_epoch: OnEpoch | None,
        progress: Progress | None,
    ) -> None:
        self.module = module
        self.path = path
        self.identity = identity
        self.patience = patience
        self.seed = seed
        self.on_epoch = on_epoch
        self.progress = progress
        self.epochs: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        self.started = 0.0
        self.steps = self.most = self.batches = 0

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint keeps: plain values and tensors."""
        return {"epochs": self.epochs, "best": self.best, "identity": self.identity}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the history and the best weights of an earlier call."""
        self.epochs = state_dict["epochs"]
        self.best = state_dict["best"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count the steps that there will be, as far as that is foreseen."""
        self.most, self.batches = trainer.max_epochs or 0, int(trainer.num_training_batches)
        self.steps = self.batches * foreseen(self.epochs, self.patience, self.most)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Seed each epoch by itself, so that dropout is the same after an interruption."""
        self.started = time.monotonic()
        torch.manual_seed(self.seed * 1_000_003 + trainer.current_epoch)

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Report progress."""
        if self.progress:
            self.progress(trainer.global_step, self.steps)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the epoch, write it to disk, then report it; early stopping completes the progress."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        epoch = {"epoch": float(len(self.epochs)), **metrics, "seconds": time.monotonic() - self.started}
        _check_finite(epoch)
        self.epochs.append(epoch)
        if best_epoch(self.epochs) == len(self.epochs) - 1:
            self.best = {name: v.detach().cpu().clone() for name, v in self.module.state_dict().items()}
        self.steps = max(trainer.global_step, self.batches * foreseen(self.epochs, self.patience, self.most))
        trainer.should_stop = trainer.should_stop or exhausted(self.epochs, self.patience)
        trainer.save_checkpoint(self.path)
        if self.progress and trainer.should_stop:
            self.progress(self.steps, self.steps)
        if self.on_epoch:
            self.on_epoch(len(self.epochs) - 1, epoch)


def best_epoch(epochs: list[Epoch]) -> int:
    """Return the first epoch with the lowest validation loss."""
    return min(range(len(epochs)), key=lambda i: epochs[i]["val_loss"], default=0)


def exhausted(epochs: list[Epoch], patience: int) -> bool:
    """Tell whether the last ``patience`` epochs brought no gain."""
    return bool(epochs) and len(epochs) - 1 - best_epoch(epochs) >= patience


def foreseen(epochs: list[Epoch], patience: int, most: int) -> int:
    """Return how many epochs there will be, as far as can be foreseen.

    All, while there was a gain lately; those until patience runs out, once half of it is spent without any.
    """
    without = len(epochs) - 1 - best_epoch(epochs)
    return most if not epochs or 2 * without < patience else min(most, best_epoch(epochs) + 1 + patience)


def _check_finite(epoch: Mapping[str, float]) -> None:
    if not all(math.isfinite(epoch[name]) for name in ("train_loss", "val_loss")):
        raise NotUsable(
            f"training diverged: the loss of epoch {epoch['epoch']:.0f} is not finite. Lower its learning_rate "
            "(a tenth is a good next try), or look for extreme values in the scene."
        )


def fit(
    training: LightningModule,
    module: nn.Module,
    *,
    train: DataLoader[Any],
    validation: DataLoader[Any],
    options: TrainingOptions,
    hardware: Hardware,
    seed: int,
    folder: Path,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
) -> History:
    """Train ``module`` inside ``training`` and leave it with its best weights, on the CPU, in eval mode.

    Goes on from ``folder/last.ckpt`` where it was made with the same options.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C; the last whole epoch is in ``folder/last.ckpt``.
    NotUsable
        The loss is not finite.
    OutputError
        The checkpoint could not be written.
    """
    path = make_folder(folder) / NAME
    record = Record(
        module,
        path=path,
        identity=_identity(module, options, seed, hardware.devices if isinstance(training, DistributedModule) else 1),
        patience=options.patience,
        seed=seed,
        on_epoch=on_epoch,
        progress=progress,
    )
    resumed_at, notes = _resume(record, options)
    if len(record.epochs) < options.max_epochs and not exhausted(record.epochs, options.patience):
        resume = resumed_at is not None
        job = _Job(training, module, train, validation, options, hardware, seed, folder, record.identity, resume)
        if hardware.devices > 1 and isinstance(training, DistributedModule):
            _train_together(job, record)
        else:
            _train(job, record, "auto")
    module.load_state_dict(record.best)
    module.cpu().eval()
    return History(
        epochs=record.epochs,
        best_epoch=best_epoch(record.epochs),
        stopped_early=exhausted(record.epochs, options.patience),
        resumed_at=resumed_at,
        notes=notes,
    )


def adamw(module: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """Build the optimiser. The paper names none; AdamW with a constant rate lets a training go on for longer."""
    return torch.optim.AdamW(module.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)


class DistributedModule(LightningModule):
    """A training that several processes can do together: see :mod:`rsgraph.training.distributed`."""

    def nothing(self, batch: Any) -> Any:
        """Return the batch marked as a stand-in for an empty share: it runs through, and counts for nothing."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Job:
    """The arguments of a training. Picklable, if its parts are; called in each of several processes."""

    training: LightningModule
    module: nn.Module
    train: DataLoader[Any]
    validation: DataLoader[Any]
    options: TrainingOptions
    hardware: Hardware
    seed: int
    folder: Path
    identity: str
    resume: bool

    def __call__(self, place: Place, tell: Tell) -> None:
        """Train as one of several processes; the first reports epochs and steps."""
        assert isinstance(self.training, DistributedModule)
        torch.set_num_threads(self.hardware.threads or 1)
        synchronise_batch_norms(self.module)
        loaders = [
            distributed_loader(loader, self.training.nothing, rank=place.rank, count=place.count)
            for loader in (self.train, self.validation)
        ]
        report = tell if place.rank == 0 else lambda message: None  # the first reports for all
        record = Record(
            self.module,
            path=self.folder / NAME,
            identity=self.identity,
            patience=self.options.patience,
            seed=self.seed,
            on_epoch=lambda number, metrics: report(("epoch", number, metrics)),
            progress=lambda done, steps: report(("progress", done, steps)),
        )
        strategy = DDPStrategy(cluster_environment=Processes(place.rank, place.count))
        _train(replace(self, train=loaders[0], validation=loaders[1]), record, strategy)


def _train(job: _Job, record: Record, strategy: str | DDPStrategy) -> None:
    """Train in this process, by itself or as one of several."""
    with _isolated(job.seed, job.hardware):
        job.module.train()
        trainer = _trainer(job, record, strategy)
        _run(trainer, job.training, job.train, job.validation, record.path if job.resume else None)


def _train_together(job: _Job, record: Record) -> None:
    """Train in several processes; take what they learnt from the checkpoint of the last epoch."""
    device, count = device_type(job.hardware), job.hardware.devices
    threads = max(1, (job.hardware.threads or torch.get_num_threads()) // count)
    hear = {"epoch": record.on_epoch, "progress": record.progress}

    def tell(message: Any) -> None:
        kind, *said = message
        listener = hear[kind]
        if listener is not None:
            listener(*said)

    run_together(
        replace(job, hardware=replace(job.hardware, threads=threads)),
        count=count,
        backend="nccl" if device == "cuda" else "gloo",
        tell=tell,
    )
    state = (read_checkpoint(record.path) or {}).get("callbacks", {}).get(record.state_key)
    if state is None:
        raise NotReadable(f"the checkpoint {record.path} was damaged while it was written; start the training again.")
    record.load_state_dict(state)


def _identity(module: nn.Module, options: TrainingOptions, seed: int, devices: int) -> str:
    """Hash what a checkpoint must agree with: the untrained module, the seed, the options but for the end.

    Of batch size and devices the product counts: how many samples a step learns from.
    """
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    kept = {name: value for name, value in asdict(options).items() if name not in ("max_epochs", "patience")}
    kept["batch_size"] = options.batch_size * devices
    digest.update(json.dumps([kept, seed]).encode())
    return digest.hexdigest()


def _resume(record: Record, options: TrainingOptions) -> tuple[int | None, tuple[str, ...]]:
    """Load the history of an earlier call, if there is one; say so where it cannot be used."""
    if not record.path.is_file():
        return None, ()
    checkpoint = read_checkpoint(record.path)
    state = (checkpoint or {}).get("callbacks", {}).get(record.state_key)
    if state is None:
        return None, (f"The checkpoint {record.path} is damaged: training started over.",)
    if state["identity"] != record.identity or not _passed_through(state["epochs"], options):
        return None, (f"The checkpoint {record.path} was made with other options: training started over.",)
    record.load_state_dict(state)
    return len(record.epochs), ()


def _passed_through(epochs: list[Epoch], options: TrainingOptions) -> bool:
    """Tell whether a training with these options would have come by this history, rather than stop before."""
    stopped = any(exhausted(epochs[:n], options.patience) for n in range(1, len(epochs)))
    return len(epochs) <= options.max_epochs and not stopped


def _trainer(job: _Job, record: Record, strategy: str | DDPStrategy) -> Trainer:
    """Make the trainer. Left to itself it takes its part for one of a batch job's (SLURM, LSF, torchrun, MPI)."""
    hardware = job.hardware
    own_place = [Processes(0, 1)] if isinstance(strategy, str) else []  # a DDPStrategy brings its own
    return Trainer(
        accelerator=device_type(hardware),
        devices=1 if isinstance(strategy, str) else hardware.devices,
        strategy=strategy,
        precision="bf16-mixed" if uses_bfloat16(hardware) else "32-true",
        max_epochs=job.options.max_epochs,
        callbacks=[record],
        plugins=[AtomicCheckpointIO(), *own_place],
        default_root_dir=job.folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _run(
    trainer: Trainer,
    training: LightningModule,
    train: DataLoader[Any],
    validation: DataLoader[Any],
    checkpoint: Path | None,
) -> None:
    """Fit; Ctrl-C comes out as KeyboardInterrupt (Lightning makes it an exit, or swallows it).

    The end that a batch system gives a job comes out with the code of its signal; Lightning's own would be 0, which
    such a system takes for success.
    """
    try:
        trainer.fit(training, train, validation, ckpt_path=checkpoint)
    except SIGTERMException as stop:
        raise SystemExit(128 + signal.SIGTERM) from stop
    except SystemExit as stop:
        if trainer.interrupted:
            raise KeyboardInterrupt from stop
        raise
    if trainer.interrupted:
        raise KeyboardInterrupt


@contextmanager
def _isolated(seed: int, hardware: Hardware) -> Iterator[None]:
    """Seed, quieten and make deterministic inside; leave the process as it was."""
    devices = list(range(torch.cuda.device_count())) if device_type(hardware) == "cuda" else []
    with (
        torch.random.fork_rng(devices),
        cpu_threads(hardware.threads),
        _sigint_kept(),
        _quiet(),
        _deterministic(bool(devices)),
        torch.enable_grad(),
    ):
        torch.manual_seed(seed)
        yield


@contextmanager
def _sigint_kept() -> Iterator[None]:
    """Put the SIGINT handler back: Lightning ignores further Ctrl-C, for ever, after the first."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's notices and the harmless warnings."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric", "lightning")]
    levels = [logger.level for logger in loggers]
    with ignored("|".join(_HARMLESS)):
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def _deterministic(cuda: bool) -> Iterator[None]:
    """On CUDA choose deterministic kernels; the CPU's are."""
    if not cuda:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = workspace or ":4096:8"
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]
        if workspace is None:
            with suppress(KeyError):
                del os.environ["CUBLAS_WORKSPACE_CONFIG"]
