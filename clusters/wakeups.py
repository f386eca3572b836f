"""Tell the other processes at once that something changed. Redis carries wake-ups only.

Whoever misses one heals by its own re-read within 15 s, so a failure here is logged and never raised.
Call these after the commit of what they tell about.
"""

import json
import logging
import threading
import uuid
from collections.abc import Iterable

import redis
from django.conf import settings

ACCESS_CHANNEL = "topmast:access"
CLUSTERS_CHANNEL = "topmast:clusters"
WAIT_SECONDS = 0.25

_log = logging.getLogger(__name__)


def publish_access(user_ids: Iterable[int]) -> None:
    """What these users may see or do has changed: their sockets check again."""
    _line.publish(ACCESS_CHANNEL, {"users": sorted(user_ids)})


def publish_access_of_everybody() -> None:
    """What anybody may see may have changed."""
    _line.publish(ACCESS_CHANNEL, {"all": True})


def publish_cluster(cluster_uuid: uuid.UUID | str | None) -> None:
    """A cluster was registered, renamed, paused, given another credential, or (None) several were."""
    _line.publish(CLUSTERS_CHANNEL, {"cluster": str(cluster_uuid) if cluster_uuid else None})


class _Line:
    """One connection to Redis for this process, and whether its loss was already told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._url = ""
        self._client: redis.Redis | None = None
        self._is_down = False

    def publish(self, channel: str, payload: dict[str, object]) -> None:
        """Send one message, or note that it could not be sent."""
        try:
            self._connected().publish(channel, json.dumps(payload))
        except (redis.RedisError, OSError) as error:
            self._note_loss(error)
        else:
            self._is_down = False

    def _connected(self) -> redis.Redis:
        with self._lock:
            if self._client is None or self._url != settings.REDIS_URL:
                self._url = settings.REDIS_URL
                self._client = redis.Redis.from_url(
                    self._url, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS
                )
            return self._client

    def _note_loss(self, error: Exception) -> None:
        if not self._is_down:
            # The class only: the message may hold an address with a password.
            _log.warning("Redis took no wake-up (%s); others notice within 15 s.", type(error).__name__)
        self._is_down = True


_line = _Line()
