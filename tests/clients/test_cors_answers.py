"""What a browser may read of the answer, and what is refused before it runs (contract section 4).

The origin must be in the project's list or, on request endpoints, in that caller's own. Where it is not,
the headers are withheld and the call is handled normally, since a server may send `Origin` too; but a call
that a browser marks as another site's (`Sec-Fetch-Site: cross-site` or `same-site`) on a request endpoint is refused.
"""

import pytest

from world import FORGED_TOKEN

PROJECT_ORIGIN = "https://project.example"
MINE, YOURS = "https://mine.example", "https://yours.example"
NOBODYS = "https://nobody.example"
EXPOSED = {"X-Request-Id", "Retry-After", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
           "Content-Disposition", "Idempotent-Replayed", "Tenantry-Overhead-Ms"}


class Scene:
    """A project with an origin, and two service users with one each."""

    def __init__(self, world):
        self.project = world.project(cors_origins=[PROJECT_ORIGIN])
        self.me = world.service_user(self.project, role="project-editor", allowed_cors_origins=[MINE])
        self.you = world.service_user(self.project, role="project-editor", allowed_cors_origins=[YOURS])
        self.outsider = world.service_user(self.project, allowed_cors_origins=[MINE])
        self.requests = f"{self.project.path}/deployments/none/requests"


@pytest.fixture(scope="module")
def scene(world):
    return Scene(world)


