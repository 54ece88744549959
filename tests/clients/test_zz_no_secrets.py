"""After the whole run: no token anywhere on disk, and one log line for each request.

Last in order by its name, so that everything the other files did lies before it. Collected are all tokens
that any answer of this run showed, the operator's included.
"""

import json
from collections import Counter

import pytest

from drivers.waiting import awaited


def contents(path):
    """The bytes of a file and of SQLite's companions beside it."""
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")]
    return b"".join(file.read_bytes() for file in (path, *beside) if file.exists())


def forms(token):
    """The forms in which a careless line might hold a token: itself, and its bytes as base64 would carry them."""
    yield token.encode()
    yield token.upper().encode()
    if len(token) == 40:
        try:
            yield bytes.fromhex(token)
        except ValueError:
            pass


@pytest.fixture(scope="module")
def tokens(world):
    """Every token of the run; a run of this file alone makes a few."""
    if len(world.ledger.tokens) < 3:
        world.service_user(world.project())
    return world.ledger.tokens


def test_no_token_is_in_the_database(server, tokens):
    if server.d1_file is None:
        pytest.skip("TENANTRY_D1_FILE is not set")
    stored = contents(server.d1_file)
    assert b"service_user" in stored, "this is not the database of the run"
    assert [token[:6] + "..." for token in tokens for form in forms(token) if form in stored] == []


def test_no_token_is_in_the_log(server, tokens):
    if server.log_file is None:
        pytest.skip("TENANTRY_LOG_FILE is not set")
    logged = server.log_file.read_bytes()
    assert logged.strip(), "the log is empty"
    assert [token[:6] + "..." for token in tokens for form in forms(token) if form in logged] == []


@pytest.fixture(scope="module")
def lines(server, world, tokens):
    """The request lines of the log, once those of the whole run are there."""
    if server.log_file is None:
        pytest.skip("TENANTRY_LOG_FILE is not set")
    wanted = set(world.ledger.request_ids)
    return awaited(lambda: request_lines(server.log_file), lambda lines: wanted <= {line["request_id"] for line in lines})


def request_lines(log_file):
    """The lines that tell a status: one JSON object each."""
    lines = []
    for line in log_file.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "status" in entry and "request_id" in entry:
            lines.append(entry)
    return lines


def test_each_request_has_an_id_of_its_own_and_exactly_one_line(world, lines):
    answered, logged = Counter(world.ledger.request_ids), Counter(line["request_id"] for line in lines)
    assert [request_id for request_id, times in answered.items() if times > 1] == []
    assert [request_id for request_id in answered if logged[request_id] != 1] == []


def test_no_request_of_the_run_was_a_failure_of_the_server(world, lines):
    assert [line for line in lines if line["status"] >= 500 and line["request_id"] not in world.ledger.failed_upstream] == []
