"""Services by the one client generation that has them (`drivers/service_life.py`), and a call that one passes through."""

import pytest

from generations import drive_all
from transcripts import done, on_the_wire, refused
from world import created

VERSION = "4.15.0"


@pytest.fixture(scope="module")
def project(world):
    """A project with a deployment and a version."""
    made = world.project()
    path = f"{made.path}/deployments"
    body = {"name": "deployment-1", "input_type": "plain", "output_type": "plain"}
    created(made.owner.caller.post(path, body))
    created(made.owner.caller.post(f"{path}/deployment-1/versions", {"version": "v1"}))
    return made


@pytest.fixture(scope="module")
def robot(world, project):
    """A service user without a role."""
    return world.service_user(project)


@pytest.fixture(scope="module")
def life(world, server, project, robot):
    """The transcript."""

    def plan(_):
        return {"host": f"{server.url}/v2.1", "person_token": project.owner.token, "project": project.name, "robot_id": robot.id}

    return drive_all("service_life", plan, world.ledger, versions=(VERSION,))(VERSION)


def test_a_service_is_made_read_and_listed(life, server):
    made = done(life["create"], 201)
    assert (made["name"], made["deployment"], made["version"], made["port"]) == ("speech", "deployment-1", "v1", 8080)
    assert made["endpoint"] == f"{server.url}/services/{made['id']}"
    assert made["rate_limit"] == 60 and made["authentication_required"] is True
    assert done(life["get"], 200) == made
    assert [one["id"] for one in done(life["list"], 200)] == [made["id"]]
    assert on_the_wire(life["status"], 200) == {"id": made["id"], "ready": False, "instances_ready": 0}


def test_tokens_are_never_passed_through(life):
    assert "authentication_header_pass_through" in refused(life["create_passing_tokens"], 400)


def test_an_update_keeps_what_it_does_not_name(life):
    updated = done(life["update"], 200)
    assert (updated["name"], updated["description"], updated["rate_limit"]) == ("listening", "Hears", 30)
    assert updated["id"] == done(life["create"], 201)["id"]


@pytest.mark.parametrize("kind", ["rate", "concurrency"])
def test_a_caller_has_a_limit_of_their_own(life, robot, kind):
    made = done(life[f"{kind}_create"], 201)
    assert (made["user_id"], made["user_email"], made["limit"]) == (robot.id, robot.email, 5)
    changed = done(life[f"{kind}_update"], 200)
    assert changed == {**made, "limit": 6}
    assert done(life[f"{kind}_get"], 200) == changed
    assert done(life[f"{kind}_list"], 200) == [changed]
    assert life[f"{kind}_delete"]["status"] == 204


def test_a_service_that_is_deleted_is_gone(life):
    assert life["delete"]["status"] == 204
    refused(life["gone"], 404)
