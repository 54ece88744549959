"""What many callers at once cannot break, with D1's own constraints and transactions."""

import threading
from concurrent.futures import ThreadPoolExecutor

from wire import error_of

CALLERS = 20


def at_once(calls):
    """Runs all calls, each in a thread of its own, released together; returns their answers in order."""
    gate = threading.Barrier(len(calls))

    def released(call):
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(released, calls))


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def test_a_project_name_is_taken_once(world):
    owner = world.person("owner")
    body = {"name": world.name("project"), "organization_name": world.organization(owner)}
    callers = [owner.caller.again() for _ in range(CALLERS)]
    answers = at_once([lambda caller=caller: caller.post("/v2.1/projects", body) for caller in callers])
    assert statuses(answers) == [201] + [400] * (CALLERS - 1)
    for answer in answers:
        if answer.status_code == 400:
            assert "name" in error_of(answer) and body["name"] in error_of(answer)
    listed = [project["name"] for project in owner.caller.get("/v2.1/projects").json()]
    assert listed == [body["name"]]


def test_a_project_name_is_taken_once_across_organizations(world):
    name = world.name("project")
    owners = [world.person("owner") for _ in range(5)]
    bodies = [{"name": name, "organization_name": world.organization(owner)} for owner in owners]
    answers = at_once([
        lambda owner=owner, body=body: owner.caller.post("/v2.1/projects", body)
        for owner, body in zip(owners, bodies)
    ])
    assert statuses(answers) == [201] + [400] * 4


def test_an_organization_name_is_taken_once(world):
    people = [world.person() for _ in range(5)]
    body = {"name": world.name("org"), "subscription": "free"}
    answers = at_once([lambda person=person: person.caller.post("/v2.1/organizations", body) for person in people])
    assert statuses(answers) == [201] + [400] * 4


def test_of_many_resets_exactly_one_token_is_left(world):
    user = world.service_user(world.project())
    callers = [user.project.owner.caller.again() for _ in range(CALLERS)]
    answers = at_once([lambda caller=caller: caller.put(f"{user.path}/token") for caller in callers])
    tokens = [answer.json()["token"] for answer in answers if answer.status_code == 200]
    assert tokens and {answer.status_code for answer in answers} <= {200, 400}
    alive = [token for token in tokens if world.caller(token).get("/v2.1/user").status_code == 200]
    assert len(alive) == 1
    assert user.caller.get("/v2.1/user").status_code == 401


def test_a_service_user_is_deleted_once(world):
    user = world.service_user(world.project())
    callers = [user.project.owner.caller.again() for _ in range(CALLERS)]
    answers = at_once([lambda caller=caller: caller.delete(user.path) for caller in callers])
    assert statuses(answers) == [204] + [404] * (CALLERS - 1)


def test_the_request_after_a_deletion_is_refused_on_every_connection(world):
    """Revocation is strict: nothing between an allow decision and the database remembers the token."""
    user = world.service_user(world.project(), role="project-viewer")
    callers = [user.caller.again() for _ in range(CALLERS)]
    for caller in callers:
        assert caller.get(user.project.path).status_code == 200
    assert user.project.owner.caller.delete(user.path).status_code == 204
    answers = at_once([lambda caller=caller: caller.get(user.project.path) for caller in callers])
    assert statuses(answers) == [401] * CALLERS


def test_a_deleted_project_ends_the_tokens_of_its_service_users(world):
    user = world.service_user(world.project(), role="project-viewer")
    assert user.project.owner.caller.delete(user.project.path).status_code == 204
    assert user.caller.get("/v2.1/user").status_code == 401
