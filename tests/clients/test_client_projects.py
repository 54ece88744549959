"""Organizations and projects through each client generation (`drivers/project_life.py`)."""

from datetime import datetime, timezone

import pytest

from generations import drive_all
from transcripts import done, on_the_wire, refused

# Which generations have the field: spec section 2.
WITH_ORIGINS = ("4.5.0", "4.15.0")
WITH_LABELS = ("4.15.0",)


@pytest.fixture(scope="module")
def people(world):
    """One person for each generation, so that lists hold only what its run made."""
    return {}


@pytest.fixture(scope="module")
def lives(world, server, people):
    """The transcripts of all generations."""

    def plan(version):
        people[version] = world.person()
        return {
            "host": f"{server.url}/v2.1",
            "person_token": people[version].token,
            "organization": world.name("org"),
            "project": world.name("project"),
        }

    return drive_all("project_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def test_the_creator_of_an_organization_sees_it(life):
    made = done(life["organization_create"], 201)
    assert [item["id"] for item in done(life["organization_list"], 200)] == [made["id"]]
    got = done(life["organization_get"], 200)
    assert (got["id"], got["name"]) == (made["id"], made["name"])
    assert got["status"] and got["subscription"] == "free"


def test_an_organization_name_is_taken_once(life):
    assert "name" in refused(life["organization_taken"], 400)


def test_an_unknown_organization_is_404(life):
    refused(life["organization_missing"], 404)


def test_a_project_is_made_with_every_field_that_the_client_knows(life, version):
    project = done(life["create"], 201)
    assert project["organization_name"] == life["organization_create"]["value"]["name"]
    assert project["advanced_permissions"] is True
    assert project["credits"] == 10.5
    assert life["create"]["body"]["suspended"] is False
    assert life["knows"] == {"cors_origins": version in WITH_ORIGINS, "labels": version in WITH_LABELS}
    if version in WITH_ORIGINS:
        assert project["cors_origins"] == ["https://app.example", "http://localhost:3000"]
    if version in WITH_LABELS:
        assert project["labels"] == {"team": "weather", "stage": "test"}


def test_the_creation_date_is_now(life):
    written = datetime.strptime(life["create"]["body"]["creation_date"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs((datetime.now(timezone.utc) - written).total_seconds()) < 600
    assert done(life["create"], 201)["creation_date"].startswith(written.date().isoformat())


def test_a_bare_project_has_the_defaults(life):
    body = on_the_wire(life["create_bare"], 201)
    assert body["advanced_permissions"] is False
    assert body["credits"] is None
    assert (body["cors_origins"], body["labels"]) == ([], {})
    assert (body["suspended"], body["suspended_reason"]) == (False, None)


def test_a_project_name_is_taken_once(life):
    assert "name" in refused(life["create_taken"], 400)


def test_the_list_holds_the_projects_of_the_person(life):
    names = sorted(life[step]["value"]["name"] for step in ("create", "create_bare"))
    for step in ("list", "list_of_organization"):
        assert sorted(project["name"] for project in done(life[step], 200)) == names


@pytest.mark.parametrize("version", WITH_LABELS)
def test_the_list_can_be_filtered_by_label(life):
    assert [project["id"] for project in done(life["list_by_label"], 200)] == [life["create"]["value"]["id"]]
    assert done(life["list_by_other_label"], 200) == []


def test_get_shows_what_was_created(life):
    assert done(life["get"], 200) == life["create"]["value"]


def test_a_project_is_suspended_and_resumed(life):
    assert on_the_wire(life["suspend"], 200)["suspended"] is True
    assert on_the_wire(life["resume"], 200)["suspended"] is False


def test_an_update_keeps_what_it_does_not_name(life):
    assert done(life["credits"], 200)["credits"] == 250.25
    assert life["credits"]["body"] == {**life["resume"]["body"], "credits": 250.25}
    assert done(life["plain_permissions"], 200)["advanced_permissions"] is False
    assert done(life["none_in_a_model"], 200)["credits"] == 250.25


def test_null_removes_the_credit_limit(life):
    assert done(life["null_credits"], 200)["credits"] is None


@pytest.mark.parametrize("version", WITH_ORIGINS)
def test_origins_are_replaced_and_cleared(life):
    assert done(life["replace_origins"], 200)["cors_origins"] == ["https://other.example"]
    assert done(life["clear_origins"], 200)["cors_origins"] == []


@pytest.mark.parametrize("version", WITH_LABELS)
def test_labels_are_cleared_by_an_empty_object(life):
    assert done(life["clear_labels"], 200)["labels"] == {}


def test_the_audit_list_says_who_did_what(life, people, version):
    events = done(life["audit"], 200)
    assert {event["action"] for event in events} >= {"create", "update"}
    assert {event["user"] for event in events} == {people[version].email}
    assert all(event["object_type"] for event in events)
    created = done(life["audit_of_creations"], 200)
    assert len(created) == 1 and created[0]["action"] == "create"


def test_a_renamed_project_is_the_same_under_its_new_name_only(life):
    made, renamed = life["create"]["value"], done(life["rename"], 200)
    assert (renamed["id"], renamed["name"]) == (made["id"], made["name"] + "-renamed")
    refused(life["get_old_name"], 404)
    assert done(life["get_new_name"], 200)["id"] == made["id"]


def test_a_deleted_project_is_gone(life):
    assert life["delete"]["status"] == 204
    refused(life["get_deleted"], 404)
    refused(life["delete_deleted"], 404)
