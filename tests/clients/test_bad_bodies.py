"""Bodies that nobody should send: refused with 4xx and a sentence that names the fault, and nothing stored."""

import gzip
import http.client
import json
import socket

import pytest

from wire import error_of, exchange, raw_request

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def project(world):
    return world.project()


@pytest.fixture
def nothing_is_stored(project):
    """Fails when the test left a service user behind."""
    before = project.owner.caller.get(f"{project.path}/service-users").json()
    yield
    assert project.owner.caller.get(f"{project.path}/service-users").json() == before


def send(project, body, headers=JSON, method="POST", path=None):
    """Sends `body` as it is to the creation of service users."""
    return project.owner.caller.request(method, path or f"{project.path}/service-users", data=body, headers=headers)


def refused(answer, status=400):
    """The sentence of a refusal that fits a client's screen."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"].startswith("application/json")
    sentence = error_of(answer)
    assert len(sentence) < 2_000, "the sentence repeats what was sent"
    return sentence


NOT_JSON = [
    b"{", b"nope", b"{'name': 'x'}", b'{"name": }', b"{} {}", b'{"name": "x",}', b'\x00', b"\xff\xfe{}",
    b'{"name": "\xff\xfe"}', b'{"name": "\xed\xa0\x80"}', b'{"name": "\\ud800"}', b'{"name": NaN}', b"<a/>",
    b'\xef\xbb\xbf\xef\xbb\xbf{"name": "x"}', b'{"name": "a\nb"}', b'{"credits": 1e999999}x',
]


@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_not_json_is_refused(project, nothing_is_stored, body):
    assert "JSON" in refused(send(project, body))


@pytest.mark.parametrize("body", [b"[]", b'["name"]', b'"name"', b"5", b"-0.0", b"true", b"null"])
def test_what_is_not_an_object_is_refused(project, nothing_is_stored, body):
    assert "object" in refused(send(project, body))


WRONG_TYPES = [
    ("name", 5), ("name", True), ("name", ["x"]), ("name", {"x": 1}),
    ("description", 5), ("description", {}),
    ("expiry_date", {}), ("expiry_date", 5),
    ("allowed_cors_origins", "https://a.example"), ("allowed_cors_origins", {"0": "https://a.example"}),
    ("allowed_cors_origins", [5]), ("allowed_cors_origins", [None]), ("allowed_cors_origins", [["https://a.example"]]),
]


@pytest.mark.parametrize("field, value", WRONG_TYPES)
def test_a_field_of_a_wrong_type_is_named(project, nothing_is_stored, field, value):
    assert field in refused(send(project, json.dumps({field: value})))


@pytest.mark.parametrize("field", ["name", "organization_name"])
@pytest.mark.parametrize("value", [None, 5, "", "UPPER", "1st", "a b", "a" * 65, "a\u0000b", "ä", "a/b", "a."])
def test_a_project_s_names_are_checked(project, field, value):
    body = {"name": "fine-name", "organization_name": project.organization, field: value}
    answer = project.owner.caller.post("/v2.1/projects", body)
    # A well-typed name that is merely unknown, or nobody's, is an organization that is not there.
    expected = (400, 404) if field == "organization_name" else (400,)
    assert answer.status_code in expected, answer.text
    assert field in error_of(answer) or "organization" in error_of(answer)


@pytest.mark.parametrize("field", ["name", "organization_name"])
def test_a_missing_field_is_named(project, field):
    body = {"name": "fine-name", "organization_name": project.organization}
    del body[field]
    assert field in refused(project.owner.caller.post("/v2.1/projects", body))


@pytest.mark.parametrize("body", [
    {"labels": {"a": [5]}}, {"labels": {"a": None}}, {"labels": ["a"]}, {"labels": "a:b"}, {"suspend": "yes"}, {"suspend": 1},
    {"advanced_permissions": "false"}, {"cors_origins": ["*"]}, {"cors_origins": "https://a.example"},
    {"cors_origins": None, "suspend": []},
])
def test_a_project_update_of_a_wrong_type_is_refused_and_changes_nothing(project, body):
    before = project.owner.caller.get(project.path).json()
    sentence = refused(project.owner.caller.patch(project.path, body))
    assert any(field in sentence for field in body), sentence
    assert project.owner.caller.get(project.path).json() == before


@pytest.mark.parametrize("field", ["name", "description"])
def test_nul_in_a_text_is_refused(project, nothing_is_stored, field):
    assert field in refused(send(project, json.dumps({field: "a\u0000b"})))


@pytest.mark.parametrize("origin", [
    "*", "null", "", " https://a.example", "https://a.example ", "https://a.example/", "https://a.example/x",
    "https://a.example?x", "https://a.example#x", "https://user@a.example", "ftp://a.example", "a.example",
    "https://", "https://*.a.example", "https://a.example:65536", "https://a.example:x", "https://a b.example",
    "javascript:alert(1)", "file:///etc/passwd", "https://a.example\u0000", "https://a.example\nX: y",
])
def test_a_bad_origin_is_refused_by_its_place(project, nothing_is_stored, origin):
    body = {"allowed_cors_origins": ["https://fine.example", origin]}
    assert "allowed_cors_origins[1]" in refused(send(project, json.dumps(body)))


def test_more_than_a_hundred_origins_are_refused(project, nothing_is_stored):
    body = {"allowed_cors_origins": [f"https://a{number}.example" for number in range(101)]}
    assert "allowed_cors_origins" in refused(send(project, json.dumps(body)))


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"x":', "}")])
@pytest.mark.parametrize("around", ["%s", '{"name": %s}', '{"allowed_cors_origins": [%s]}', '{"unknown": %s}'])
def test_ten_thousand_levels_are_refused(project, nothing_is_stored, around, opening, closing):
    refused(send(project, around % (opening * 10_000 + "1" + closing * 10_000)))


def test_unknown_fields_are_ignored(world, project):
    user = world.service_user(project, name="known", colour="blue", nested={"a": [1, None]}, id="mine", token="0" * 40)
    assert project.owner.caller.get(user.path).json()["name"] == "known"
    assert user.id != "mine" and user.token != "0" * 40


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_not_declared_as_json_is_415(project, nothing_is_stored, content_type):
    assert "application/json" in refused(send(project, b'{"name": "x"}', {"Content-Type": content_type}), 415)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_415_and_told_so(project, nothing_is_stored, coding):
    answer = send(project, gzip.compress(b'{"name": "x"}'), {**JSON, "Content-Encoding": coding})
    assert coding in refused(answer, 415)
    assert answer.headers["Accept-Encoding"] == "identity"


def test_a_byte_order_mark_is_no_hindrance(project):
    answer = send(project, b'\xef\xbb\xbf{"name": "x"}')
    assert answer.status_code == 201, answer.text
    answer = send(project, b'{"name": "x"}', {**JSON, "Content-Encoding": "identity"})
    assert answer.status_code == 201, answer.text


def test_a_declared_charset_is_no_hindrance(project):
    answer = send(project, b"{}", {"Content-Type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 201, answer.text


def test_a_body_of_more_than_one_mebibyte_is_413(project, nothing_is_stored):
    body = b'{"name": "' + b"x" * (2 * MIB) + b'"}'
    assert "1 MiB" in refused(send(project, body), 413)


def test_a_body_that_does_not_tell_its_length_is_counted_while_it_is_read(project, nothing_is_stored):
    def chunks():
        yield b'{"name": "'
        for _ in range(32):
            yield b"x" * (64 * 1024)
        yield b'"}'

    assert "1 MiB" in refused(send(project, chunks()), 413)


def test_a_large_body_without_a_valid_token_is_not_accepted(world, project):
    answer = world.nobody.request("POST", f"{project.path}/service-users", data=b"x" * (2 * MIB), headers=JSON)
    assert answer.status_code in (401, 413)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [2 * MIB, 6 * MIB])
@pytest.mark.parametrize("token, path, status", [
    (True, "/service-users", 413), (False, "/service-users", 401), (True, "/nothing", 404), (True, "/roles/x/y", 404)])
def test_a_large_body_is_refused_without_losing_the_connection(server, world, project, chunked, size, token, path, status):
    """The refusal reaches a client that still sends, and the next call goes over the same connection."""
    headers = dict(JSON, Authorization=f"Token {project.owner.token}") if token else JSON
    host, port = server.address
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.connect()
    connection.auto_open = 0
    for _ in range(3):
        body = (b"x" * 65536 for _ in range(size // 65536)) if chunked else b"x" * size
        connection.request("POST", project.path + path, body=body, headers=headers)
        answer = connection.getresponse()
        sentence = json.loads(answer.read())["error"]
        world.ledger.saw(answer.headers["X-Request-Id"], {})
        assert answer.status == status, sentence
    connection.close()


def test_a_body_just_below_the_limit_is_read(project, nothing_is_stored):
    body = b'{"name": "' + b"x" * (MIB - 100) + b'"}'
    assert "name" in refused(send(project, body))


def test_a_body_that_breaks_off_stores_nothing(server, world, project, nothing_is_stored):
    """The connection ends before the announced length: there is nobody left to answer."""
    head = raw_request("POST", f"{project.path}/service-users", [
        ("Authorization", f"Token {project.owner.token}"), ("Content-Type", "application/json"),
        ("Content-Length", "100")])
    with socket.create_connection(server.address, timeout=30) as connection:
        connection.sendall(head + b'{"name": "half')
    assert world.nobody.get("/health").status_code == 200


def test_a_length_that_is_no_number_is_refused(server, world, project):
    for length in ("abc", "-1", "99999999999999999999"):
        answer = exchange(server.address, world.ledger, raw_request("POST", f"{project.path}/service-users", [
            ("Authorization", f"Token {project.owner.token}"), ("Content-Type", "application/json"),
            ("Content-Length", length)]) + b"{}")
        assert 400 <= answer.status < 500, (length, answer)


def test_a_get_with_a_body_is_answered_as_one_without(project):
    answer = project.owner.caller.request("GET", project.path, data=b"not json", headers=JSON)
    assert answer.status_code == 200


def test_a_put_without_a_body_needs_none_whatever_it_declares(world, project):
    user = world.service_user(project)
    answer = project.owner.caller.request("PUT", f"{user.path}/token", data=b"", headers=JSON)
    assert answer.status_code == 200, answer.text
