"""Experiments that survive a swapped component: what they set of the one that they were written for.

``experiment=laptop encoder=bands`` narrows a U-Net that is not there: ``encoder.width`` is left out, and that is
said.
What fits the new component counts for it as well, and what the user types himself is never left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rsgraph.components import registry
from rsgraph.config import Typed
from rsgraph.options import RUN_KINDS, Options
from rsgraph.stages.plan import deepest, layers_of

_MAKERS = ("target", "encoder", "gnn")
"""Kinds whose components make layers."""


def fitting_parameters(config: Mapping[str, Any], typed: Typed | None) -> tuple[dict[str, Any], list[str]]:
    """Leave out the parameters that experiments set of components which are not those of the run.

    Parameters
    ----------
    config
        Resolved, plain dicts.
    typed
        Of the command line; None: everything counts as typed.

    Returns
    -------
    tuple
        The config without them, and a sentence for each component that some were left out of.
    """
    found, said = dict(config), []
    for kind in RUN_KINDS if typed is not None and typed.written_for else ():
        assert typed is not None
        section = config[kind]
        strange = [name for name in section if _is_strange(kind, name, section["name"], typed)]
        if strange:
            found[kind] = {name: value for name, value in section.items() if name not in strange}
            meant = typed.written_for[f"{kind}.{strange[0]}"][kind]
            said.append(
                f"experiment={_shown(typed)} sets {_listed(f'{kind}.{name}' for name in strange)} of {meant}, which "
                f"{kind}={section['name']} does not have: left out"
            )
    return found, said


def fitting_layers(options: Options, typed: Typed | None) -> tuple[Options, list[str]]:
    """Put what is made in the place of layers and vectors that an experiment asks for and swapped components lack.

    Parameters
    ----------
    options
        Of the run, each component with parameters of its own.
    typed
        Of the command line; None: everything counts as typed.

    Returns
    -------
    tuple
        The options, and a sentence for each that was changed. What was typed stays as it is, as does everything
        where the components are those of the experiment: then a mistake is a mistake.
    """
    asked = [name for name in ("layer", "maps", "chips") if _is_swapped(f"embedding.{name}", options, typed)]
    if not asked:
        return options, []
    assert typed is not None
    embedding, layers, said = options.embedding, layers_of(options), []
    if "chips" in asked and embedding.chips == "latent" and not options.encoder.build().makes_latents:
        embedding = replace(embedding, chips=None)
        said.append(
            f"embedding.chips=latent, which encoder={options.encoder.name} does not make: segments are compared"
        )
    if "layer" in asked and embedding.layer is not None and embedding.layer not in layers:
        said.append(f"embedding.layer={embedding.layer}, which is not made: {deepest(layers)} takes its place")
        embedding = replace(embedding, layer=deepest(layers))
    lacking = [name for name in embedding.maps or () if name not in layers]
    if "maps" in asked and lacking:
        kept = [name if name in layers else deepest(layers) for name in embedding.maps or ()]
        said.append(f"a map of {_listed(lacking)}, which is not made: that of {deepest(layers)} takes its place")
        embedding = replace(embedding, maps=list(dict.fromkeys(kept)))
    return replace(options, embedding=embedding), [f"experiment={_shown(typed)} asks for {text}" for text in said]


def _is_strange(kind: str, name: str, chosen: str, typed: Typed) -> bool:
    """Tell whether a parameter was set by an experiment, for another component, which has it, as this has not."""
    option = f"{kind}.{name}"
    meant = typed.written_for.get(option, {}).get(kind)
    if meant is None or meant == chosen or option in typed.options or name in _parameters(kind, chosen):
        return False
    return name in _parameters(kind, meant)


def _parameters(kind: str, name: str) -> Sequence[str]:
    """Return the names of a component's parameters, and ``name`` itself; of one that is not there only that."""
    found = registry(kind)
    return ("name", *(inspect.signature(found[name]).parameters if name in found else ()))


def _is_swapped(option: str, options: Options, typed: Typed | None) -> bool:
    """Tell whether an option is an experiment's, written for other components that make layers."""
    if typed is None or option in typed.options or option not in typed.written_for:
        return False
    meant = typed.written_for[option]
    return any(meant.get(kind, "") != getattr(options, kind).name for kind in _MAKERS)


def _shown(typed: Typed) -> str:
    names = typed.experiments
    return names[0] if len(names) == 1 else f"[{','.join(names)}]"


def _listed(names: Any) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else str(last)
