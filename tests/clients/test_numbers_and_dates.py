"""Numbers and dates on their way through JSON, JavaScript and D1.

D1 binds every number as a float and JavaScript has no other, so what SQLite alone would keep exact must be
shown here: credits to a millionth up to the largest safe integer of millionths, and dates to the
millisecond.
"""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from drivers.waiting import PATIENCE, awaited
from wire import error_of


@pytest.fixture(scope="module")
def project(world):
    return world.project()


# 9007199254.740991 is 2^53 - 1 millionths.
@pytest.mark.parametrize("text", ["0", "0.000001", "1", "10.5", "0.1", "1234567.654321", "9007199254.740991"])
def test_credits_come_back_as_they_were_sent(project, text):
    answer = project.owner.caller.request(
        "PATCH", project.path, data=f'{{"credits": {text}}}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert credits_in(answer) == credits_in(project.owner.caller.get(project.path)) == Decimal(text)


def credits_in(answer):
    """The credits as their digits stand in the body: a float is too coarse to tell the largest ones apart."""
    return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["credits"]


@pytest.mark.parametrize("text", ["-1", "-0.000001", "9007199254.740992", "1e300", "1e999", '"10"', "true", "[1]"])
def test_credits_that_cannot_be_kept_are_refused_and_the_old_ones_stay(project, text):
    caller = project.owner.caller
    assert caller.patch(project.path, {"credits": 7.25}).status_code == 200
    answer = caller.request(
        "PATCH", project.path, data=f'{{"credits": {text}}}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert "credits" in error_of(answer) or "JSON" in error_of(answer)
    assert caller.get(project.path).json()["credits"] == 7.25


def test_booleans_are_booleans_and_not_the_numbers_that_d1_keeps(project):
    body = project.owner.caller.get(project.path).json()
    assert body["suspended"] is False and body["advanced_permissions"] is False


EXPIRY_DATES = {
    "2090-01-01T00:00:00+00:00": "2090-01-01T00:00:00.000+00:00",
    "2090-01-01T00:00:00.000Z": "2090-01-01T00:00:00.000+00:00",
    "2090-06-30T23:59:59.999Z": "2090-06-30T23:59:59.999+00:00",
    "2090-01-01T12:00:00.250+02:00": "2090-01-01T10:00:00.250+00:00",
    "2090-01-01T00:00:00": "2090-01-01T00:00:00.000+00:00",
    "2090-01-01": "2090-01-01T00:00:00.000+00:00",
}


@pytest.mark.parametrize("sent", EXPIRY_DATES)
def test_an_expiry_date_is_kept_to_the_millisecond_in_utc(world, project, sent):
    user = world.service_user(project, expiry_date=sent)
    assert project.owner.caller.get(user.path).json()["expiry_date"] == EXPIRY_DATES[sent]


@pytest.mark.parametrize("sent", [
    "", "soon", "2090-13-01", "2090-02-30T00:00:00Z", "01-01-2090", 4102444800, 4102444800000, True, ["2090-01-01"],
    "2020-01-01T00:00:00Z",
])
def test_an_expiry_date_that_is_none_or_past_is_refused(project, sent):
    answer = project.owner.caller.post(f"{project.path}/service-users", {"expiry_date": sent})
    assert answer.status_code == 400, answer.text
    assert "expiry_date" in error_of(answer)


def test_the_creation_date_is_the_time_of_the_call_in_milliseconds(project):
    before = datetime.now(timezone.utc) - timedelta(seconds=2)
    answer = project.owner.caller.post(f"{project.path}/service-users", {})
    written = answer.json()["creation_date"]
    assert written.endswith("+00:00") and len(written) == len("2020-03-24T09:16:27.504+00:00")
    assert before <= datetime.fromisoformat(written) <= datetime.now(timezone.utc) + timedelta(seconds=2)


def test_text_beyond_ascii_comes_back_as_it_was_sent(world, project):
    name = "Größe 測試 \U0001f511 \u200f'\"\\ ;--"
    user = world.service_user(project, name=name, description=name)
    body = project.owner.caller.get(user.path).json()
    assert (body["name"], body["description"]) == (name, name)


def test_lengths_count_characters_and_not_bytes(world, project):
    user = world.service_user(project, name="\U0001f511" * 256, description="ü" * 400)
    body = project.owner.caller.get(user.path).json()
    assert (len(body["name"]), len(body["description"])) == (256, 400)
    for field, longest in (("name", 256), ("description", 400)):
        answer = project.owner.caller.post(f"{project.path}/service-users", {field: "ü" * (longest + 1)})
        assert answer.status_code == 400 and field in error_of(answer)


def test_when_a_token_was_last_used_is_shown(world, project):
    user = world.service_user(project)
    assert project.owner.caller.get(user.path).json()["token_last_used"] is None
    used = datetime.now(timezone.utc)
    assert user.caller.get("/v2.1/user").status_code == 200
    shown = awaited(lambda: project.owner.caller.get(user.path).json()["token_last_used"], lambda shown: shown is not None)
    assert shown is not None, f"not visible after {PATIENCE} seconds"
    assert used - timedelta(seconds=1) <= datetime.fromisoformat(shown) <= datetime.now(timezone.utc)
