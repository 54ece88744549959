"""Custom roles, roles on objects and project users through each client generation (`drivers/role_life.py`)."""

import pytest

from generations import drive_all
from transcripts import done, refused
from world import created


@pytest.fixture(scope="module")
def plans():
    """What each generation's run was asked to do."""
    return {}


@pytest.fixture(scope="module")
def lives(world, server, plans):
    """The transcripts of all generations, each in projects of its own."""

    def plan(version):
        project = world.project(advanced_permissions=True)
        plain = world.project(project.owner, project.organization)
        robot = world.service_user(project)
        body = {"name": "deployment-1", "input_type": "plain", "output_type": "plain"}
        created(project.owner.caller.post(f"{project.path}/deployments", body))
        plans[version] = {
            "host": f"{server.url}/v2.1",
            "person_token": project.owner.token,
            "person_id": project.owner.id,
            "project": project.name,
            "plain_project": plain.name,
            "robot_id": robot.id,
            "robot_token": robot.token,
            "robot_email": robot.email,
            "person_email": project.owner.email,
        }
        return plans[version]

    return drive_all("role_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_a_role_keeps_the_order_of_its_permissions(life):
    made = done(life["create"], 201)
    assert made["permissions"] == ["deployments.list", "deployments.get", "deployments.delete"]
    assert life["create"]["body"]["default"] is False
    assert done(life["get"], 200) == made
    known = {permission["name"] for permission in done(life["permissions"], 200)}
    assert set(made["permissions"]) <= known


def test_the_list_holds_default_roles_and_custom_ones(life):
    listed = {role["name"]: role for role in life["list"]["body"]}
    assert listed["project-viewer"]["default"] is True
    assert listed["reader"]["default"] is False


def test_an_update_replaces_the_permissions(life):
    updated = done(life["update"], 200)
    assert updated["permissions"] == ["deployments.versions.list", "deployments.get"]
    assert updated["id"] == life["create"]["value"]["id"]


def test_what_a_role_cannot_be_is_refused_by_its_field(life):
    assert "name" in refused(life["create_taken"], 400)
    assert "name" in refused(life["create_as_default"], 400)
    assert "'deployments.fly'" in refused(life["create_unknown"], 400)
    assert "advanced_permissions" in refused(life["create_plain"], 400)


def test_default_roles_cannot_change(life):
    for step in ("update_default", "delete_default"):
        assert "default role" in refused(life[step], 400)


def test_a_role_on_a_deployment_opens_that_deployment_alone(life):
    refused(life["robot_before"], 403)
    assert done(life["robot_get"], 200)["name"] == "deployment-1"
    assert done(life["robot_versions"], 200) == []
    assert "deployments.list" in refused(life["robot_list"], 403)


def test_an_assignment_on_an_object_is_shown_with_it(life, plans, version):
    given = done(life["assign"], 201)
    assert (given["resource"], given["resource_type"]) == ("deployment-1", "deployment")
    assert given["assignee"] == plans[version]["robot_id"]
    for step in ("assignments", "assignments_of"):
        assert done(life[step], 200) == [given]
    assert done(life["assignment"], 200) == given
    assert "'none'" in refused(life["assign_missing"], 404)


def test_with_a_role_its_assignments_end(life):
    assert life["delete"]["status"] == 204
    refused(life["get_deleted"], 404)
    assert done(life["assignments_afterwards"], 200) == []
    refused(life["robot_afterwards"], 403)


def test_the_people_of_a_project_are_listed(life, plans, version):
    assert [user["email"] for user in done(life["users"], 200)] == [plans[version]["person_email"]]
    assert [user["email"] for user in done(life["users_service"], 200)] == [plans[version]["robot_email"]]


def test_a_person_is_let_in_once_and_taken_out_with_their_roles(life, plans, version):
    person = plans[version]["person_id"]
    assert done(life["user_create"], 201)["id"] == person
    assert "user_id" in refused(life["user_create_again"], 400)
    assert "user_id" in refused(life["user_create_robot"], 404)
    assert done(life["user_get"], 200)["email"] == plans[version]["person_email"]
    assert life["user_delete"]["status"] == 204
    refused(life["user_gone"], 404)
    assert done(life["roles_gone"], 200) == []
