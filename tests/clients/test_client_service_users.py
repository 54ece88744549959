"""The whole life of a service user, as each client generation lives it (`drivers/service_user_life.py`).

The client and its models are the real ones; the tests read what it returned (`value`), what was on the
wire (`body`), and how a refusal reached its user (`message`, from `get_body_message()`).
"""

import re
from datetime import datetime, timezone

import pytest

from generations import drive_all
from transcripts import done, on_the_wire, refused
from world import FORGED_TOKEN

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TOKEN = r"[0-9a-f]{40}"
# Which generations have the field: spec section 2.
WITH_ORIGINS = ("3.16.1", "4.0.0")
WITH_DESCRIPTION = ("4.15.0",)
# The documented form of a service user's dates: milliseconds and `+00:00`.
SERVICE_USER_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"


@pytest.fixture(scope="module")
def lives(world, server):
    """The transcripts of all generations, each in a project of its own."""

    def plan(version):
        project = world.project()
        other = world.project(project.owner, project.organization)
        return {
            "host": f"{server.url}/v2.1",
            "person_token": project.owner.token,
            "project": project.name,
            "other_project": other.name,
            "forged_token": FORGED_TOKEN,
        }

    return drive_all("service_user_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_a_service_user_is_made_with_every_field_that_the_client_knows(life, version):
    user = done(life["create"], 201)
    assert user["name"] == "service-user-1"
    assert re.fullmatch(UUID, user["id"])
    assert re.fullmatch(TOKEN, user["token"])
    assert user["email"].startswith(user["id"] + ".")
    assert re.fullmatch(SERVICE_USER_DATE, user["creation_date"])
    assert user["expiry_date"] == "2090-01-01T12:30:15.250+00:00"
    assert life["knows"] == {"allowed_cors_origins": version in WITH_ORIGINS, "description": version in WITH_DESCRIPTION}
    if version in WITH_ORIGINS:
        assert user["allowed_cors_origins"] == ["https://test.com", "http://localhost:8080"]
    if version in WITH_DESCRIPTION:
        assert user["description"] == "reads the weather"
        assert user["token_last_used"] is None


def test_an_empty_body_makes_a_service_user_that_never_expires(life):
    user = done(life["create_empty"], 201)
    assert re.fullmatch(TOKEN, user["token"])
    assert user["expiry_date"] is None
    assert life["create_empty"]["body"]["allowed_cors_origins"] == []


def test_the_email_names_the_service_user_and_its_project(life):
    user = life["create"]["value"]
    local, domain = user["email"].split("@")
    assert re.fullmatch(rf"{UUID}\.project-[0-9a-z-]+", local)
    assert "." in domain


def test_the_token_is_shown_on_creation_and_never_again(life):
    token = life["create"]["value"]["token"]
    for step in ("list", "get", "rename", "update_nothing", "get_after_update"):
        assert token not in str(life[step]), step
        assert "token" not in keys_of(life[step]["body"]), step


def keys_of(body):
    """The keys of an object, or of the objects of a list."""
    return {key for item in (body if isinstance(body, list) else [body]) for key in item}


def test_the_list_holds_all_service_users_of_the_project(life):
    listed = {user["id"]: user for user in done(life["list"], 200)}
    made = [life[step]["value"]["id"] for step in ("create_short_lived", "create", "create_empty")]
    assert sorted(listed) == sorted(made)


def test_get_shows_what_was_created(life):
    created = on_the_wire(life["create"], 201)
    assert on_the_wire(life["get"], 200) == {key: value for key, value in created.items() if key != "token"}


def test_an_update_keeps_what_it_does_not_name(life):
    assert on_the_wire(life["rename"], 200) == {**life["get"]["body"], "name": "renamed"}


def test_an_empty_update_changes_nothing(life):
    assert done(life["update_nothing"], 200) == life["rename"]["value"]


def test_none_in_a_model_is_not_sent_and_keeps_the_date(life):
    assert done(life["none_in_a_model"], 200)["expiry_date"] == "2090-01-01T12:30:15.250+00:00"


def test_null_clears_the_expiry_date(life):
    assert done(life["null_expiry"], 200)["expiry_date"] is None
    assert life["get_after_update"]["value"]["expiry_date"] is None


def test_a_list_of_origins_replaces_the_old_one(life):
    added, replaced = on_the_wire(life["add_origins"], 200), on_the_wire(life["replace_origins"], 200)
    assert added["allowed_cors_origins"] == ["https://one.example", "https://two.example"]
    assert replaced["allowed_cors_origins"] == ["https://three.example"]


def test_a_client_that_never_sees_the_origins_keeps_them(life):
    kept = on_the_wire(life["rename_keeps_origins"], 200)
    assert (kept["name"], kept["allowed_cors_origins"]) == ("renamed again", ["https://three.example"])


def test_an_empty_list_removes_all_origins(life):
    assert on_the_wire(life["clear_origins"], 200)["allowed_cors_origins"] == []


def test_a_bad_origin_is_refused_by_its_place_and_fault(life):
    message = refused(life["bad_origin"], 400)
    assert "allowed_cors_origins[1]" in message and "https://test.com/path" in message


def test_an_expiry_date_in_the_past_is_refused(life):
    assert "expiry_date" in refused(life["past_expiry"], 400)


def test_an_unknown_service_user_is_404(life):
    refused(life["get_missing"], 404)


def test_without_a_role_a_token_sees_its_project_listed_and_may_nothing(life):
    assert done(life["own_status"], 200)["status"] == "ok"
    project_id = {project["id"] for project in done(life["own_projects"], 200)}
    assert len(project_id) == 1
    refused(life["project_without_role"], 403)


def test_another_project_of_the_same_organization_is_not_there(life):
    refused(life["foreign_project"], 404)


def test_the_permissions_and_default_roles_can_be_listed(life):
    permissions = {permission["name"] for permission in done(life["permissions"], 200)}
    assert {"deployments.list", "deployments.get", "roles.assignments.create", "projects.get"} <= permissions
    roles = {role["name"]: role for role in done(life["roles"], 200)}
    assert {"project-admin", "project-editor", "project-viewer"} <= set(roles)
    assert life["roles"]["body"][0]["default"] is True


def test_a_role_opens_the_project_to_the_token(life):
    assignment = done(life["assign"], 201)
    user, project = life["create"]["value"], done(life["project_with_role"], 200)
    assert assignment["role"] == "project-viewer"
    assert (assignment["assignee"], assignment["assignee_type"]) == (user["id"], "user")
    assert (assignment["resource"], assignment["resource_type"]) == (project["name"], "project")
    assert user["id"] in {listed["id"] for listed in done(life["service_users_with_role"], 200)}


def test_a_viewer_cannot_write(life):
    assert "service_users.create" in refused(life["create_with_viewer_role"], 403)


def test_a_service_user_can_never_assign_roles(life):
    refused(life["assign_by_service_user"], 403)


def test_an_assignment_is_listed_and_read_as_it_was_made(life):
    made = life["assign"]["value"]
    assert done(life["assignments"], 200) == [made]
    assert done(life["assignment"], 200) == made


def test_a_right_ends_with_its_assignment(life):
    assert life["unassign"]["status"] == 204
    refused(life["assignment_gone"], 404)
    refused(life["project_after_unassign"], 403)


def test_a_reset_ends_the_old_token_at_once(life):
    assert re.fullmatch(TOKEN, done(life["reset"], 200)["token"])
    assert life["reset"]["value"]["token"] != life["create"]["value"]["token"]
    refused(life["old_token"], 401)
    done(life["new_token"], 200)


def test_a_reset_takes_an_empty_object_too(life):
    done(life["reset_with_body"], 200)
    refused(life["reset_token"], 401)


def test_a_deleted_service_user_is_gone_and_its_token_dead(life):
    assert life["delete"]["status"] == 204
    for step in ("get_deleted", "update_deleted", "delete_deleted"):
        refused(life[step], 404)
    refused(life["deleted_token"], 401)


def test_a_wrong_or_missing_token_is_401(life):
    for step in ("forged_token", "malformed_token", "no_token"):
        refused(life[step], 401)


def test_an_expired_service_user_cannot_be_changed_or_reset(life):
    expiry = datetime.fromisoformat(life["create_short_lived"]["value"]["expiry_date"])
    assert expiry < datetime.now(timezone.utc)
    assert "expired" in refused(life["expired_update"], 400)
    assert "expired" in refused(life["expired_reset"], 400)


def test_an_expired_token_is_401(life):
    refused(life["expired_token"], 401)


def test_an_expired_service_user_can_still_be_read_and_deleted(life):
    assert done(life["expired_get"], 200)["name"] == "short-lived"
    assert life["expired_delete"]["status"] == 204
    refused(life["expired_gone"], 404)


def test_every_answer_carries_a_request_id(life):
    for name, step in life.items():
        if "status" in step:
            assert re.fullmatch(r"[0-9a-f]{32}", step["request_id"] or ""), (name, step)
