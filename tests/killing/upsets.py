"""What else may happen to the stores that the portal stands on, but being killed."""

import os
import signal
from collections.abc import Mapping

import redis

UPSETS = ("flushed", "full", "restarted")


def upset(how: str, store: str, pids: Mapping[str, int], redis_url: str) -> None:
    """Have it happen."""
    if how == "restarted":
        os.kill(pids[store], signal.SIGINT)  # PostgreSQL's fast shutdown; Redis and Valkey save and end.
        return
    with redis.Redis.from_url(redis_url) as client:
        if how == "flushed":
            client.flushall()
        else:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 1)


def soothe(how: str, redis_url: str) -> None:
    """Undo what does not end by itself."""
    if how == "full":
        with redis.Redis.from_url(redis_url) as client:
            client.config_set("maxmemory", 0)
