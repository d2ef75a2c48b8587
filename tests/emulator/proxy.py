"""A proxy on loopback between the connector and the emulator, which does to requests what it is told."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Fate(StrEnum):
    """What becomes of a request: where the connection breaks, or which answer it gets instead."""

    DROPPED_BEFORE = "the server never gets it"
    DROPPED_AFTER = "the server does it, and the answer is lost"
    HTTP_500 = "500"
    HTTP_429 = "429"
    SLOW = "the answer takes long"
    SIGN_IN_REFUSED = "390100"
    SESSION_EXPIRED = "390114"
    LOCK_WAITERS = "000625"
    STATEMENT_TIMEOUT = "000630"


LOGIN = "log in"
"""What stands for the SQL of a request to sign in."""
_ERRORS = {
    Fate.SIGN_IN_REFUSED: ("390100", "08001", "Incorrect username or password was specified."),
    Fate.SESSION_EXPIRED: ("390114", "08001", "Authentication token has expired."),
    Fate.LOCK_WAITERS: ("000625", "57014", "The number of waiters for this lock exceeds the 20."),
    Fate.STATEMENT_TIMEOUT: ("000630", "57014", "Statement reached its timeout of 1 second(s)."),
}


@dataclass(slots=True)
class Rule:
    """`fate` for the requests whose SQL `matches`, after the first `skip` of them, `times` times."""

    matches: Callable[[str], bool]
    fate: Fate
    skip: int = 0
    times: int = 1
    met: int = 0

    def takes(self, sql: str) -> bool:
        if not self.matches(sql):
            return False
        self.met += 1
        return self.skip < self.met <= self.skip + self.times


@dataclass(slots=True)
class Proxy:
    """Hands on what no rule takes. `port` is its own."""

    upstream: int
    rules: list[Rule] = field(default_factory=list)
    port: int = 0
    struck: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self, sql: str) -> Fate | None:
        with self._lock:
            for rule in self.rules:
                if rule.takes(sql):
                    self.struck += 1
                    return rule.fate
        return None


@contextlib.contextmanager
def between(upstream: int) -> Iterator[Proxy]:
    """A proxy before the server at the port `upstream`, for the time of the block."""
    proxy = Proxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fate = proxy.fate(_sql(body, self.headers.get("Content-Encoding")))
            if fate is Fate.DROPPED_BEFORE:
                self._drop()
                return
            if fate in (Fate.HTTP_500, Fate.HTTP_429):
                self._answer(int(fate), b'{"success": false}')
                return
            if fate in _ERRORS:
                self._answer(200, _error(*_ERRORS[fate]))
                return
            status, answer = self._forwarded(body)
            if fate is Fate.DROPPED_AFTER:
                self._drop()
                return
            if fate is Fate.SLOW:
                time.sleep(2)
            self._answer(status, answer)

        do_GET = do_DELETE = do_POST  # noqa: N815 - names of the base class

        def _forwarded(self, body: bytes) -> tuple[int, bytes]:
            upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream)
            kept = {
                k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")
            }
            try:
                upstream.request(self.command, self.path, body, kept)
                answer = upstream.getresponse()
                return answer.status, answer.read()
            except OSError:
                return 503, b'{"success": false}'
            finally:
                upstream.close()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _drop(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sql(body: bytes, encoding: str | None) -> str:
    try:
        document = json.loads(gzip.decompress(body) if encoding == "gzip" else body)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    return LOGIN if "data" in document else str(document.get("sqlText", ""))


def _error(code: str, state: str, message: str) -> bytes:
    data = {"errorCode": code, "sqlState": state}
    return json.dumps({"data": data, "code": code, "message": message, "success": False}).encode()
