"""The fixtures of the suite that runs the real clients, and raw HTTP, against the module in workerd.

One server for the whole run (`server`), one `world` that makes what a test needs. Everything here goes
over HTTP; the rules themselves are tested natively under `tests/api`, and this suite shows that they hold
through the wasm module, JavaScript and D1, as the clients in the field see them.
"""

import pytest

import server as servers
from generations import GENERATIONS
from world import OpenAiUpstreams, World


@pytest.fixture(scope="session")
def server():
    """The server under test, started once."""
    running = servers.running()
    if running is not None:
        yield running
        return
    process, started = servers.start()
    yield started
    servers.stop(process)


@pytest.fixture(scope="session")
def world(server):
    """Makes people, organizations, projects and service users."""
    return World(server.url, server.operator_token)


@pytest.fixture(scope="session")
def upstream():
    """Where examples/upstream.mjs listens, started once."""
    process, url = servers.start_upstream()
    yield url
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def openai_upstreams():
    """Two servers that speak OpenAI's protocol, started once."""
    process, urls = servers.start_openai_upstreams()
    yield OpenAiUpstreams(**urls)
    process.stdin.close()
    process.wait(timeout=20)


@pytest.fixture(params=GENERATIONS)
def version(request):
    """Each client generation in turn."""
    return request.param
