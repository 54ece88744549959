"""What a browser is told before it calls: OPTIONS, from the project in the path, without a credential.

For request endpoints the project's `cors_origins` and the origins of all its service users count, expired
ones too; for other paths of the project its `cors_origins` alone; elsewhere nothing (contract section 4).
"""

import re

import pytest

PROJECT_ORIGIN = "https://project.example"
USER_ORIGIN = "https://service-user.example"
EXPIRED_ORIGIN = "https://expired.example"
OTHER_ORIGIN = "https://other-project.example"
REQUEST_PATHS = (
    "/deployments/d/requests", "/deployments/d/requests/batch", "/deployments/d/requests/stream",
    "/deployments/d/requests/collect", "/deployments/d/requests/13a9ba27-6888-4528-826e-8e1002eab13d",
    "/deployments/d/versions/v1/requests", "/deployments/d/versions/v1/requests/batch",
    "/pipelines/p/requests", "/pipelines/p/requests/batch", "/pipelines/p/versions/v1/requests",
)
OTHER_PATHS = ("", "/service-users", "/role-assignments", "/roles", "/audit")
# Below a project at which there is nothing: no method but OPTIONS.
NO_PATHS = ("/nothing/here", "/buckets", "/deployments/d/versions/v1/revisions")


@pytest.fixture(scope="module")
def project(world):
    """A project with an origin of its own, a service user with another, and an expired one with a third."""
    project = world.project(cors_origins=[PROJECT_ORIGIN])
    world.service_user(project, allowed_cors_origins=[USER_ORIGIN])
    world.expired_service_user(project, allowed_cors_origins=[EXPIRED_ORIGIN])
    elsewhere = world.project(project.owner, project.organization, cors_origins=[OTHER_ORIGIN])
    world.service_user(elsewhere, allowed_cors_origins=[OTHER_ORIGIN])
    return project


# `server-timing` holds row counts, which is why it is off where strangers call (contract section 1).
ALWAYS_DIFFERENT = ("x-request-id", "server-timing", "date")


def preflight(world, path, origin, method="POST", asked="authorization,content-type"):
    answer = world.nobody.options(path, headers={
        "Origin": origin, "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": asked})
    assert answer.status_code == 204, (path, answer.status_code, answer.text)
    assert answer.content == b""
    assert answer.headers["Allow"]
    if "/projects/" in path:
        assert words(answer.headers["Vary"]) == {"Origin", "Access-Control-Request-Headers"}
    assert "Access-Control-Allow-Credentials" not in answer.headers
    return answer.headers


def words(value):
    return {word.strip() for word in value.split(",")}


def allowed(headers, origin, method, asked="authorization,content-type"):
    assert headers.get("Access-Control-Allow-Origin") == origin, dict(headers)
    assert method in words(headers["Access-Control-Allow-Methods"])
    assert words(headers["Access-Control-Allow-Headers"]) == words(asked)
    assert headers["Access-Control-Max-Age"] == "600"


def withheld(headers):
    assert not [name for name in headers if name.lower().startswith("access-control-")], dict(headers)


@pytest.mark.parametrize("path", REQUEST_PATHS)
@pytest.mark.parametrize("origin", [PROJECT_ORIGIN, USER_ORIGIN, EXPIRED_ORIGIN])
def test_a_request_endpoint_allows_every_origin_of_the_project_and_its_service_users(world, project, path, origin):
    method = "GET" if path.endswith("eab13d") else "POST"
    allowed(preflight(world, project.path + path, origin, method), origin, method)


@pytest.mark.parametrize("asked", [
    "authorization,content-type,x-stainless-arch,x-stainless-lang,x-stainless-os,x-stainless-retry-count,idempotency-key",
    "authorization, traceparent, baggage, sentry-trace", "x-tomorrow"])
def test_the_headers_of_every_sdk_are_allowed(world, project, asked):
    allowed(preflight(world, project.path + REQUEST_PATHS[0], USER_ORIGIN, asked=asked), USER_ORIGIN, "POST", asked)


@pytest.mark.parametrize("asked", ["a b", "a:b", ",".join(["x-a"] * 65), "a" * 4_097])
def test_what_is_no_list_of_field_names_is_not_repeated(world, project, asked):
    headers = preflight(world, project.path + REQUEST_PATHS[0], USER_ORIGIN, asked=asked)
    assert "Access-Control-Allow-Headers" not in headers


@pytest.mark.parametrize("origin", ["capacitor://localhost", "tauri://localhost", "app://obsidian.md",
                                    "chrome-extension://cfhdojbkjhnklbpkdaibdccddilifddb"])
def test_apps_and_extensions_are_allowed_as_they_name_themselves(world, origin):
    project = world.project(cors_origins=[origin])
    allowed(preflight(world, project.path, origin, "GET"), origin, "GET")


