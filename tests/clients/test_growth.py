"""What a call reads does not grow with the number of service users in its project.

Measured by D1's own count of rows read, with 10 and with 2,000 service users. Each of the 2,000 has an
origin of its own and one that all share, so that neither a look-up by origin nor the union of the project's
origins can hide a scan.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wire import cost_of
from world import created

FEW, MANY = 10, 2_000
THREADS = 8
# A seek that finds nothing counts the neighbour on which it lands in the index, if there is one; ids, digests and
# so places in an index are random, and a write makes a dozen seeks. A scan of anything would add 1,990 rows.
NEIGHBOURS = 8
SHARED_ORIGIN = "https://shared.example"
LAST_ORIGIN = f"https://app-{MANY - 1}.example"


@pytest.fixture(scope="module")
def costs(world):
    """Rows read by each call, with few and with many service users."""
    project = world.project(cors_origins=["https://project.example"])
    reader = world.service_user(project, role="project-viewer")
    add_service_users(project, range(FEW))
    few = measure(project, reader)
    add_service_users(project, range(FEW, MANY))
    listed = project.owner.caller.get(f"{project.path}/service-users").json()
    assert len(listed) >= MANY
    return few, measure(project, reader)


def add_service_users(project, numbers):
    """Makes them through the API, on connections that are kept open."""

    def add(share):
        caller = project.owner.caller.again()
        for number in share:
            origins = [SHARED_ORIGIN, f"https://app-{number}.example"]
            created(caller.post(f"{project.path}/service-users", {"allowed_cors_origins": origins}))

    shares = [list(numbers)[start::THREADS] for start in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(add, shares))


def measure(project, reader):
    """Rows read by each kind of call."""
    owner = project.owner.caller
    made = owner.post(f"{project.path}/service-users", {"allowed_cors_origins": [SHARED_ORIGIN]})
    path = f"{project.path}/service-users/{made.json()['id']}"
    requests = f"{project.path}/deployments/d/requests"

    def preflight(at, origin):
        return reader.caller.options(at, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})

    # The first call with a token writes when it was last used; what is measured is every later one.
    reader.caller.get(project.path)
    answers = {
        "create": made,
        "get project": reader.caller.get(project.path),
        "get project by its owner": owner.get(project.path),
        "get service user": reader.caller.get(path),
        "update": owner.patch(path, {"name": "measured"}),
        "reset": owner.put(f"{path}/token"),
        "preflight of a project origin": preflight(project.path, "https://project.example"),
        "preflight of a service user's origin": preflight(requests, "https://app-0.example"),
        "preflight of an origin that all share": preflight(requests, SHARED_ORIGIN),
        "preflight of nobody's origin": preflight(requests, "https://nobody.example"),
        "request": reader.caller.post(requests, {"x": 1}, headers={"Origin": "https://app-0.example"}),
        "delete": owner.delete(path),
    }
    assert all(answer.status_code < 500 for answer in answers.values()), answers
    return {name: cost_of(answer).rows_read for name, answer in answers.items()}


CALLS = (
    "create", "get project", "get project by its owner", "get service user", "update", "reset", "delete",
    "preflight of a project origin", "preflight of a service user's origin",
    "preflight of an origin that all share", "preflight of nobody's origin", "request",
)


@pytest.mark.parametrize("call", CALLS)
def test_rows_read_do_not_grow(costs, call):
    few, many = costs
    assert many[call] <= few[call] + NEIGHBOURS, f"{few[call]} rows with {FEW} service users, {many[call]} with {MANY}"


def test_every_measured_call_is_asserted(costs):
    assert set(costs[0]) == set(CALLS)
