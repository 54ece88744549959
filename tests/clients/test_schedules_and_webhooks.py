"""Request schedules and webhooks through each client generation (`drivers/schedule_and_webhook_life.py`, docs/requests.md)."""

import pytest

from generations import drive_all
from transcripts import done, refused

with_webhooks = pytest.mark.parametrize("version", ["4.5.0", "4.15.0"])
URL = "https://shop.example.com/told?key=1"


@pytest.fixture(scope="module")
def lives(world, server, upstream):
    """The transcripts of all generations, each in a project of its own."""

    def plan(version):
        project = world.project()
        world.serve(project, "double", f"{upstream}/predict")
        return {"host": f"{server.url}/v2.1", "token": project.owner.token, "project": project.name, "url": URL}

    return drive_all("schedule_and_webhook_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_a_schedule_is_made_read_listed_changed_and_deleted(life):
    made = done(life["schedule_create"], 201)
    shown = {name: made[name] for name in ("name", "object_type", "object_name", "version", "schedule", "request_data",
                                           "timeout", "enabled", "description", "labels")}
    assert shown == {
        "name": "mornings", "object_type": "deployment", "object_name": "double", "version": "v1",
        "schedule": "0 6 * * mon-fri", "request_data": {"x": 1.5}, "timeout": 60, "enabled": True,
        "description": "each morning", "labels": {"a": "b"},
    }
    assert done(life["schedule_get"], 200) == made
    assert done(life["schedule_list"], 200) == [made]
    changed = done(life["schedule_update"], 200)
    assert (changed["schedule"], changed["request_data"], changed["enabled"]) == ("*/5 * * * *", {"x": 2}, False)
    assert changed["timeout"] == 60
    assert life["schedule_delete"]["status"] == 204
    refused(life["schedule_gone"], 404)


def test_one_of_the_default_version_shows_none(life):
    made = done(life["schedule_bare"], 201)
    assert (made["version"], made["timeout"], made["enabled"], made["labels"]) == (None, 14400, True, {})


def test_what_is_no_time_is_refused_with_its_field(life):
    assert "schedule: the hour '25'" in refused(life["schedule_wrong"], 400)


@with_webhooks
def test_a_webhook_is_made_read_listed_changed_and_deleted(life):
    made = done(life["webhook_create"], 201)
    assert made["headers"] == [{"key": "Authorization", "value": None, "protected": True}]
    assert (made["url"], made["event"], made["timeout"]) == (URL, "deployment_request_completed", 5)
    assert (made["enabled"], made["retry"], made["include_result"]) == (True, True, True)
    assert life["webhook_create"]["body"]["secret"].startswith("whsec_")
    assert "secret" not in life["webhook_get"]["body"]
    assert done(life["webhook_get"], 200) == made
    assert done(life["webhook_list"], 200) == [made]
    changed = done(life["webhook_update"], 200)
    assert (changed["event"], changed["timeout"], changed["enabled"]) == ("deployment_request_failed", 20, False)
    assert life["webhook_delete"]["status"] == 204
    refused(life["webhook_gone"], 404)


@with_webhooks
def test_a_test_has_a_status(life):
    made = done(life["test_create"], 201)
    assert (made["status"], made["error_message"]) == ("pending", None)
    assert done(life["test_get"], 200)["status"] in ("pending", "failed")
