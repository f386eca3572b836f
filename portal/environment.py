"""What the operator set: the environment, checked once and turned into values.

Every fault is a sentence that names the variable and says what to set. `docs/operations.md` lists the names.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from clusters.connection.guard import parse_ranges
from clusters.connection.settings import AddressRange

T = TypeVar("T")

ENVIRONMENTS = ("embedded", "production")
LOG_FORMATS = ("text", "json")
DATABASE_SCHEMES = ("postgres", "postgresql", "sqlite")
REDIS_SCHEMES = ("redis", "rediss", "unix")
SHORTEST_SECRET = 50

# Where a cluster is when the portal runs on somebody's own machine.
EMBEDDED_RANGES = "loopback, private"


class EnvironmentFault(Exception):
    """One or more variables are wrong; the text has a sentence for each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True)
class Environment:
    """All that is read from the environment. Empty text: not set."""

    is_production: bool
    bind: str
    port: int
    public_url: str
    allowed_hosts: tuple[str, ...]
    is_debug: bool
    data_dir: Path
    key_file: Path
    is_key_file_set: bool
    secret_key: str
    admin_password: str
    shows_demo: bool
    time_zone: str
    cluster_ranges: tuple[AddressRange, ...]
    webhook_ranges: tuple[AddressRange, ...]
    database_url: str
    redis_url: str
    proxy_ranges: str
    worker_processes: int
    journal_days: float
    alert_days: float
    journal_gb: float
    usage_minutes: float
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_seconds: float
    log_format: str

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Where our own pages may come from: the public address; embedded, also this machine's names."""
        if self.is_production:
            return (self.origin,)
        own = (f"http://{host}:{self.port}" for host in ("127.0.0.1", "localhost", "[::1]"))
        return tuple(dict.fromkeys([self.origin, *own]))

    @property
    def is_https(self) -> bool:
        """Whether people reach the portal by https."""
        return self.public_url.startswith("https://")

    def __repr__(self) -> str:
        kind = "production" if self.is_production else "embedded"
        return f"<Environment {kind} {self.public_url} in {self.data_dir}>"


def read_environment(variables: Mapping[str, str], *, base_dir: Path) -> Environment:
    """Check and turn into values. Raises EnvironmentFault with every fault at once."""
    reader = _Reader(variables)
    is_production = reader.choice("TOPMAST_ENV", ENVIRONMENTS) == "production"
    bind, port = (
        reader.value("TOPMAST_BIND", "127.0.0.1", _address),
        reader.value("TOPMAST_PORT", "8000", _port),
    )
    data_dir = base_dir / Path(reader.text("TOPMAST_DATA_DIR", "data")).expanduser()
    key_file = reader.text("TOPMAST_KEY_FILE", "")
    default_url = f"http://{_reachable(bind)}:{port}" if bind and port else "http://127.0.0.1:8000"
    public_url = reader.value("TOPMAST_PUBLIC_URL", default_url, _public_url) or default_url
    environment = Environment(
        is_production=is_production,
        bind=bind or "127.0.0.1",
        port=port or 8000,
        public_url=public_url,
        allowed_hosts=_production_hosts(reader.text("TOPMAST_PUBLIC_URL", ""))
        if is_production
        else _embedded_hosts(public_url),
        is_debug=reader.claim("TOPMAST_DEBUG", "0"),
        data_dir=data_dir,
        key_file=base_dir / Path(key_file).expanduser() if key_file else data_dir / "cluster.key",
        is_key_file_set=bool(key_file),
        secret_key=reader.value("TOPMAST_SECRET_KEY", "", _secret) or "",
        admin_password=reader.text("TOPMAST_ADMIN_PASSWORD", ""),
        shows_demo=reader.claim("TOPMAST_DEMO", "0" if is_production else "1"),
        time_zone=reader.value("TOPMAST_TIME_ZONE", "UTC", _time_zone) or "UTC",
        cluster_ranges=reader.value(
            "TOPMAST_CLUSTER_RANGES", "" if is_production else EMBEDDED_RANGES, _ranges
        )
        or (),
        webhook_ranges=reader.value("TOPMAST_WEBHOOK_RANGES", "", _ranges) or (),
        database_url=reader.value("DATABASE_URL", "", _database_url) or "",
        redis_url=reader.value("REDIS_URL", "", _redis_url) or "",
        proxy_ranges=reader.text("TOPMAST_PROXY_ADDRESSES", "127.0.0.1"),
        worker_processes=reader.value("TOPMAST_WORKERS", "1", _workers) or 1,
        journal_days=reader.value("TOPMAST_JOURNAL_DAYS", "7", _amount) or 7,
        alert_days=reader.value("TOPMAST_ALERT_DAYS", "90", _amount) or 90,
        journal_gb=reader.value("TOPMAST_JOURNAL_GB", "5", _amount) or 5,
        usage_minutes=reader.value("TOPMAST_USAGE_MINUTES", "60", _amount) or 60,
        group_wait_seconds=reader.value("TOPMAST_GROUP_WAIT_SECONDS", "30", _amount) or 30,
        group_interval_seconds=reader.value("TOPMAST_GROUP_INTERVAL_SECONDS", "300", _amount) or 300,
        repeat_seconds=reader.value("TOPMAST_REPEAT_SECONDS", "14400", _amount) or 14400,
        log_format=reader.choice("TOPMAST_LOG", LOG_FORMATS),
    )
    if reader.faults:
        raise EnvironmentFault(reader.faults)
    return environment


