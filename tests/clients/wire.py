"""HTTP as the tests speak it, with a ledger of what went over it.

`Caller` is an ordinary HTTP client with one credential. `exchange` writes bytes to a socket, for what no
client library would send. Both enter each request id and each token they see into the `Ledger`, which the
last test reads: every request has one log line, and no token is anywhere it should not be.
"""

import http.client
import json
import re
import socket
import threading
from dataclasses import dataclass

import requests

REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class Ledger:
    """Every token that was issued and every request id that was answered in this run, and those that an upstream failed."""

    def __init__(self):
        self.tokens = set()
        self.request_ids = []
        self.failed_upstream = set()
        self._lock = threading.Lock()

    def saw(self, request_id, body):
        """Enters one answer."""
        with self._lock:
            if request_id:
                self.request_ids.append(request_id)
            self.tokens.update(tokens_in(body))


def tokens_in(value):
    """Every non-empty string under a key `token`, `secret_key` or `upstream_secret`, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("token", "secret_key", "upstream_secret") and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from tokens_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from tokens_in(inner)


class Caller:
    """Somebody with a token, or nobody. Not for use by two threads at once: see `again`."""

    def __init__(self, base_url, ledger, token=None):
        self.base_url = base_url
        self.ledger = ledger
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False
        if token is not None:
            self._session.headers["Authorization"] = f"Token {token}"

    def again(self):
        """The same somebody on a connection of its own."""
        return Caller(self.base_url, self.ledger, self.token)

    def request(self, method, path, **kwargs):
        """Sends a request; the keywords are those of `requests`."""
        kwargs.setdefault("timeout", 60)
        kwargs.setdefault("allow_redirects", False)
        response = self._session.request(method, self.base_url + path, **kwargs)
        self.ledger.saw(response.headers.get("X-Request-Id"), json_or_none(response.content))
        return response

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.request("POST", path, json=body, **kwargs)

    def patch(self, path, body, **kwargs):
        return self.request("PATCH", path, json=body, **kwargs)

    def put(self, path, body=None, **kwargs):
        return self.request("PUT", path, json=body, **kwargs)

    def delete(self, path, **kwargs):
        return self.request("DELETE", path, **kwargs)

    def options(self, path, **kwargs):
        return self.request("OPTIONS", path, **kwargs)


def json_or_none(content):
    """The body's JSON value, or None when it is something else."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def error_of(response):
    """The sentence of an error answer; fails if it is not `{"error": "<sentence>"}`."""
    body = response.json()
    assert isinstance(body.get("error"), str) and body["error"], f"no sentence in {body}"
    return body["error"]


@dataclass(frozen=True)
class RawAnswer:
    """What came back over a socket; header names in lower case."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


def exchange(address, ledger, request, timeout=60):
    """Writes `request` (bytes) to a connection of its own and reads one answer.

    The server may answer and close before it has read everything, as it should when it refuses a large
    body: a broken pipe while writing is no failure if an answer can be read.
    """
    with socket.create_connection(address, timeout=timeout) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        response = http.client.HTTPResponse(connection, method=request.split(b" ", 1)[0].decode("latin-1"))
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        body = response.read()
    ledger.saw(headers.get("x-request-id"), json_or_none(body))
    return RawAnswer(response.status, headers, body)


def raw_request(method, target, headers=(), body=b"", host="tenantry.test"):
    """The bytes of a request; `target` and the header values are written as they are."""
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1"), b"Host: " + host.encode(), b"Connection: close"]
    for name, value in headers:
        lines.append(name.encode("latin-1") + b": " + (value if isinstance(value, bytes) else value.encode("latin-1")))
    if body:
        lines.append(b"Content-Length: " + str(len(body)).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Cost:
    """D1's own figures for one request: round trips, rows read, rows written."""

    round_trips: int
    rows_read: int
    rows_written: int


SERVER_TIMING = re.compile(r'db;desc="(\d+)/(\d+)/(\d+)";dur=[0-9.]+, ?total;dur=[0-9.]+')


def cost_of(response):
    """The figures of `Server-Timing`, which the server sends under `SERVER_TIMING=true`."""
    timing = response.headers.get("Server-Timing", "")
    match = SERVER_TIMING.fullmatch(timing)
    assert match, f"Server-Timing is {timing!r}"
    return Cost(*map(int, match.groups()))