def readable(answer, origin, status):
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers.get("Access-Control-Allow-Origin") == origin, dict(answer.headers)
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {name.lower() for name in EXPOSED} <= exposed
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def unreadable(answer, status):
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def by_browser(origin):
    return {"Origin": origin, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"}


def test_project_origins_work_everywhere_in_the_project(scene):
    readable(scene.me.caller.get(scene.project.path, headers=by_browser(PROJECT_ORIGIN)), PROJECT_ORIGIN, 200)
    readable(scene.me.caller.get(f"{scene.project.path}/service-users", headers=by_browser(PROJECT_ORIGIN)),
             PROJECT_ORIGIN, 200)
    readable(scene.me.caller.post(scene.requests, {"x": 1}, headers=by_browser(PROJECT_ORIGIN)), PROJECT_ORIGIN, 404)


def test_a_caller_s_own_origin_works_on_request_endpoints_only(scene):
    readable(scene.me.caller.post(scene.requests, {"x": 1}, headers=by_browser(MINE)), MINE, 404)
    unreadable(scene.me.caller.get(scene.project.path, headers=by_browser(MINE)), 200)


def test_a_browser_s_call_from_another_s_origin_is_refused_on_request_endpoints(scene):
    for origin in (YOURS, NOBODYS, "null"):
        answer = scene.me.caller.post(scene.requests, {"x": 1}, headers=by_browser(origin))
        unreadable(answer, 403)
        assert "origin" in answer.json()["error"].lower()


def test_a_person_s_browser_call_needs_the_project_s_origin(scene):
    owner = scene.project.owner.caller
    readable(owner.post(scene.requests, {"x": 1}, headers=by_browser(PROJECT_ORIGIN)), PROJECT_ORIGIN, 404)
    unreadable(owner.post(scene.requests, {"x": 1}, headers=by_browser(MINE)), 403)


def test_a_server_that_sends_an_origin_is_not_broken(scene):
    unreadable(scene.me.caller.post(scene.requests, {"x": 1}, headers={"Origin": NOBODYS}), 404)
    unreadable(scene.me.caller.get(scene.project.path, headers={"Origin": NOBODYS}), 200)
    unreadable(scene.me.caller.get(scene.project.path, headers=by_browser(NOBODYS)), 200)


def test_a_call_that_no_browser_marks_as_another_site_s_is_not_refused(scene):
    for marks in ({"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        unreadable(scene.me.caller.post(scene.requests, {"x": 1}, headers={"Origin": NOBODYS, **marks}), 404)
    answer = scene.me.caller.post(scene.requests, {"x": 1}, headers={"Origin": NOBODYS, "Sec-Fetch-Site": "same-site"})
    unreadable(answer, 403)


def test_a_path_at_which_there_is_nothing_is_readable_by_the_project_s_origins(world, scene):
    for path in ("/nothing", "/buckets/b", "/deployments/d/versions/v/revisions"):
        for caller in (scene.me.caller, world.nobody):
            readable(caller.post(scene.project.path + path, {}, headers=by_browser(PROJECT_ORIGIN)), PROJECT_ORIGIN, 404)
            unreadable(caller.post(scene.project.path + path, {}, headers=by_browser(MINE)), 404)


def test_without_an_origin_there_are_no_cors_headers(scene):
    for answer in (scene.me.caller.get(scene.project.path), scene.me.caller.post(scene.requests, {"x": 1})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("origin", [PROJECT_ORIGIN, MINE, YOURS])
def test_a_401_on_a_request_endpoint_is_readable_by_every_app_that_a_preflight_let_through(world, scene, origin):
    for token in (FORGED_TOKEN, world.revoked_token()):
        answer = world.caller(token).post(scene.requests, {"x": 1}, headers=by_browser(origin))
        readable(answer, origin, 401)
    readable(world.nobody.post(scene.requests, {"x": 1}, headers=by_browser(origin)), origin, 401)


def test_a_401_elsewhere_is_readable_by_the_project_s_origins(world, scene):
    readable(world.nobody.get(scene.project.path, headers=by_browser(PROJECT_ORIGIN)), PROJECT_ORIGIN, 401)
    unreadable(world.nobody.get(scene.project.path, headers=by_browser(MINE)), 401)


def test_a_403_is_readable_by_the_app(scene):
    readable(scene.outsider.caller.post(scene.requests, {"x": 1}, headers=by_browser(MINE)), MINE, 403)
    readable(scene.outsider.caller.get(scene.project.path, headers=by_browser(PROJECT_ORIGIN)), PROJECT_ORIGIN, 403)


def test_a_400_and_a_404_are_readable_by_the_app(scene):
    users = f"{scene.project.path}/service-users"
    owner, origin = scene.project.owner.caller, by_browser(PROJECT_ORIGIN)
    readable(owner.post(users, {"name": 5}, headers=origin), PROJECT_ORIGIN, 400)
    readable(owner.get(f"{users}/nobody", headers=origin), PROJECT_ORIGIN, 404)


def test_an_error_of_a_request_endpoint_speaks_to_the_streaming_reader_too(scene):
    body = scene.me.caller.post(f"{scene.requests}/stream", {"x": 1}).json()
    assert body["error"] == body["error_message"]


@pytest.mark.parametrize("method, path", [
    ("POST", ""), ("GET", ""), ("POST", "/batch"), ("POST", "/stream"), ("POST", "/collect"), ("POST", "/delete"),
    ("POST", "/cancel"), ("GET", "/13a9ba27-6888-4528-826e-8e1002eab13d"),
    ("DELETE", "/13a9ba27-6888-4528-826e-8e1002eab13d"), ("PATCH", "/13a9ba27-6888-4528-826e-8e1002eab13d"),
    ("GET", "/13a9ba27-6888-4528-826e-8e1002eab13d/input"), ("GET", "/13a9ba27-6888-4528-826e-8e1002eab13d/output"),
])
def test_every_request_endpoint_of_an_unknown_deployment_is_404_and_readable(scene, method, path):
    for kind in ("deployments/none", "deployments/none/versions/v1", "pipelines/none", "pipelines/none/versions/v1"):
        target = f"{scene.project.path}/{kind}/requests{path}"
        body = {"x": 1} if method in ("POST", "PATCH") else None
        answer = scene.project.owner.caller.request(method, target, json=body, headers=by_browser(PROJECT_ORIGIN))
        readable(answer, PROJECT_ORIGIN, 404)


def test_removing_an_origin_takes_effect_with_the_next_call(world):
    scene = Scene(world)

    def call():
        return scene.me.caller.post(scene.requests, {"x": 1}, headers=by_browser(MINE))

    readable(call(), MINE, 404)
    changed = scene.project.owner.caller.patch(scene.me.path, {"allowed_cors_origins": []})
    assert changed.status_code == 200
    # `outsider` has the same origin: it stays in the preflight's union, and is still not this caller's.
    unreadable(call(), 403)
