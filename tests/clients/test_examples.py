"""The examples in Python (examples/README.md), as they stand: with the standard library alone, and with the client of UbiOps."""

import subprocess
import sys

import pytest

from generations import environment, interpreter
from server import REPOSITORY

PIECES = ['piece {"y":0}', 'piece {"y":2}', 'piece {"y":4}']


@pytest.mark.parametrize("script, python, said", [
    ("plain.py", lambda: sys.executable, ["answer {'y': 42}", *PIECES, "end completed"]),
    # Streams came to the client with 4.6.0, which is after its other generations here.
    ("with_ubiops.py", lambda: interpreter("ubiops", "4.15.0"), ["answer {'y': 42}", *PIECES]),
])
def test_an_example_sets_a_project_up_sends_a_request_and_reads_a_stream(server, world, upstream, script, python, said):
    owner = world.person("owner")
    organization = world.organization(owner)
    settings = environment(
        TENANTRY_URL=server.url, TENANTRY_TOKEN=owner.token, UPSTREAM_URL=upstream, ORGANIZATION=organization)
    command = [python(), REPOSITORY / "examples" / "python" / script]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.splitlines()) == (0, said), done.stderr
    [project] = owner.caller.get(f"/v2.1/projects?organization={organization}").json()
    for version in ("v1", "counting"):
        path = f"/v2.1/projects/{project['name']}/deployments/double/versions/{version}/requests"
        assert [record["status"] for record in owner.caller.get(path).json()] == ["completed"], version
