"""The Celery app of workers and beat.

Early ack and no prefetch: late ack delivers running windows again at each drop of the broker, and what a
crash loses, leases and beat bring back. Nothing waits on a result.
"""

import os
import sys
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import beat_init, setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Who the portal runs as is the operator's choice; the image has a user of its own.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("topmast")


@app.on_configure.connect  # type: ignore[untyped-decorator]
def _configure(sender: Any, **_: Any) -> None:
    from django.conf import settings

    sender.conf.broker_url = settings.CELERY_BROKER_URL


app.conf.update(
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue="celery",
    worker_disable_prefetch=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A dead broker is noticed; a blocking read is longer than redis-py's own five seconds.
    broker_transport_options={
        "socket_timeout": 15.0,
        "socket_connect_timeout": 5.0,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "visibility_timeout": 3600,
    },
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
    beat_max_loop_interval=3,
    timezone="UTC",
    enable_utc=True,
    beat_schedule={
        "dispatch": {"task": "metrics.tasks.dispatch", "schedule": 3.0, "options": {"expires": 10}},
        # Workers look twice a second by themselves; this starts a dispatcher that has died.
        "tell": {"task": "metrics.tasks.flush_groups", "schedule": 15.0, "options": {"expires": 10}},
        "keep": {"task": "metrics.tasks.keep", "schedule": 60.0, "options": {"expires": 50}},
    },
)
app.autodiscover_tasks(["metrics", "clusters", "portal"])


@setup_logging.connect  # type: ignore[untyped-decorator]
def _use_our_logging(**_: Any) -> None:
    """Django has set logging up already; Celery leaves it alone when somebody answers this."""


@worker_init.connect  # type: ignore[untyped-decorator]
@beat_init.connect  # type: ignore[untyped-decorator]
def _refuse_unsafe_production(**_: Any) -> None:
    """Signals swallow exceptions; an exit they let through."""
    from django.core.exceptions import ImproperlyConfigured

    from portal.checks import refuse_unsafe_production

    try:
        refuse_unsafe_production()
    except ImproperlyConfigured as fault:
        sys.exit(str(fault))