@pytest.mark.parametrize("path", OTHER_PATHS)
def test_another_path_allows_the_project_s_origins_alone(world, project, path):
    allowed(preflight(world, project.path + path, PROJECT_ORIGIN, "GET"), PROJECT_ORIGIN, "GET")
    withheld(preflight(world, project.path + path, USER_ORIGIN, "GET"))


@pytest.mark.parametrize("path", NO_PATHS)
def test_a_path_at_which_there_is_nothing_allows_the_project_s_origins_alone(world, project, path):
    allowed(preflight(world, project.path + path, PROJECT_ORIGIN), PROJECT_ORIGIN, "OPTIONS")
    withheld(preflight(world, project.path + path, USER_ORIGIN))


def test_an_origin_of_another_project_is_nothing_here(world, project):
    for path in (*REQUEST_PATHS, *OTHER_PATHS):
        withheld(preflight(world, project.path + path, OTHER_ORIGIN))


NEAR_MISSES = [
    "http://project.example", "https://project.example:8443", "https://project.example.evil.example",
    "https://evilproject.example", "https://sub.project.example", "https://project.exampl", "null", "*",
    "https://project.example/", "https://project.example.", "", "https://project.example, https://evil.example",
]


@pytest.mark.parametrize("origin", NEAR_MISSES)
def test_an_origin_is_compared_exactly(world, project, origin):
    for path in ("", "/deployments/d/requests"):
        withheld(preflight(world, project.path + path, origin))


def test_outside_of_projects_nothing_is_allowed(world, project):
    for path in ("/v2.1/projects", "/v2.1/organizations", "/v2.1/user", "/operator/v1/users", "/v2.1/status"):
        withheld(preflight(world, path, PROJECT_ORIGIN))


def test_options_needs_neither_a_project_nor_a_credential(world, project):
    missing = f"/v2.1/projects/{world.name('missing')}"
    for path in ("", "/service-users", "/deployments/d/requests"):
        withheld(preflight(world, missing + path, PROJECT_ORIGIN))


def test_a_project_that_exists_shows_no_more_than_one_that_does_not(world, project):
    """To an origin that it does not allow: the same status and the same headers, but for what differs anyway."""

    def shown(path):
        headers = preflight(world, path, "https://nobody.example")
        return {name: value for name, value in headers.lower_items() if name not in ALWAYS_DIFFERENT}

    assert shown(project.path) == shown(f"/v2.1/projects/{world.name('missing')}")


def test_options_without_an_origin_tells_the_methods(world, project):
    answer = world.nobody.options(f"{project.path}/service-users")
    assert answer.status_code == 204
    assert {"GET", "POST", "OPTIONS"} <= words(answer.headers["Allow"])
    withheld(answer.headers)


def test_the_methods_are_those_of_the_route(world, project):
    for path, methods in {"": {"GET", "PATCH", "DELETE"}, "/service-users": {"GET", "POST"},
                          "/deployments/d/requests": {"GET", "POST"},
                          "/deployments/d/requests/collect": {"POST"}}.items():
        headers = preflight(world, project.path + path, PROJECT_ORIGIN)
        assert words(headers["Access-Control-Allow-Methods"]) - {"OPTIONS", "HEAD"} == methods, path


def test_the_stored_origin_is_normalised_and_the_browser_s_form_matches(world):
    project = world.project(cors_origins=["HTTPS://App.Example:443", "http://bücher.example", "https://app.example"])
    stored = project.owner.caller.get(project.path).json()["cors_origins"]
    assert stored == ["https://app.example", "http://xn--bcher-kva.example"]
    for origin in stored:
        allowed(preflight(world, project.path, origin, "GET"), origin, "GET")
    withheld(preflight(world, project.path, "https://App.Example:443", "GET"))


def test_a_removed_origin_is_refused_from_the_next_preflight_on(world):
    project = world.project(cors_origins=[PROJECT_ORIGIN])
    user = world.service_user(project, allowed_cors_origins=[USER_ORIGIN])
    requests = f"{project.path}/deployments/d/requests"
    allowed(preflight(world, requests, PROJECT_ORIGIN), PROJECT_ORIGIN, "POST")
    project.owner.caller.patch(project.path, {"cors_origins": []})
    withheld(preflight(world, requests, PROJECT_ORIGIN))
    allowed(preflight(world, requests, USER_ORIGIN), USER_ORIGIN, "POST")
    project.owner.caller.delete(user.path)
    withheld(preflight(world, requests, USER_ORIGIN))


def test_the_answer_is_never_a_wildcard(world, project):
    for path in ("", "/deployments/d/requests"):
        for origin in (PROJECT_ORIGIN, USER_ORIGIN, "*", "null"):
            value = preflight(world, project.path + path, origin).get("Access-Control-Allow-Origin", "")
            assert not re.search(r"\*|null", value)
