"""The portal's programs and their command lines; docker-compose.yml names the same ones."""

import sys
from collections.abc import Mapping
from pathlib import Path

from portal.environment import Environment
from portal.supervision.child import Program
from portal.supervision.valkey import valkey_program

# Enough for short tasks; the watch windows run on the worker's loop and hold no thread.
WORKER_THREADS = 16


def web_program(environment: Environment) -> Program:
    """Pages, REST and sockets."""
    return Program(
        name="web",
        command=(
            *(sys.executable, "-m", "uvicorn", "portal.asgi:application"),
            *("--host", environment.bind, "--port", str(environment.port)),
            *("--loop", "uvloop", "--http", "httptools"),
            *("--ws", "metrics.live.protocol:BoundedWebSocketProtocol", "--ws-per-message-deflate", "false"),
            *("--proxy-headers", "--forwarded-allow-ips", environment.proxy_ranges),
            *("--no-server-header", "--no-access-log", "--log-level", "warning"),
            *("--timeout-graceful-shutdown", "3"),
        ),
    )


def worker_program(number: int) -> Program:
    """Celery's worker: watches clusters, and whatever else must ask one."""
    name = "worker" if number == 1 else f"worker-{number}"
    return Program(
        name=name,
        command=(
            *(sys.executable, "-m", "celery", "--quiet", "-A", "portal", "worker"),
            *("--pool", "threads", "--concurrency", str(WORKER_THREADS), "--queues", "celery,windows"),
            *("--hostname", f"{name}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--loglevel", "INFO"),
        ),
    )


def beat_program() -> Program:
    """Celery's clock. Its schedule lives in memory: everything in it is due within a minute anyhow."""
    return Program(
        name="beat",
        command=(
            *(sys.executable, "-m", "celery", "--quiet", "-A", "portal", "beat"),
            *("--scheduler", "celery.beat.Scheduler", "--pidfile", "", "--loglevel", "INFO"),
        ),
    )


def all_programs(environment: Environment, *, valkey_directory: Path) -> list[Program]:
    """In the order they are started."""
    programs = [] if environment.redis_url else [valkey_program(valkey_directory)]
    programs.append(web_program(environment))
    programs += [worker_program(number) for number in range(1, environment.worker_processes + 1)]
    programs.append(beat_program())
    return programs


def child_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """What children get of our environment: all of it, but the password of the first administrator."""
    kept = {name: value for name, value in variables.items() if name != "TOPMAST_ADMIN_PASSWORD"}
    # Many threads otherwise hold on to memory that one of them freed.
    return {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONUNBUFFERED": "1",
        **kept,
        "MALLOC_ARENA_MAX": "2",
        # A fixed threshold: else the first freed page of a list makes glibc keep all later ones.
        "MALLOC_MMAP_THRESHOLD_": "131072",
    }
