"""Paths and headers that nobody should send: 4xx, never 5xx, over a socket where no client would send them."""

import re

import pytest

from wire import REQUEST_ID, error_of, exchange, raw_request
from world import UNKNOWN_ID


@pytest.fixture(scope="module")
def project(world):
    return world.project()


@pytest.fixture
def send(server, world, project):
    """Writes a request with the owner's token to a socket."""

    def write(method, target, headers=(), token=True, body=b""):
        given = [("Authorization", f"Token {project.owner.token}")] if token else []
        return exchange(server.address, world.ledger, raw_request(method, target, [*given, *headers], body))

    return write


def is_refused(answer, statuses):
    """A refusal by the module, with a sentence and a request id."""
    assert answer.status in statuses, answer
    assert REQUEST_ID.fullmatch(answer.headers["x-request-id"])
    assert answer.json()["error"]


MALFORMED_IDS = [
    "x", "0", "-1", "13a9ba27", UNKNOWN_ID[:-1], UNKNOWN_ID + "0", UNKNOWN_ID.replace("1", "g"), "%00", "%ff", "%",
    "%2", "%zz", "'%20OR%201=1--", "%22", "..%2f..%2fetc", "%F0%9F%94%91", "null", "undefined", "{id}",
]


@pytest.mark.parametrize("malformed", MALFORMED_IDS)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_malformed_id_is_not_there(send, project, method, malformed):
    for collection in ("service-users", "role-assignments"):
        if (collection, method) == ("role-assignments", "PATCH"):
            continue
        body = b"{}" if method == "PATCH" else b""
        answer = send(method, f"{project.path}/{collection}/{malformed}", [("Content-Type", "application/json")], body=body)
        is_refused(answer, {400, 404})


@pytest.mark.parametrize("name", ["A", "%20", "a%20b", "a.b", "-", "%C3%A4", "a" * 65, "a%00", "%2e%2e", "a%27b", "a;b", "*"])
def test_a_malformed_project_name_is_not_there(send, name):
    is_refused(send("GET", f"/v2.1/projects/{name}/service-users"), {404})


@pytest.mark.parametrize("target", [
    "/v2.1/projects/a%2Fb", "/v2.1%2Fstatus", "/v2.1/projects%2F", "/v2.1/projects/%2F", "/v2.1/projects/a%2f..%2fb",
])
def test_an_encoded_slash_separates_nothing(send, target):
    is_refused(send("GET", target), {404})


def test_an_encoded_letter_is_the_letter(send, project):
    encoded = "".join(f"%{ord(letter):02X}" for letter in project.name)
    answer = send("GET", f"/v2.1/projects/{encoded}")
    assert (answer.status, answer.json()["id"]) == (200, project.id)


def test_doubled_slashes_collapse(send, project):
    answer = send("GET", f"//v2.1///projects//{project.name}")
    assert (answer.status, answer.json()["id"]) == (200, project.id)


def test_both_versions_serve_the_same(send, project):
    answers = [send("GET", f"/{version}/projects/{project.name}") for version in ("v2.1", "v2")]
    assert answers[0].status == 200 and answers[0].json() == answers[1].json()


@pytest.mark.parametrize("target", ["/x", "/v2.1", "/v2.1/", "/v3/status", "/v2.1/nothing", "/v2.1/projects/a/b/c/d/e/f/g"])
def test_an_unknown_path_is_404(send, target):
    is_refused(send("GET", target), {404})


def test_a_segment_of_ten_kilobytes_is_not_there(send):
    for target in (f"/v2.1/projects/{'a' * 10_240}", f"/v2.1/{'a' * 10_240}", "/v2.1/projects/" + "%41" * 3_413,
                   "/v2.1" + "/a" * 5_120):
        is_refused(send("GET", target), {404, 414})


def test_unserved_session_endpoints_are_404(send):
    for path in ("/v2.1/user", "/v2.1/authorize", "/v2.1/oauth/sign-in", "/v2.1/oauth/complete"):
        answer = send("POST", path, [("Content-Type", "application/json")], token=False, body=b'{"email": "a@b.example"}')
        is_refused(answer, {404})


def test_a_query_that_is_not_text_is_no_failure(send, project):
    for query in ("%ff", "a=%00", "&&&", "=", "limit=%zz", "a" * 10_000, "organization=%F0%9F%94%91"):
        assert send("GET", f"/v2.1/projects?{query}").status in (200, 400, 404)


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "limit=1.5", "limit=99999999999999999999", "offset=x", "offset=-1"])
def test_a_query_of_a_wrong_type_is_named(world, project, query):
    answer = project.owner.caller.get(f"{project.path}/audit?{query}")
    assert answer.status_code == 400, answer.text
    assert query.split("=")[0] in error_of(answer)


