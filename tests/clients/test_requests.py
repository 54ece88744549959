"""Requests through the gate by each client generation and the command line (`drivers/request_life.py`, docs/gate.md).

What answers them is examples/upstream.mjs, in a process of its own.
"""

import json
import re

import pytest

from generations import drive_all
from test_client_deployments import UUID
from test_client_usage import OLD, measures, values
from test_cli import CommandLine
from transcripts import done, on_the_wire, refused

# Which generations have a helper for streams.
STREAMING = ("4.15.0",)
# Credits an hour: one a second.
PRICE = 3600
# Three events, 100 ms after one another, without what a timer may be early by.
STREAMED = 0.25


@pytest.fixture(scope="module")
def served(world, upstream):
    """Makes a project whose deployments have the upstream behind them, with a service user who may send requests."""
    price = world.name("type")
    answer = world.operator.again().put(f"/operator/v1/instance-types/{price}", {"credits_per_hour": PRICE})
    assert answer.status_code == 200, answer.text

    def make():
        project = world.project()
        world.serve(project, "double", f"{upstream}/predict")
        world.serve(project, "echo", f"{upstream}/echo", side="plain")
        world.serve(project, "count", f"{upstream}/stream", instance_type=price)
        world.serve(project, "missing", f"{upstream}/nothing-there")
        return project, world.service_user(project, role="deployment-request-user")

    return make


@pytest.fixture(scope="module")
def lives(world, server, served):
    """The transcripts of all generations, each in a project of its own."""

    def plan(version):
        project, user = served()
        return {
            "host": f"{server.url}/v2.1",
            "person_token": project.owner.token,
            "service_user_token": user.token,
            "project": project.name,
        }

    return drive_all("request_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_waiting_for_a_version_ends_when_it_has_an_upstream(life):
    assert life["waited"]["value"] == "ended"


def test_a_request_is_answered_with_what_the_upstream_answered(life):
    made = on_the_wire(life["create"], 200)
    assert re.fullmatch(UUID, made["id"])
    assert (made["deployment"], made["version"], made["timeout"]) == ("double", "v1", 60)
    assert (made["status"], made["success"], made["result"], made["error_message"]) == ("completed", True, {"y": 42}, None)
    read = done(life["create"], 200)
    assert {key: made[key] for key in read} == read
    assert done(life["create_of_version"], 200)["result"] == {"y": 3}


def test_a_list_is_answered_with_a_list(life):
    assert done(life["create_of_list"], 200)["result"] == [{"y": 2}, {"y": 4}]


def test_a_plain_deployment_is_sent_and_answers_text(life):
    assert done(life["create_plain"], 200)["result"] == "GOOD MORNING"
    assert done(life["create_plain_of_json"], 200)["result"].replace(" ", "") == '{"A":"B"}'


def test_wrong_input_names_its_field(life):
    assert "x" in refused(life["create_wrong"], 400)


def test_what_the_upstream_refuses_is_a_failed_request(life):
    made = on_the_wire(life["create_failing"], 200)
    assert (made["status"], made["success"], made["result"]) == ("failed", False, None)
    assert made["error_message"] == "the upstream answered 404"


@pytest.mark.parametrize("version", STREAMING)
def test_the_helper_gives_each_value_as_it_was_sent(life):
    streamed = life["streamed"]["value"]
    events = ['{"y":0}', '{"y":2}', '{"y":4}']
    assert streamed["events"] == events
    *given, last = streamed["whole"]
    assert given == events
    assert (last["status"], last["success"], last["timeout"]) == ("completed", True, 3600)
    assert last["result"] == [{"y": 0}, {"y": 2}, {"y": 4}]
    [only] = streamed["of_one_answer"]
    assert only["result"] == {"y": 8}
    assert streamed["failing"] == ["UbiOpsException: Request failed with error message: the upstream answered 404"]
    [refusal] = streamed["refused"]
    assert refusal.startswith("UbiOpsException: Request failed with error message: ") and "not found" in refusal, refusal


def test_what_was_sent_and_answered_is_in_the_record(life):
    made = done(life["create"], 200)["id"]
    listed = {one["id"]: one for one in done(life["list"], 200)}
    assert listed[made]["status"] == "completed" and listed[made]["version"] == "v1"
    assert all(one["status"] == "completed" for one in listed.values())
    got = done(life["get"], 200)
    assert (got["id"], got["status"], got["request_data"], got["result"]) == (made, "completed", {"x": 21}, {"y": 42})
    [collected] = done(life["collect"], 200)
    assert collected["id"] == made and collected["time_started"]
    failed = done(life["list_failed"], 200)
    assert failed and all(one["status"] == "failed" and one["success"] is False for one in failed)
    assert set(listed) <= {one["id"] for one in done(life["list_of_project"], 200)}


def test_a_record_can_be_deleted(life):
    assert life["delete"]["status"] in (200, 204), life["delete"]
    refused(life["get_deleted"], 404)


def test_the_usage_report_shows_the_credits(life, version):
    usage = done(life["usage"], 200)
    [credits] = values(measures(life["usage"])["deployment_version", "credits"] if version in OLD else usage["data_project"])
    # One direct request, and two by the helper where there is one; only these have a price.
    requests = 3 if version in STREAMING else 1
    assert requests * STREAMED <= credits <= requests * 60


def test_the_command_line_streams_reads_and_lists_requests(tmp_path, world, server, served):
    project, user = served()
    ubiops = CommandLine(tmp_path, server.url)
    assert ubiops.sign_in(f"Token {user.token}")[0] == 0
    requests = ("deployments", "requests")

    status, output = ubiops(*requests, "create", "double", "--data", '{"x": 21}', "-fmt", "json")
    assert status == 0, output
    [made] = as_list(output)
    assert (made["status"], made["result"]) == ("completed", [{"y": 42}]), output

    status, output = ubiops(*requests, "create", "count", "-v", "v1", "--data", '{"x": 2}')
    assert status == 0 and "completed" in output, output
    status, output = ubiops(*requests, "create", "echo", "--data", "good morning", "-fmt", "json")
    assert status == 0 and "GOOD MORNING" in output, output
    status, output = ubiops(*requests, "create", "missing", "--data", '{"x": 1}')
    assert "the upstream answered 404" in output, output

    status, output = ubiops(*requests, "list", "double", "-fmt", "json")
    assert status == 0 and [one["id"] for one in as_list(output)] == [made["id"]], output
    status, output = ubiops(*requests, "get", "double", "-id", made["id"], "-fmt", "json")
    assert status == 0 and made["id"] in output, output
    status, output = ubiops(*requests, "output", "double", "-id", made["id"], "-o", str(tmp_path / "output.json"))
    assert status == 0, output
    assert json.loads((tmp_path / "output.json").read_text()) == [{"y": 42}]


def as_list(output):
    """The JSON that stands at the end of the command line's output, as a list."""
    value = json.loads(output[re.search(r"^[\[{]", output, re.MULTILINE).start():])
    return value if isinstance(value, list) else [value]
