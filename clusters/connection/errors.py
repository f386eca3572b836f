"""What can go wrong between us and a cluster, as one small family with reasons from a fixed list."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a cluster, or one kind of it, cannot be read."""

    DNS = "dns"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS_EXPIRED = "tls_expired"
    TLS_UNTRUSTED = "tls_untrusted"
    AUTH_401 = "auth_401"
    FORBIDDEN_403 = "forbidden_403"
    THROTTLED_429 = "throttled_429"
    SERVER_5XX = "server_5xx"
    NOT_KUBERNETES = "not_kubernetes"
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"
    CLOCK_SKEW = "clock_skew"
    BLOCKED_ADDRESS = "blocked_address"
    CREDENTIAL = "credential"


class ClusterError(Exception):
    """A cluster could not be read. Shown on its page as it stands, so no secrets in here.

    `what` says what happened and `hint` what to do, each a sentence; `retry_after_seconds` is what
    the server asked for, already clamped, or None.
    """

    def __init__(
        self, reason: Reason, what: str, hint: str, *, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(f"{what} {hint}".strip())
        self.reason = reason
        self.what = what
        self.hint = hint
        self.retry_after_seconds = retry_after_seconds


class ExpiredVersion(ClusterError):
    """HTTP 410: the server no longer has the version we asked to go on from; list anew."""

    def __init__(self) -> None:
        super().__init__(
            Reason.PROTOCOL, "The API server no longer keeps the changes since our last read.", ""
        )
