"""``rsgraph <verb> [path] [overrides]``: finds the verb and says how it ended. No science.

Every error that a user can cause ends in one sentence and exit code 2; Ctrl-C ends in 130, and the same command
goes on where it was.
"""

from __future__ import annotations

import _thread
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rsgraph import __version__
from rsgraph.command_line import split_line
from rsgraph.config import quote
from rsgraph.console import fail, note, say
from rsgraph.errors import ConfigError, NotInstalled, RsgraphError
from rsgraph.files import ensure_home
from rsgraph.safe_paths import refuse_settings_here, safe_children
from rsgraph.syncing import inform_through

USAGE = """\
rsgraph turns an unlabelled Sentinel-2 scene into something an expert can label in minutes.

  rsgraph run PATH [option=value ...]     all stages on a scene: file, folder, SAFE, zip; or on a folder of scenes
  rsgraph label SCENE [option=value ...]  brush and label in napari as soon as the first maps are there
  rsgraph label WORKSPACE                 the same of what is there; display=false_colour, read_only=true, train=false
  rsgraph export WORKSPACE                GeoTIFF; exporter=geopackage, geojson, coco, training, stac ...
  rsgraph evaluate WORKSPACE              tables of how good it is; reference=landcover.tif
  rsgraph sample [FOLDER]                 a small scene, ready-made, to try it all on: a copy of yours, opened at once
  rsgraph cache [FOLDER]                  what the outputs take that runs share, and who needs them
  rsgraph cache prune older=30d           removes some: older=, larger=, unused=true, keep=20GB; rsgraph cache --help
  rsgraph components                      everything that can be chosen by name

  rsgraph run --help                      the options; rsgraph run --cfg job prints them all
  rsgraph run 'data.path=[a.tif,b.tif]'   several scenes as one collection: one model, one map over all
  rsgraph run PATH experiment=laptop      a quick look (few epochs)
  rsgraph run PATH -m graph.k=4,8,12      a sweep; what does not change is computed once
"""


INTERRUPTED_CODE = 130
"""Exit code after Ctrl-C, as shells have it."""

TERMINATED_CODE = 143
"""Exit code where a batch system, or a container that is stopped, ends the process (SIGTERM) while it trains."""

INTERRUPTED = "interrupted; nothing is lost: the same command goes on where this one stopped"


def main(arguments: Sequence[str] | None = None, *, interrupted: Callable[[], None] | None = None) -> None:
    """Run a verb; exit with 0, with 2 for an error of the user's, with 130 after Ctrl-C.

    Parameters
    ----------
    arguments
        The words after ``rsgraph``; by default those of the command line.
    interrupted
        Called after Ctrl-C, instead of saying that nothing is lost.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    inform_through(note)
    ensure_home()
    os.environ["PROJ_NETWORK"] = "OFF"  # a coordinate system of a file may name grids by an address
    try:
        with _interrupts_that_last(), safe_children():
            refuse_settings_here()
            _verb(words)(words[1:])
    except KeyboardInterrupt:
        interrupted() if interrupted else fail(INTERRUPTED)
        sys.exit(INTERRUPTED_CODE)
    except SystemExit as stop:
        if stop.code == TERMINATED_CODE:
            fail(INTERRUPTED)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except RsgraphError as error:
        fail(str(error))
        sys.exit(2)


@contextmanager
def _interrupts_that_last() -> Iterator[None]:
    """Raise Ctrl-C again, a moment later, where it came in the middle of a destructor: Python drops it there."""
    before = sys.unraisablehook

    def again(swallowed: sys.UnraisableHookArgs) -> None:
        if issubclass(swallowed.exc_type, KeyboardInterrupt):
            threading.Timer(0.05, _thread.interrupt_main).start()
        else:
            before(swallowed)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _verb(words: Sequence[str]) -> Callable[[list[str]], None]:
    """Return what the first word asks for. Raises ConfigError for a verb that does not exist."""
    verb = words[0] if words else "--help"
    if verb == "cache" and {"-h", "--help"} & set(words[1:]):
        return lambda words: say(import_module("rsgraph.pruning").CACHE_USAGE)
    if verb in ("-h", "--help", "help") or (
        verb in ("components", "label", "sample") and {"-h", "--help"} & set(words[1:])
    ):
        return lambda words: say(USAGE)
    if verb == "--version":
        return lambda words: say(f"rsgraph {__version__}")
    if verb not in VERBS:
        raise ConfigError(f"unknown verb '{verb}'; choose one of: {', '.join(VERBS)}")
    return VERBS[verb]


def _configured(words: list[str], *, verb: str) -> None:
    """Do a verb whose options are those of ``conf/<verb>.yaml``: once, or at each point of a sweep."""
    from rsgraph.composition import PRINTS, composed, raise_errors, show  # Hydra: half a second

    line = split_line(words, verb=verb)
    if line.path is not None:
        line.overrides.insert(0, f"{'data.path' if verb == 'run' else 'workspace'}={quote(line.path)}")
    if PRINTS & {*line.flags}:
        show(verb, line)
        return
    with composed(verb, line) as start:
        raise_errors(start())


def _label(words: list[str]) -> None:
    """Open napari on a workspace, made first where a scene is given. The viewer is its own distribution."""
    from rsgraph.label_line import asked

    wanted = asked(words)
    if find_spec("napari_rsgraph") is None:
        raise NotInstalled(
            "`rsgraph label` opens napari through the package napari-rsgraph, which is not installed: "
            "`pip install ./plugins/napari-rsgraph[pyside6]` in the checkout of rsgraph"
        )
    import_module("napari_rsgraph.launch").label(
        wanted.workspace,
        run=wanted.run,
        train=wanted.train,
        display=wanted.display,
        read_only=wanted.read_only,
        links=wanted.links,
    )


def _sample(words: list[str]) -> None:
    """Open napari on the user's copy of the sample, which is made where there is none."""
    from rsgraph.samples.copying import sample_copy

    line = split_line(words, verb="sample")
    options = [*line.flags, *line.overrides]
    unknown = [word for word in options if not word.startswith(("display=", "read_only="))]
    if unknown:
        raise ConfigError(f"rsgraph sample takes FOLDER, display=... and read_only=true. Got {' '.join(unknown)}.")
    folder = sample_copy(None if line.path is None else Path(line.path))
    place = shlex.quote(str(folder))
    say(f"your copy of the sample, with all labels that you give, is the workspace {folder}")
    say(f"  rsgraph evaluate {place}    measures it against its land cover")
    _label([str(folder), *options])


def _cache(words: list[str]) -> None:
    """List what the stage cache holds, or remove some of it."""
    import_module("rsgraph.pruning").cache(words)


def _components(words: list[str]) -> None:
    from rsgraph.components import KINDS, registry

    if words:
        raise ConfigError(f"rsgraph components takes no arguments. Got {' '.join(words)} instead.")
    for kind in KINDS:
        names = registry(kind)
        say(f"{kind}")
        for name in names:
            say(f"  {name:<20} {names.describe(name)}")


VERBS: dict[str, Callable[[list[str]], None]] = {
    "run": partial(_configured, verb="run"),
    "label": _label,
    "export": partial(_configured, verb="export"),
    "evaluate": partial(_configured, verb="evaluate"),
    "sample": _sample,
    "cache": _cache,
    "components": _components,
}
