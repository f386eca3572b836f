"""Builds the programs pinned in tests/real/tools/go.mod, once, into a folder outside the tree."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODULE = Path(__file__).resolve().parent.parent / "tools"
PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kwok",
    "metrics-server",
)
KUSTOMIZE = "kwok-kustomize"
# Part of the cache key: a change of how we build must build again.
_RECIPE = "1"
_VERSION_PACKAGE = "k8s.io/component-base/version"


class ToolsMissing(Exception):
    """The programs are not built, or cannot be. Says what to do."""


def kubernetes_version() -> str:
    """The pinned version of Kubernetes, e.g. v1.36.3."""
    return _pinned("k8s.io/kubernetes")


def folder() -> Path:
    """Where the programs of this very go.mod and go.sum lie, built or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(_RECIPE.encode())
    for name in ("go.mod", "go.sum"):
        digest.update((MODULE / name).read_bytes())
    return cache / "topmast" / "tools" / digest.hexdigest()[:16]


def find() -> Path:
    """The folder of the built programs; raises ToolsMissing when they are not there."""
    built = folder()
    if not built.is_dir():
        raise ToolsMissing(
            "The real API server is not built. Build it once with: python -m tests.real.rig build"
        )
    return built


def build() -> Path:
    """Build what is missing and return the folder. Safe to run twice, also side by side."""
    target = folder()
    if target.is_dir():
        return target
    if shutil.which("go") is None:
        raise ToolsMissing(
            "Go is not installed, so the real API server cannot be built. See https://go.dev/dl/"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(target.with_suffix(".lock")):
        if not target.is_dir():
            _build_into(target)
    return target


def _build_into(target: Path) -> None:
    """Build beside the target and rename, so that a broken-off build is never taken for a whole one."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as beside:
        made = Path(beside) / "made"
        made.mkdir()
        _go("build", "-trimpath", f"-ldflags={_stamp()}", "-o", f"{made}{os.sep}", "tool")
        # The etcd module calls its main package "server".
        (made / "server").rename(made / "etcd")
        _copy_writable(_module_folder("sigs.k8s.io/kwok") / "kustomize", made / KUSTOMIZE)
        missing = [name for name in PROGRAMS if not (made / name).is_file()]
        if missing:
            raise ToolsMissing(f"`go build tool` made no {', '.join(missing)}; look at {MODULE / 'go.mod'}")
        made.rename(target)


def _stamp() -> str:
    """Linker flags: without them /version says v0.0.0-master and clients take it for an old server."""
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return "-s -w " + " ".join(f"-X {_VERSION_PACKAGE}.{name}={value}" for name, value in values.items())


def _pinned(module: str) -> str:
    text = (MODULE / "go.mod").read_text()
    match = re.search(rf"^\s*{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if match is None:
        raise ToolsMissing(f"{MODULE / 'go.mod'} pins no {module}")
    return match[1]


def _module_folder(module: str) -> Path:
    return Path(_go("list", "-m", "-f", "{{.Dir}}", module).strip())


def _go(*arguments: str) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    answer = subprocess.run(
        ["go", *arguments], cwd=MODULE, env=environment, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise ToolsMissing(f"go {arguments[0]} failed:\n{answer.stderr.strip()[-4000:]}")
    return answer.stdout


def _copy_writable(source: Path, target: Path) -> None:
    """Go's module cache is read-only; a copy with those rights could not be cleaned away."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
