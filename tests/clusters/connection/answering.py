"""An HTTPS server that answers as it was told: for answers no API server would ever give."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.clusters.certificates import Pair

Reply = tuple[int, object]

VERSION = "/version"
WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
NAMESPACES = "/api/v1/namespaces"
USAGE = "/apis/metrics.k8s.io/v1beta1/nodes"


@dataclass
class Script:
    """What is answered on each path, and what was asked. Reviews say yes but for what is `refused`."""

    uid: str = "11111111-0000-0000-0000-000000000001"
    date: str = "Fri, 15 Jan 2027 08:00:00 GMT"
    content_type: str = "application/json"
    refused: set[tuple[str, str]] = field(default_factory=set)
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)

    def reply(self, path: str, body: bytes) -> Reply:
        """The answer to one request."""
        if path in self.replies:
            return self.replies[path]
        if path == REVIEW:
            wanted = json.loads(body)["spec"]["resourceAttributes"]
            return 201, {"status": {"allowed": (wanted["verb"], wanted["resource"]) not in self.refused}}
        usual: dict[str, Reply] = {
            VERSION: (200, {"gitVersion": "v1.36.3"}),
            WHO_AM_I: (201, {"status": {"userInfo": {"username": "system:serviceaccount:topmast:reader"}}}),
            NAMESPACES: (200, {"items": [{"metadata": {"name": "kube-system", "uid": self.uid}}]}),
            USAGE: (200, {"items": []}),
        }
        return usual.get(path, (404, {"kind": "Status", "code": 404}))


@contextmanager
def serving(script: Script, pair: Pair, folder: Path) -> Iterator[str]:
    """The address of a server that follows the script until the end of the block."""
    (folder / "server.pem").write_text(pair.certificate_pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server = _Server(("127.0.0.1", 0), _handler(script))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            script.asked.append(f"{self.command} {self.path}")
            script.authorizations.add(self.headers.get("authorization", ""))
            status, content = script.reply(path, body)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response_only(status)
            self.send_header("date", script.date)
            self.send_header("content-type", script.content_type)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    return Handler