NOT_TEXT = [b"Token \xff\xfe\xfd", b"Token \x80" + b"a" * 39, b"\xc3\x28", "Token ü".encode(), b"Token " + bytes(range(128, 168))]


@pytest.mark.parametrize("value", NOT_TEXT)
def test_an_authorization_that_is_not_text_is_no_token(send, project, value):
    answer = send("GET", project.path, [("Authorization", value)], token=False)
    is_refused(answer, {400, 401})


@pytest.mark.parametrize("name", ["Origin", "Content-Type", "Content-Encoding", "User-Agent", "Sec-Fetch-Mode", "Sec-Fetch-Site",
                                  "Access-Control-Request-Method", "Access-Control-Request-Headers"])
def test_another_header_that_is_not_text_is_no_failure(send, project, name):
    for method, body in (("GET", b""), ("POST", b"{}"), ("OPTIONS", b"")):
        path = project.path + ("/role-assignments" if method == "POST" else "")
        answer = send(method, path, [(name, b"\xff\xfe https://a.example")], body=body)
        assert answer.status < 500, (name, method, answer)
        assert "access-control-allow-origin" not in answer.headers


def test_an_authorization_of_a_hundred_kilobytes_is_no_token(send, project):
    for value in ("Token " + "a" * 102_400, "a" * 102_400, "Token " + " " * 102_400, "Bearer " + "0" * 102_400):
        answer = send("GET", project.path, [("Authorization", value)], token=False)
        assert answer.status in (400, 401, 431), answer


def test_two_authorizations_are_no_token(send, project):
    """HTTP joins them with a comma, and what is joined is no token: neither of the two is picked."""
    token = ("Authorization", f"Token {project.owner.token}")
    answer = send("GET", project.path, [token, ("Authorization", "Token " + "0" * 40)], token=False)
    is_refused(answer, {400, 401})


def test_an_unknown_method_is_405_with_the_known_ones(send, project):
    for method in ("PROPFIND", "PURGE", "SEARCH"):
        answer = send(method, project.path)
        is_refused(answer, {405})
        assert {"GET", "PATCH", "DELETE"} <= set(re.split(r",\s*", answer.headers["allow"]))


def test_a_method_that_the_path_has_not_is_405_with_those_it_has(send, project):
    answer = send("POST", project.path, [("Content-Type", "application/json")], body=b"{}")
    is_refused(answer, {405})
    assert {"GET", "PATCH", "DELETE"} <= set(re.split(r",\s*", answer.headers["allow"]))
    assert "POST" not in answer.headers["allow"]


def test_a_method_that_http_does_not_have_is_refused_by_the_runtime(send, project):
    """workerd's own parser answers this one, so neither a request id nor a sentence of ours comes with it."""
    assert send("BREW", project.path).status in (400, 405, 501)


def test_head_is_answered_without_a_body(send, project):
    for target in ("/v2.1/status", project.path):
        answer = send("HEAD", target)
        assert answer.status in (200, 405) and answer.body == b"", answer
        assert REQUEST_ID.fullmatch(answer.headers["x-request-id"])


def test_every_answer_carries_a_request_id_of_its_own(world, project):
    owner, nobody = project.owner.caller, world.nobody
    answers = [
        nobody.get("/v2.1/status"), nobody.get("/health"), nobody.get("/no/such"), nobody.get(project.path),
        nobody.options(project.path), owner.get(project.path), owner.put(project.path),
        owner.post(f"{project.path}/service-users", [1]), owner.get("/operator/v1/users"),
        world.operator.get("/operator/v1/users?limit=1"),
    ]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(REQUEST_ID.fullmatch(request_id) for request_id in ids) and len(set(ids)) == len(ids)


def test_a_request_id_that_the_caller_sends_is_not_taken_over(world):
    answer = world.nobody.get("/v2.1/status", headers={"X-Request-Id": "0" * 32})
    assert answer.headers["X-Request-Id"] != "0" * 32


def test_no_error_shows_what_the_server_is_made_of(send, project):
    for answer in (send("GET", f"{project.path}/service-users/%00"), send("GET", "/v2.1/projects/'"),
                   send("POST", "/v2.1/projects", [("Content-Type", "application/json")], body=b'{"name": "\'"}')):
        assert not re.search(r"sqlite|D1_|SELECT|panic|wasm|\.rs\b|stack", answer.body.decode(), re.IGNORECASE), answer
