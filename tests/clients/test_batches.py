"""Batches of requests by each client generation, the command line and plain HTTP (`drivers/batch_life.py`, docs/gate.md).

What answers them is examples/upstream.mjs, in a process of its own, and for what has to wait `holding.py`.
"""

import re

import pytest

import server as servers
from drivers.waiting import awaited
from generations import drive_all
from holding import Holding
from test_cli import CommandLine
from test_client_deployments import UUID
from test_requests import as_list
from transcripts import done, on_the_wire, refused

# Which generation has a call that cancels several, and which had no helper yet that waits for a request.
CANCELLING = "4.15.0"
WITHOUT_HELPER = "3.16.1"


@pytest.fixture(scope="module")
def holding():
    """Where requests are held until they are let go."""
    with servers.serving(Holding()) as url:
        yield url


@pytest.fixture(scope="module")
def served(world, upstream, holding):
    """Makes a project whose deployments have the upstream behind them, with a service user who may send requests."""

    def make():
        project = world.project()
        world.serve(project, "double", f"{upstream}/predict")
        world.serve(project, "echo", f"{upstream}/echo", side="plain")
        world.serve(project, "held", f"{holding}/{project.name}", max_concurrency=1)
        world.serve(project, "missing", f"{upstream}/nothing-there")
        return project, world.service_user(project, role="deployment-request-user")

    return make


