"""Hosts and token forms that each client generation can be configured with (`drivers/connection.py`)."""

import pytest

from generations import drive_all
from transcripts import done, refused


@pytest.fixture(scope="module")
def owner(world):
    """A person with one project, which is what every working connection lists."""
    return world.project()


@pytest.fixture(scope="module")
def connections(world, server, owner):
    """The transcripts of all generations."""
    plan = {"base": server.url, "person_token": owner.owner.token}
    return drive_all("connection", lambda version: plan, world.ledger)


@pytest.fixture
def connection(connections, version):
    """The transcript of one generation."""
    return connections(version)


FORMS = ("token_prefix", "bearer_prefix", "lower_case_prefix", "bare_key", "constructor_key", "environment",
         "v2", "trailing_slash")


@pytest.mark.parametrize("form", FORMS)
def test_it_connects(connection, owner, form):
    assert [project["id"] for project in done(connection[form], 200)] == [owner.id]


def test_the_status_needs_no_token(connection):
    assert done(connection["status_without_token"], 200)["status"] == "ok"


def test_a_doubled_slash_is_one(connection):
    assert done(connection["trailing_slash_status"], 200)["status"] == "ok"


def test_a_doubled_prefix_is_refused_with_its_cause(connection):
    assert "should not contain spaces" in refused(connection["doubled_prefix"], 401)


def test_a_host_without_a_version_works_where_the_client_adds_one(connection, owner, version):
    step = connection["default_version"]
    if version in ("3.16.1", "4.0.0"):
        refused(step, 404)
    else:
        assert [project["id"] for project in done(step, 200)] == [owner.id]


@pytest.mark.parametrize("version", ["4.15.0"])
def test_the_newest_client_reads_the_user(connection, owner):
    user = done(connection["user"], 200)
    assert user["email"] == owner.owner.email
    assert user["authentication"]
