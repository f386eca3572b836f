"""Plain HTTPS requests to one API server, without any client library in between."""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Credential:
    """Who asks: a client certificate, or a bearer token. Neither: nobody in particular."""

    certificate: Path | None = None
    key: Path | None = None
    token: str | None = None


@dataclass(frozen=True)
class ApiClient:
    """Asks one API server as one user."""

    server: str
    authority: Path
    credential: Credential
    timeout_seconds: float = 30.0

    def get(self, path: str, *, accept: str = "application/json") -> Answer:
        """Read a path."""
        return self.ask("GET", path, accept=accept)

    def patch(self, path: str, change: object) -> Answer:
        """Change some fields of an object (JSON merge patch)."""
        return self.ask("PATCH", path, body=change, content_type="application/merge-patch+json")

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> Answer:
        """One request, one answer. Raises OSError when nobody answers."""
        address = urlsplit(self.server)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=self._tls(), timeout=self.timeout_seconds
        )
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, path, body=content, headers=self._headers(accept, content_type))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=headers, body=answer.read())
        finally:
            connection.close()

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        if self.credential.certificate and self.credential.key:
            context.load_cert_chain(self.credential.certificate, self.credential.key)
        return context

    def _headers(self, accept: str, content_type: str) -> dict[str, str]:
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": "topmast-rig"}
        if self.credential.token:
            headers["Authorization"] = f"Bearer {self.credential.token}"
        return headers