@pytest.fixture(scope="module")
def lives(world, server, served, holding):
    """The transcripts of all generations, each in a project of its own."""

    def plan(version):
        project, user = served()
        return {"host": f"{server.url}/v2.1", "service_user_token": user.token, "project": project.name,
                "let_go": f"{holding}/{project.name}"}

    return drive_all("batch_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


@pytest.fixture(scope="module")
def raw(served):
    """A project, and a function that posts below its deployments as its service user."""
    project, user = served()

    def post(path, data, **headers):
        return user.caller.post(f"{project.path}/deployments/{path}", data, headers=headers)

    return post


def test_a_batch_is_accepted_at_once_with_an_id_for_each(life):
    made = on_the_wire(life["create"], 200)
    assert len({one["id"] for one in made}) == 3
    for one in made:
        assert re.fullmatch(UUID, one["id"])
        assert (one["deployment"], one["version"], one["status"]) == ("double", "v1", "pending")
        assert one["time_created"]
    assert [one["id"] for one in done(life["create"], 200)] == [one["id"] for one in made]
    [of_version] = done(life["create_of_version"], 200)
    assert of_version["version"] == "v1"
    assert len(done(life["create_plain"], 200)) == 2


def test_what_waits_is_listed_as_pending_and_can_be_cancelled_but_not_deleted(life, version):
    held = {one["id"] for one in done(life["create_held"], 200)}
    pending = done(life["list_pending"], 200)
    assert len(pending) == 2 and {one["id"] for one in pending} < held
    assert {one["status"] for one in pending} == {"pending"}
    assert "cancel" in refused(life["delete_pending"], 400)
    assert on_the_wire(life["cancel"], 200)["status"] == "cancelled"
    other = on_the_wire(life["cancel_other"], 200)
    if version == CANCELLING:
        assert other == {"success": True}
    else:
        assert other["status"] == "cancelled"
    cancelled = done(life["get_cancelled"], 200)
    assert len(cancelled) == 2 and {one["status"] for one in cancelled} == {"cancelled"}
    assert {one["id"] for one in done(life["list_cancelled"], 200)} == {one["id"] for one in cancelled}


def test_too_many_and_a_faulty_one_are_refused_whole(life):
    assert "251" in refused(life["create_too_many"], 400)
    assert "[1].x" in refused(life["create_faulty"], 400)
    made = {one["id"] for step in ("create", "create_of_version") for one in done(life[step], 200)}
    assert {one["id"] for one in done(life["list_completed"], 200)} == made


def test_waiting_for_a_request_ends_with_it(life, version):
    of_default, of_version, failing = life["waited"]["value"]
    assert (of_default, of_version) == ("completed", "completed")
    if version == WITHOUT_HELPER:
        assert failing == "failed"
    else:
        assert failing.startswith("StatusError: Deployment request: failed")


def test_what_has_run_is_collected(life):
    by_id = {one["id"]: one for one in done(life["collect"], 200)}
    found = [by_id[one["id"]] for one in done(life["create"], 200)]
    assert [(one["status"], one["request_data"], one["result"]) for one in found] == [
        ("completed", {"x": 1}, {"y": 2}),
        ("completed", {"x": 2.5}, {"y": 5}),
        ("completed", {"x": 3}, {"y": 6}),
    ]
    assert all(one["time_started"] and one["time_completed"] for one in found)
    [of_version] = done(life["collect_of_version"], 200)
    assert of_version["result"] == {"y": 8}
    assert sorted(one["result"] for one in done(life["collect_plain"], 200)) == ["GOOD", "MORNING"]
    [failed] = done(life["collect_failing"], 200)
    assert (failed["status"], failed["error_message"]) == ("failed", "the upstream answered 404")
    made = {one["id"] for step in ("create", "create_of_version") for one in done(life[step], 200)}
    assert {one["id"] for one in done(life["list_of_version"], 200)} == made


def test_records_are_deleted_at_once(life):
    assert life["delete"]["status"] == 200, life["delete"]
    refused(life["collect_deleted"], 404)


def collected(raw, deployment, ids):
    """The records of these requests when they have ended."""

    def look():
        answer = raw(f"{deployment}/requests/collect", ids)
        assert answer.status_code == 200, answer.text
        return {one["id"]: one for one in answer.json()}

    found = awaited(look, lambda found: all(one["status"] in ("completed", "failed") for one in found.values()))
    return [found[one] for one in ids]


def test_one_request_stands_without_a_list(raw):
    answer = raw("double/versions/v1/requests/batch", {"x": 21})
    assert answer.status_code == 200, answer.text
    [made] = answer.json()
    [record] = collected(raw, "double", [made["id"]])
    assert (record["status"], record["result"]) == ("completed", {"y": 42})


def test_two_hundred_and_fifty_fit(raw):
    answer = raw("echo/requests/batch", ["word"] * 250)
    assert answer.status_code == 200, answer.text
    assert len({one["id"] for one in answer.json()}) == 250
    assert raw("echo/requests/batch", ["word"] * 251).status_code == 400
    assert raw("echo/requests/batch", []).status_code == 400
    # What is not wanted any more waits no longer.
    assert raw("echo/requests/cancel?status=pending", []).status_code == 200


def test_an_idempotency_key_gives_the_same_ids_again(raw):
    data, key = [{"x": 5}, {"x": 6}], {"Idempotency-Key": '"once"'}
    first = raw("double/requests/batch", data, **key)
    assert first.status_code == 200, first.text
    assert "Idempotent-Replayed" not in first.headers
    again = raw("double/requests/batch", data, **key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert raw("double/requests/batch", data[:1], **key).status_code == 422
    results = [one["result"] for one in collected(raw, "double", [one["id"] for one in first.json()])]
    assert results == [{"y": 10}, {"y": 12}]


def test_the_command_line_makes_a_batch_and_reads_it(tmp_path, server, served):
    _, user = served()
    ubiops = CommandLine(tmp_path, server.url)
    assert ubiops.sign_in(f"Token {user.token}")[0] == 0
    requests = ("deployments", "requests")

    status, output = ubiops(*requests, "create", "double", "--batch", "--data", '{"x": 1}', "--data", '{"x": 2}', "-fmt", "json")
    assert status == 0, output
    made = as_list(output)
    assert [one["status"] for one in made] == ["pending", "pending"], output
    status, output = ubiops(*requests, "create", "echo", "-v", "v1", "--batch", "--data", "good morning")
    assert status == 0 and "pending" in output, output

    ids = [argument for one in made for argument in ("-id", one["id"])]

    def look():
        status, output = ubiops(*requests, "get", "double", *ids, "-fmt", "json")
        assert status == 0, output
        found = as_list(output)
        assert {one["id"] for one in found} == {one["id"] for one in made}, output
        return {one["status"] for one in found}

    assert awaited(look, lambda statuses: statuses == {"completed"}) == {"completed"}
