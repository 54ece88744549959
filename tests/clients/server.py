"""The server under test: the built wasm module in workerd.

`TENANTRY_URL` names one that runs already (with `TENANTRY_OPERATOR_TOKEN`, and `TENANTRY_D1_FILE` and
`TENANTRY_LOG_FILE` for the tests that look into them); otherwise `tests/support/serve.mjs` starts one. It
prints one line of JSON when it listens, and ends when its standard input closes or on SIGTERM.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[2]
# The set-up brings a Node of its own where the system's is too old.
NODE = REPOSITORY / ".tools" / "node" / "bin" / "node"
SERVE = os.environ.get("TENANTRY_SERVE", f"{NODE if NODE.exists() else 'node'} tests/support/serve.mjs")
# A first start compiles the module and applies every migration, on a machine that may be building too.
START_SECONDS = 180


@dataclass(frozen=True)
class Server:
    """Where it listens and what it writes."""

    url: str
    operator_token: str
    d1_file: Optional[Path]
    log_file: Optional[Path]

    @property
    def address(self):
        """Host and port, for the tests that speak to the socket themselves."""
        parts = urlsplit(self.url)
        return parts.hostname, parts.port or 80


def running():
    """The server that the environment names, or None."""
    url = os.environ.get("TENANTRY_URL")
    if not url:
        return None

    def path(name):
        return Path(os.environ[name]) if os.environ.get(name) else None

    return Server(
        url=url.rstrip("/"),
        operator_token=os.environ["TENANTRY_OPERATOR_TOKEN"],
        d1_file=path("TENANTRY_D1_FILE"),
        log_file=path("TENANTRY_LOG_FILE"),
    )


def start():
    """Starts one; returns it with the process to `stop`."""
    process = subprocess.Popen(
        [*shlex.split(SERVE), "--var", "ALLOW_LOOPBACK_UPSTREAMS=true"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        facts = first_json_line(process.stdout)
    finally:
        watchdog.cancel()
    if facts is None:
        process.kill()
        raise RuntimeError(f"{SERVE!r} ended, or took more than {START_SECONDS} s, before it listened")
    # The pipe must not fill up while the tests run.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process, Server(
        url=facts["url"].rstrip("/"),
        operator_token=facts["operator_token"],
        d1_file=Path(facts["d1_file"]),
        log_file=Path(facts["log_file"]),
    )


def start_upstream(script="examples/upstream.mjs", *, secret=None, interpreter=None, **settings):
    """Starts a server that requests can be sent on to, with these variables; returns its process and its address."""
    process = subprocess.Popen(
        [interpreter or (NODE if NODE.exists() else "node"), script],
        cwd=REPOSITORY,
        env={**os.environ, "UPSTREAM_PORT": "0", "UPSTREAM_SECRET": secret or "", **settings},
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
    if found is None:
        process.kill()
        raise RuntimeError(f"{script} ended, or said {line!r}")
    return process, found.group()


@contextmanager
def serving(server):
    """Has a server of `http.server` serve meanwhile; its address."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def start_openai_upstreams():
    """Starts tests/support/openai-upstreams.mjs; returns its process and what it says of its servers."""
    process = subprocess.Popen(
        [NODE if NODE.exists() else "node", "tests/support/openai-upstreams.mjs"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    urls = first_json_line(process.stdout)
    if urls is None:
        raise RuntimeError("the upstreams that speak OpenAI's protocol ended before they listened")
    return process, urls


def first_json_line(lines):
    """The first line that is a JSON object, or None when there is no more line."""
    for line in lines:
        if line.lstrip().startswith("{"):
            return json.loads(line)
    return None


def stop(process):
    """Ends the process that `start` returned."""
    process.stdin.close()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
