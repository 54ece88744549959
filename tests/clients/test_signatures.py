"""What an upstream is sent is signed so that it can tell: with the libraries of Standard Webhooks, as docs/gate.md shows it."""

import pytest
import requests

import server as servers
from generations import interpreter

# The upstreams in the documentation, with what runs them.
EXAMPLES = {
    "examples/upstream.mjs": None,
    "examples/verify/upstream.mjs": None,
    "examples/verify/upstream.py": ("standardwebhooks", "1.1.0"),
}


@pytest.fixture(params=EXAMPLES)
def signed(request, world):
    """A project, its deployment `double` with an upstream that knows its secret, and where that listens."""
    project = world.project()
    # The secret is in the answer that makes it, and the upstream is started with it.
    secret = world.serve(project, "double", "http://127.0.0.1:9/predict")
    python = EXAMPLES[request.param]
    process, url = servers.start_upstream(request.param, secret=secret, interpreter=python and interpreter(*python))
    world.put_upstream(project, "double", f"{url}/predict")
    yield project, url
    process.terminate()
    process.wait(timeout=20)


def ask(project):
    answer = project.owner.caller.post(f"{project.path}/deployments/double/requests", {"x": 21})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_upstream_takes_what_was_signed_for_it_and_nothing_else(signed, world):
    project, url = signed
    made = ask(project)
    assert (made["status"], made["result"]) == ("completed", {"y": 42}), made
    # Whoever else reaches it, without a signature and with that of another message.
    headers = {"webhook-id": made["id"], "webhook-timestamp": "1700000000", "webhook-signature": "v1,AAAA"}
    for more in ({}, headers):
        with requests.Session() as session:
            session.trust_env = False
            assert session.post(f"{url}/predict", json={"x": 21}, headers=more, timeout=60).status_code == 401
    # Another version has another secret.
    world.serve(project, "other", f"{url}/predict", side="plain")
    other = project.owner.caller.post(f"{project.path}/deployments/other/requests", {"x": 21}).json()
    assert other["error_message"] == "the upstream answered 401", other


def test_a_secret_that_was_changed_signs_too_during_its_grace(signed, world):
    project, url = signed
    world.put_upstream(project, "double", f"{url}/predict", query="?rotate_secret=300")
    assert ask(project)["result"] == {"y": 42}
    world.put_upstream(project, "double", f"{url}/predict", query="?rotate_secret=0")
    assert ask(project)["error_message"] == "the upstream answered 401"
