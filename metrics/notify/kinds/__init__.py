"""One file per kind of destination: how a message becomes its product's form, and what an answer means.

Adding a kind adds a file and edits no list; kinds are strangers to each other. No I/O in here: what leaves,
leaves through metrics.notify.outbound.
"""

import functools
import importlib
import pkgutil

from metrics.notify.kinds.kind import DestinationKind


@functools.cache
def all_kinds() -> tuple[DestinationKind, ...]:
    """Every kind of destination, found by its file, in order of name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.KIND for m in modules if hasattr(m, "KIND")), key=lambda kind: kind.name))


def kind_named(name: str) -> DestinationKind:
    """The kind of that name. Raises KeyError where there is none."""
    for kind in all_kinds():
        if kind.name == name:
            return kind
    raise KeyError(name)
