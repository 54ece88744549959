"""How often a request goes to D1, by D1's own figures in `Server-Timing`.

At most two round trips a request: one that decides who is calling and whether they may, one that does the
work; a third where that is refused by a rule, which asks for the reason. One for a preflight, for an unknown token, and for what rides on the first; none for what cannot be a token of
this server.
"""

import pytest

from wire import Caller, Cost, cost_of
from world import FORGED_TOKEN, UNKNOWN_ID


@pytest.fixture(scope="module")
def project(world):
    return world.project(cors_origins=["https://app.example"])


def test_no_call_on_a_service_user_takes_more_than_two(world, project):
    owner = project.owner.caller
    made = owner.post(f"{project.path}/service-users", {"name": "counted"})
    path = f"{project.path}/service-users/{made.json()['id']}"
    answers = {
        "create": made,
        "list": owner.get(f"{project.path}/service-users"),
        "get": owner.get(path),
        "update": owner.patch(path, {"name": "counted again", "allowed_cors_origins": ["https://a.example"]}),
        "reset": owner.put(f"{path}/token"),
        "get missing": owner.get(f"{project.path}/service-users/{UNKNOWN_ID}"),
        "refused update": owner.patch(path, {"expiry_date": "2020-01-01T00:00:00Z"}),
        "delete": owner.delete(path),
    }
    expected = {"create": 201, "delete": 204, "get missing": 404, "refused update": 400}
    for name, answer in answers.items():
        assert answer.status_code == expected.get(name, 200), (name, answer.text)
        assert cost_of(answer).round_trips <= 2, (name, cost_of(answer))
    for name in ("get", "get missing"):
        assert cost_of(answers[name]).round_trips == 1, "it rides on the first one"


def test_no_other_call_takes_more_than_two(world, project):
    owner = project.owner.caller
    user = world.service_user(project, role="project-viewer")
    body = {"role": "project-editor", "assignee": user.id, "assignee_type": "user"}
    other = world.name("project")
    answers = {
        "organizations": owner.get("/v2.1/organizations"),
        "organization": owner.get(f"/v2.1/organizations/{project.organization}"),
        "projects": owner.get("/v2.1/projects"),
        "project create": owner.post("/v2.1/projects", {"name": other, "organization_name": project.organization}),
        "project update": owner.patch(f"/v2.1/projects/{other}", {"labels": {"a": "b"}}),
        "project delete": owner.delete(f"/v2.1/projects/{other}"),
        "project": owner.get(project.path),
        "project by service user": user.caller.get(project.path),
        "user": user.caller.get("/v2.1/user"),
        "permissions": owner.get("/v2.1/permissions"),
        "roles": owner.get(f"{project.path}/roles"),
        "assignments": owner.get(f"{project.path}/role-assignments"),
        "assign": owner.post(f"{project.path}/role-assignments", body),
        "audit": owner.get(f"{project.path}/audit"),
        "operator's users": world.operator.get("/operator/v1/users?limit=1"),
        "forbidden": user.caller.delete(project.path),
        "unknown deployment": user.caller.post(f"{project.path}/deployments/none/requests", {"x": 1}),
    }
    for name, answer in answers.items():
        assert answer.status_code < 500, (name, answer.text)
        assert cost_of(answer).round_trips <= 2, (name, cost_of(answer))
    assert answers["assign"].status_code == 201
    again = owner.post(f"{project.path}/role-assignments", body)
    assert again.status_code == 400
    assert cost_of(again).round_trips == 3, "a rule refuses it, and which is asked for"


@pytest.mark.parametrize("path", ["", "/service-users", "/deployments/d/requests"])
def test_a_preflight_takes_one(world, project, path):
    answer = world.nobody.options(project.path + path, headers={
        "Origin": "https://app.example", "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 204
    assert cost_of(answer).round_trips == 1


def test_an_unknown_token_takes_one(world, project):
    answer = world.caller(world.revoked_token()).get(project.path)
    assert answer.status_code == 401
    assert cost_of(answer).round_trips == 1


NO_TOKENS = [
    f"Token {FORGED_TOKEN}", f"Bearer {FORGED_TOKEN}", FORGED_TOKEN, "Token", "Token ", "nonsense", "Token a b",
    "Basic dXNlcjpwYXNz", "Token " + "0" * 39, "Token " + "G" * 40, "Token " + "0" * 41,
]


@pytest.mark.parametrize("authorization", [None, *NO_TOKENS])
def test_what_cannot_be_a_token_takes_none(world, project, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = world.nobody.get(project.path, headers=headers)
    assert answer.status_code == 401
    assert cost_of(answer) == Cost(0, 0, 0)


def test_with_an_origin_it_takes_the_one_that_makes_its_error_readable(world, project):
    answer = world.nobody.get(project.path, headers={
        "Authorization": f"Token {FORGED_TOKEN}", "Origin": "https://app.example"})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert cost_of(answer).round_trips == 1


def test_a_token_with_one_character_changed_takes_none(world, project):
    token = project.owner.token
    for place in (0, 31, 32, 39):
        other = "0" if token[place] != "0" else "1"
        changed = token[:place] + other + token[place + 1:]
        answer = Caller(world.url, world.ledger, changed).get(project.path)
        assert answer.status_code == 401
        assert cost_of(answer) == Cost(0, 0, 0), f"character {place}"


def test_a_path_that_does_not_exist_takes_none(world):
    answer = world.nobody.get("/v2.1/no/such/path")
    assert answer.status_code == 404
    assert cost_of(answer).round_trips == 0


def test_the_status_takes_none_and_health_takes_one(world):
    assert cost_of(world.nobody.get("/v2.1/status")).round_trips == 0
    healthy = world.nobody.get("/health")
    # Whether the clock has run meanwhile is up to other tests.
    assert (healthy.status_code, healthy.json()["status"]) == (200, "ok")
    assert cost_of(healthy).round_trips == 1
