"""One address of Redis or Valkey, in the two spellings its clients want."""

from urllib.parse import parse_qs, urlsplit


def broker_url(redis_url: str) -> str:
    """The same place as Celery writes it; only unix sockets are spelled differently.

    >>> broker_url("unix:///data/valkey.sock?db=0")
    'redis+socket:///data/valkey.sock?virtual_host=0'
    >>> broker_url("redis://cache:6379/1")
    'redis://cache:6379/1'
    """
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
