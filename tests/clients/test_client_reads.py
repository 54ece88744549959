"""Prices, trails, logs and series through each client generation (`drivers/reads.py`)."""

import pytest

from generations import drive_all
from transcripts import done, on_the_wire, refused
from world import created

# Which generations read instance types as a list, which had no series yet, and which no helper that waits for a request.
LISTS = ("3.16.1", "4.0.0")
WITHOUT_SERIES = ("3.16.1", "4.0.0")
WITHOUT_HELPER = "3.16.1"


@pytest.fixture(scope="module")
def lives(world, server, upstream):
    """The transcripts of all generations, each in a project of its own."""
    price = {"credits_per_hour": 0.5}
    assert world.operator.again().put("/operator/v1/instance-types/reads-1gb", price).status_code == 200

    def plan(version):
        project = world.project()
        world.serve(project, "double", f"{upstream}/predict")
        line = {"name": "line", "input_type": "plain", "output_type": "plain"}
        created(project.owner.caller.post(f"{project.path}/pipelines", line))
        return {"host": f"{server.url}/v2.1", "person_token": project.owner.token, "project": project.name}

    return drive_all("reads", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_the_price_list_has_the_shape_that_the_client_reads(life, version):
    # The oldest drops the price when it reads it.
    for shown in (on_the_wire(life["instance_types"], 200), done(life["instance_types"], 200)):
        types = shown if version in LISTS else shown["results"]
        [one] = [one for one in types if one["name"] == "reads-1gb"]
        assert (one["id"], one["display_name"], one.get("credit_rate", 0.5)) == ("reads-1gb", "reads-1gb", 0.5)


def test_objects_have_trails_of_their_own(life):
    events = [one["event"] for one in on_the_wire(life["deployment_audit"], 200)]
    assert events == ["Created deployment double"]
    assert [one["action"] for one in done(life["deployment_creations"], 200)] == ["create"]
    assert [one["object_name"] for one in done(life["pipeline_audit"], 200)] == ["line"]


def test_there_are_no_logs_and_who_waits_for_them_comes_to_an_end(life, version):
    assert done(life["logs"], 200) == []
    if version != WITHOUT_HELPER:
        assert life["waited"] == {"value": "ended"}


def test_a_series_counts_requests(life, version):
    if version in WITHOUT_SERIES:
        assert "series" not in life
        return
    series = on_the_wire(life["series"], 200)
    assert (series["metric_type"], series["unit"], series["aggregation_period"]) == ("delta", "requests", 86400)
    assert sum(point["value"] for point in series["data_points"]) == 1
    assert "there are deployments.requests" in refused(life["series_unknown"], 400)