class _Reader:
    """Reads variables, and keeps a sentence for each that is wrong."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._variables = variables

    def text(self, name: str, default: str) -> str:
        """As it stands; empty counts as not set."""
        return self._variables.get(name, "").strip() or default

    def value(self, name: str, default: str, parse: Callable[[str], T]) -> T | None:
        """Parsed; None with a fault kept where it does not parse."""
        try:
            return parse(self.text(name, default))
        except ValueError as fault:
            self.faults.append(f"{name} {fault}")
            return None

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few words, the first by default."""
        text = self.text(name, choices[0])
        if text not in choices:
            self.faults.append(f"{name} is {text!r}. Set it to {' or '.join(choices)}.")
        return text

    def claim(self, name: str, default: str) -> bool:
        """0 or 1."""
        text = self.text(name, default)
        if text not in ("0", "1"):
            self.faults.append(f"{name} is {text!r}. Set it to 1 for yes or 0 for no.")
        return text == "1"


def _address(text: str) -> str:
    if text == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError(
            f"is {text!r}. Set it to an IP address of this machine, such as 127.0.0.1 (only from here) "
            "or 0.0.0.0 (from everywhere)."
        ) from None


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError(f"is {text!r}. Set it to a port from 1 to 65535.")


def _workers(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 64:
        return int(text)
    raise ValueError(f"is {text!r}. Set it to the number of worker processes, 1 to 64.")


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    is_plain = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain or "*" in text:
        raise ValueError(
            "is not an address people can open. Set it to scheme, host and port only, "
            "such as https://topmast.example.org."
        )
    return text.rstrip("/")


def _secret(text: str) -> str:
    if text and (len(text) < SHORTEST_SECRET or len(set(text)) < 8):
        raise ValueError(
            f"is too easy to guess. Set it to at least {SHORTEST_SECRET} random characters; "
            "`openssl rand -base64 48` prints some."
        )
    return text


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"is {text!r}. Set it to a name such as Europe/Berlin or UTC.") from None
    return text


def _ranges(text: str) -> tuple[AddressRange, ...]:
    try:
        return parse_ranges(text)
    except ValueError:
        raise ValueError(
            f"is {text!r}. Set it to networks with commas, such as 10.0.0.0/8, or loopback or private."
        ) from None


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < 1e6:
        raise ValueError(f"is {text!r}. Set it to a number above 0.")
    return number


def _database_url(text: str) -> str:
    if text and urlsplit(text).scheme not in DATABASE_SCHEMES:
        raise ValueError("is not a database's address. Set it to postgres://USER:PASSWORD@HOST:5432/NAME.")
    return text


def _redis_url(text: str) -> str:
    if text and urlsplit(text).scheme not in REDIS_SCHEMES:
        raise ValueError("is not an address of Redis or Valkey. Set it to redis://HOST:6379/0.")
    return text


def _reachable(bind: str) -> str:
    address = ip_address(bind)
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return bind if address.version == 4 else f"[{bind}]"


def _production_hosts(public_url: str) -> tuple[str, ...]:
    """Only the host people type. None where it is not set: the portal then refuses to start."""
    return (_host(public_url),) if public_url else ()


def _embedded_hosts(public_url: str) -> tuple[str, ...]:
    """The public host, and the names of one's own machine."""
    return tuple(dict.fromkeys([_host(public_url), "127.0.0.1", "localhost", "[::1]"]))


def _host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host
