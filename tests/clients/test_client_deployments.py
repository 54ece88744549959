"""Deployments and pipelines through each client generation (`drivers/deployment_life.py`, docs/deployments.md).

Each client raises on an answer that lacks what its models require, so a step that is done has been read by it.
"""

import re

import pytest

from generations import drive_all
from transcripts import done, on_the_wire, refused

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def lives(world, server):
    """The transcripts of all generations, each in a project of its own."""

    def plan(version):
        project = world.project()
        return {
            "host": f"{server.url}/v2.1",
            "person_token": project.owner.token,
            "project": project.name,
            "organization": project.organization,
        }

    return drive_all("deployment_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_a_deployment_is_made_with_its_fields_and_labels(life):
    made = done(life["create"], 201)
    assert re.fullmatch(UUID, made["id"])
    assert (made["name"], made["input_type"], made["output_type"]) == ("deployment-1", "structured", "structured")
    assert [field["name"] for field in made["input_fields"]] == ["x", "n"]
    assert life["create"]["body"]["input_fields"][1]["widget"] == {
        "type": "slider", "configuration": {"min": "0", "max": "10"}}
    assert made["labels"] == {"team": "vision"}
    plain = done(life["create_plain"], 201)
    assert (plain["input_type"], plain["input_fields"], plain["labels"]) == ("plain", [], {})


def test_a_name_is_taken_once(life):
    assert "name" in refused(life["create_taken"], 400)
    assert "version" in refused(life["version_create_taken"], 400)


def test_the_list_can_be_filtered_by_label(life):
    assert [one["name"] for one in done(life["list"], 200)] == ["deployment-1", "plain-1"]
    assert [one["name"] for one in done(life["list_by_label"], 200)] == ["deployment-1"]


def test_get_shows_what_was_created(life):
    got = dict(done(life["get"], 200))
    got.pop("default_version")
    assert got == life["create"]["value"]
    refused(life["get_missing"], 404)


def test_an_update_replaces_what_it_names(life):
    updated = done(life["update"], 200)
    assert (updated["description"], updated["labels"]) == ("changed", {})


def test_a_version_keeps_every_setting_that_the_client_knows(life):
    made = done(life["version_create"], 201)
    known = life["known_settings"]
    assert {"maximum_instances", "request_retention_mode", "labels"} <= set(known)
    for setting, value in known.items():
        assert life["version_create"]["body"][setting] == value, setting
    assert made["version"] == "v1" and made["deployment"] == "deployment-1"


def test_a_bare_version_has_the_documented_defaults(life):
    body = on_the_wire(life["version_create_bare"], 201)
    assert (body["request_retention_mode"], body["request_retention_time"]) == ("full", 604800)
    assert (body["maximum_instances"], body["minimum_instances"], body["maximum_idle_time"]) == (5, 0, 300)
    assert body["instance_type"] and body["status"] == "unavailable"


def test_versions_are_listed_read_changed_and_renamed(life):
    assert [one["version"] for one in done(life["version_list"], 200)] == ["v1", "v2"]
    assert done(life["version_get"], 200)["id"] == life["version_create"]["value"]["id"]
    assert done(life["version_update"], 200)["maximum_instances"] == 4
    assert done(life["version_null"], 200)["maximum_instances"] == 5
    assert done(life["version_rename"], 200)["version"] == "v3"


def test_the_first_version_is_the_default_until_another_is_chosen(life):
    assert life["version_create"]["body"]["default"] is True
    assert life["version_create_bare"]["body"]["default"] is False
    assert done(life["default"], 200)["default_version"] == "v3"
    assert refused(life["default_missing"], 404) == "Deployment version was not found"


def test_a_request_says_that_there_is_no_upstream(life):
    made = on_the_wire(life["request"], 200)
    assert made["status"] == "failed" and "has no upstream" in made["error_message"]


def test_a_pipeline_is_made_changed_listed_and_read(life):
    made = done(life["pipeline_create"], 201)
    assert [field["name"] for field in made["input_fields"]] == ["in", "count"]
    changed = done(life["pipeline_update"], 200)
    assert (changed["input_type"], changed["output_type"]) == ("structured", "plain")
    assert [one["name"] for one in done(life["pipeline_list"], 200)] == ["pipeline-1", "pipeline-2"]
    assert done(life["pipeline_get"], 200)["id"] == made["id"]


def test_a_pipeline_version_shows_its_objects_and_attachments(life):
    made = done(life["pipeline_version_create"], 201)
    (only,) = made["objects"]
    assert (only["name"], only["reference_name"], only["version"]) == ("object-1", "deployment-1", "v1")
    assert [field["name"] for field in only["input_fields"]] == ["x", "n"]
    assert [one["destination_name"] for one in made["attachments"]] == ["object-1", "pipeline_end"]
    assert all(re.fullmatch(UUID, one["id"]) for one in made["attachments"] + made["objects"])
    assert done(life["pipeline_version_get"], 200) == made
    assert [one["version"] for one in done(life["pipeline_version_list"], 200)] == ["v1", "v2"]


def test_a_pipeline_version_that_does_not_hold_together_is_refused(life):
    assert "'n' of 'object-1'" in refused(life["pipeline_version_unmapped"], 400)
    assert "'none'" in refused(life["pipeline_version_unknown"], 400)


def test_objects_and_attachments_are_replaced_and_removed(life):
    filled = done(life["pipeline_version_update"], 200)
    assert len(filled["objects"]) == 1 and len(filled["attachments"]) == 2
    emptied = done(life["pipeline_version_emptied"], 200)
    assert (emptied["objects"], emptied["attachments"]) == ([], [])


def test_what_is_there_is_counted(life):
    counts = {"deployments": 2, "deployment_versions": 2, "pipelines": 2, "pipeline_versions": 2}
    assert {key: done(life["resources"], 200)[key] for key in counts} == counts
    organization = done(life["organization_resources"], 200)
    assert {key: organization[key] for key in counts} == counts
    assert (organization["projects"], organization["users"]) == (1, 1)
    assert (organization["buckets"], organization["environments"]) == (0, 0)
    assert {quota["resource"]: quota["quota"] for quota in done(life["quotas"], 200)} == {"buckets": 0, "environments": 0}


def test_what_a_pipeline_uses_is_deleted_after_it(life):
    assert "pipeline" in refused(life["delete_used"], 400)
    assert "pipeline" in refused(life["delete_used_version"], 400)
    for step in ("delete_pipeline_version", "delete_pipeline", "delete_version", "delete"):
        assert life[step]["status"] == 204, life[step]
    refused(life["get_deleted"], 404)
