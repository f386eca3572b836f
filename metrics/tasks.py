"""Celery's entries: ids in, one call each, safe to run twice."""

import os
import socket
import time

from celery import shared_task
from celery.signals import beat_init, worker_init, worker_shutting_down

from clusters import leases
from metrics import keeping
from metrics.alerts import watchdog
from metrics.models import ProcessSeen
from metrics.notify import process as telling
from metrics.reading import process

FORGOTTEN_MS = 86_400_000
"""A process that was not seen for a day is forgotten."""


@shared_task(ignore_result=True, expires=10)
def dispatch() -> None:
    """Hand out the clusters that nobody reads. Beat sends it every few seconds; twice does no harm."""
    for cluster_id in process.in_database(_note_signs_of_life, _now_ms()):
        watch_cluster.apply_async((cluster_id,), queue="windows", expires=15)


@shared_task(ignore_result=True)
def watch_cluster(cluster_id: int) -> None:
    """Hold one cluster's watch for one window, unless another worker holds it.

    The window itself runs on the loop of the process, so a thousand of them take no threads; the task
    returns when the lease is taken. A cluster that cannot be read is news, not a crash.
    """
    process.start().hold(cluster_id)


@shared_task(ignore_result=True, expires=50)
def keep() -> None:
    """Close hours, join journal rows, remove what is older than it is kept for."""
    now_ms = _now_ms()
    ProcessSeen.objects.filter(seen_at_ms__lt=now_ms - FORGOTTEN_MS).delete()
    keeping.keep(now_ms)


@shared_task(ignore_result=True, expires=10)
def flush_groups() -> None:
    """Look at once whether a group has to be told about. A wake-up only: the worker looks by itself too."""
    telling.start().dispatcher.wake()


@shared_task(ignore_result=True, expires=10)
def send_messages() -> None:
    """Look at once whether a message may leave. A wake-up only: the worker looks by itself too."""
    telling.start().dispatcher.wake()


@worker_init.connect
def _start_reading(**_: object) -> None:
    process.start()


@worker_init.connect
def _start_telling(**_: object) -> None:
    telling.start()


@worker_shutting_down.connect
def _stop(**_: object) -> None:
    """Both get ready to stop side by side: whoever stops us does not wait for long."""
    telling.begin_to_stop()
    process.stop()
    telling.stop()


@beat_init.connect
def _watch_evaluators(**_: object) -> None:
    """In beat's process, as it is another than the one that judges."""
    watchdog.start()


def _note_signs_of_life(now_ms: int) -> list[int]:
    """Beat has sent this and a worker has taken it; the clusters that nobody reads."""
    _seen("beat", "beat", now_ms)
    _seen(f"worker {socket.gethostname()}:{os.getpid()}", "worker", now_ms)
    return leases.due(now_ms)


def _seen(name: str, role: str, now_ms: int) -> None:
    ProcessSeen.objects.update_or_create(name=name, defaults={"role": role, "seen_at_ms": now_ms})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
