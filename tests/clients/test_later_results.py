"""Results that come later, by the upstream in docs/requests.md."""

from datetime import datetime, timedelta

import pytest

import server as servers
from drivers.waiting import awaited
from generations import interpreter

# How much later the results are, but for two clocks of one machine that are read in whole milliseconds.
LATER = timedelta(milliseconds=950)


@pytest.fixture
def project(world, server):
    """A project whose deployment `double` has the example behind it, which knows its secret."""
    project = world.project()
    secret = world.serve(project, "double", "http://127.0.0.1:9/predict")
    python = interpreter("standardwebhooks", "1.1.0")
    process, url = servers.start_upstream(
        "examples/later/upstream.py", secret=secret, interpreter=python, TENANTRY_URL=server.url)
    world.put_upstream(project, "double", f"{url}/predict")
    yield project
    process.terminate()
    process.wait(timeout=20)


def test_the_upstream_in_the_documentation_answers_later(project):
    path, owner = f"{project.path}/deployments/double/requests", project.owner.caller
    made = owner.post(f"{path}/batch", [{"x": 1}, {"x": 21}])
    assert made.status_code == 200, made.text
    ids = [one["id"] for one in made.json()]
    found = awaited(
        lambda: {one["id"]: one for one in owner.post(f"{path}/collect", ids).json()},
        lambda found: {one["status"] for one in found.values()} == {"completed"})
    assert [found[one]["result"] for one in ids] == [{"y": 2}, {"y": 42}], found
    # The example sends a result no sooner than a second after it has taken the request.
    for one in found.values():
        assert datetime.fromisoformat(one["time_completed"]) - datetime.fromisoformat(one["time_started"]) >= LATER, one
