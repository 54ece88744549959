"""Requests to pipelines by each client generation and the command line (`drivers/pipeline_life.py`, docs/gate.md)."""

import pytest

from generations import drive_all
from test_cli import CommandLine
from test_requests import as_list
from transcripts import done, on_the_wire, refused
from world import created


def pipeline(project, name, objects, last):
    """A pipeline that takes `number` and gives `result`, with a default version `v1` of deployments in a row."""
    owner, path = project.owner.caller, f"{project.path}/pipelines"
    fields = {f"{way}_fields": [{"name": field, "data_type": "double"}]
              for way, field in (("input", "number"), ("output", "result"))}
    created(owner.post(path, {"name": name, "input_type": "structured", "output_type": "structured", **fields}))
    before, attachments = ("pipeline_start", "number"), []
    for one in objects:
        source, field = before
        attachments.append(link(source, field, one["name"], "x"))
        before = (one["name"], "y")
    attachments.append(link(last, "y", "pipeline_end", "result"))
    created(owner.post(f"{path}/{name}/versions", {"version": "v1", "objects": objects, "attachments": attachments}))


def link(source, source_field, destination, field):
    mapping = [{"source_field_name": source_field, "destination_field_name": field}]
    return {"destination_name": destination, "sources": [{"source_name": source, "mapping": mapping}]}


@pytest.fixture(scope="module")
def served(world, upstream):
    """Makes a project with both pipelines, and a service user who may make requests to all that is in it."""

    def make():
        project = world.project()
        world.serve(project, "double", f"{upstream}/predict")
        world.serve(project, "missing", f"{upstream}/nothing-there")
        doubles = [{"name": name, "reference_name": "double"} for name in ("first", "second")]
        pipeline(project, "fourfold", doubles, "second")
        pipeline(project, "broken", [{"name": "only", "reference_name": "missing"}], "only")
        user = world.service_user(project, role="deployment-request-user")
        world.assign(project, user.id, "pipeline-request-user")
        return project, user

    return make


@pytest.fixture(scope="module")
def lives(world, server, served):
    """The transcripts of all generations, each in a project of its own."""

    def plan(version):
        project, user = served()
        return {"host": f"{server.url}/v2.1", "service_user_token": user.token, "project": project.name}

    return drive_all("pipeline_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_a_request_runs_the_pipeline(life):
    made = on_the_wire(life["create"], 200)
    assert (made["pipeline"], made["version"], made["status"], made["success"]) == ("fourfold", "v1", "completed", True)
    assert made["result"] == {"result": 20}
    assert [one["pipeline_object"] for one in made["deployment_requests"]] == ["first", "second"]
    assert done(life["create"], 200)["result"] == {"result": 20}
    assert done(life["create_of_version"], 200)["result"] == {"result": 6}
    assert done(life["create_list"], 200)["result"] == [{"result": 4}, {"result": 8}]


def test_a_failure_names_its_object_and_wrong_input_its_field(life):
    broken = done(life["create_broken"], 200)
    assert broken["error_message"] == "object 'only': the upstream answered 404"
    assert "number" in refused(life["create_wrong"], 400)


def test_its_record_has_the_requests_that_it_made(life):
    made, record = on_the_wire(life["create"], 200), done(life["get"], 200)
    assert record["request_data"] == {"number": 5} and record["result"] == {"result": 20}
    ids = {one["id"] for one in made["deployment_requests"]}
    assert {one["id"] for one in record["deployment_requests"]} == ids


def test_a_batch_is_waited_for_and_collected(life):
    assert life["waited"]["value"] == ["completed", "completed"]
    batch = [one["id"] for one in done(life["batch"], 200)]
    by_id = {one["id"]: one for one in done(life["collect"], 200)}
    assert [by_id[one]["result"] for one in batch] == [{"result": 4}, {"result": 8}]
    assert set(batch) < {one["id"] for one in done(life["list"], 200)}


def test_a_stream_ends_with_the_answer(life, version):
    if version in ("3.16.1", "4.0.0", "4.5.0"):
        assert "streamed" not in life
    else:
        assert life["streamed"]["value"] == [{"result": 28}]


def test_the_command_line_runs_it(server, served, tmp_path):
    _, user = served()
    ubiops = CommandLine(tmp_path, server.url)
    assert ubiops.sign_in(f"Token {user.token}")[0] == 0
    requests = ("pipelines", "requests")
    status, output = ubiops(*requests, "create", "fourfold", "--data", '{"number": 5}', "-fmt", "json")
    assert status == 0, output
    [made] = as_list(output)
    # It sends a list of one.
    assert made["result"] == [{"result": 20}], output
    status, output = ubiops(*requests, "create", "fourfold", "--batch", "--data", '{"number": 5}', "-fmt", "json")
    assert status == 0 and as_list(output)[0]["status"] == "pending", output
