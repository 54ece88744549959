"""Sets a project up and calls it, with Python's standard library alone.

    TENANTRY_TOKEN=$ada python3 examples/python/plain.py

TENANTRY_URL, UPSTREAM_URL and ORGANIZATION are those of the README's first call unless they are set.
"""

import json
import os
import secrets
from urllib.request import Request, urlopen

URL = os.environ.get("TENANTRY_URL", "http://127.0.0.1:8787") + "/v2.1"
UPSTREAM = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:8788")


def send(token, method, path, body=None):
    """One call; its answer, to be read. What is refused is raised, and its body has the reason under "error"."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    return urlopen(Request(URL + path, data, headers, method=method), timeout=60)


def ada(method, path, body):
    """A call of hers, who administers the organization."""
    with send(os.environ["TENANTRY_TOKEN"], method, path, body) as answer:
        return json.load(answer)


# Once for each customer. Names of projects are unique in the installation, so each run takes another.
project = f"/projects/python-{secrets.token_hex(3)}"
ada("POST", "/projects", {"name": project.split("/")[2], "organization_name": os.environ.get("ORGANIZATION", "acme")})
deployment = f"{project}/deployments/double"
ada("POST", f"{project}/deployments", {
    "name": "double", "input_type": "structured", "output_type": "structured",
    "input_fields": [{"name": "x", "data_type": "int"}], "output_fields": [{"name": "y", "data_type": "int"}],
})
for version, path in (("v1", "/predict"), ("counting", "/stream")):
    ada("POST", f"{deployment}/versions", {"version": version})
    ada("PUT", f"{deployment}/versions/{version}/upstream", {"upstream_url": UPSTREAM + path})
app = ada("POST", f"{project}/service-users", {"name": "app"})
ada("POST", f"{project}/role-assignments", {"role": "deployment-request-user", "assignee_type": "user", "assignee": app["id"]})

# What the customer's app does, with the token that was shown once.
with send(app["token"], "POST", f"{deployment}/versions/v1/requests", {"x": 21}) as answer:
    print("answer", json.load(answer)["result"])

with send(app["token"], "POST", f"{deployment}/versions/counting/requests/stream", {"x": 3}) as answer:
    for line in map(bytes.decode, answer):
        if line.startswith("data:"):
            print("piece", line[len("data:"):].strip())
        elif line.startswith("{"):
            # The last line is the record of the request. A stream without it has broken off.
            print("end", json.loads(line)["status"])
