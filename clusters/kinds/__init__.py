"""One file per Kubernetes kind: where to read it, which fields we keep, how an object becomes a Resource.

Adding a kind adds a file and edits no list. No I/O in here."""

import functools
import importlib
import pkgutil

from clusters.kinds.kind import Kind


@functools.cache
def all_kinds() -> tuple[Kind, ...]:
    """Every kind we read, found by its file, in order of name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.KIND for m in modules if hasattr(m, "KIND")), key=lambda kind: kind.name))


@functools.cache
def kind_named(name: str) -> Kind:
    """The kind of that name, with or without its group: `Deployment`, `Deployment.apps`.

    Raises KeyError where we read no such kind.
    """
    for kind in all_kinds():
        if name in (kind.name, f"{kind.name}.{kind.group}"):
            return kind
    raise KeyError(name)
