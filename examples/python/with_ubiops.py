"""Sets a project up and calls it, with the client of UbiOps, as it is.

    pip install ubiops
    TENANTRY_TOKEN=$ada python3 examples/python/with_ubiops.py

TENANTRY_URL, UPSTREAM_URL and ORGANIZATION are those of the README's first call unless they are set.
"""

import os
import secrets

import requests
import ubiops

HOST = os.environ.get("TENANTRY_URL", "http://127.0.0.1:8787") + "/v2.1"
UPSTREAM = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:8788")
PROJECT = f"ubiops-{secrets.token_hex(3)}"
ADA = f"Token {os.environ['TENANTRY_TOKEN']}"


def core_api(token):
    configuration = ubiops.Configuration(host=HOST)
    configuration.api_key["Authorization"] = token
    return ubiops.CoreApi(ubiops.ApiClient(configuration))


api = core_api(ADA)
api.projects_create(data={"name": PROJECT, "organization_name": os.environ.get("ORGANIZATION", "acme")})
api.deployments_create(PROJECT, data={
    "name": "double", "input_type": "structured", "output_type": "structured",
    "input_fields": [{"name": "x", "data_type": "int"}], "output_fields": [{"name": "y", "data_type": "int"}],
})
for version, path in (("v1", "/predict"), ("counting", "/stream")):
    api.deployment_versions_create(PROJECT, "double", data={"version": version})
    # Where UbiOps takes the code of a version, Tenantry takes the address of the server that answers: a call of its own.
    upstream = f"{HOST}/projects/{PROJECT}/deployments/double/versions/{version}/upstream"
    requests.put(upstream, headers={"Authorization": ADA}, json={"upstream_url": UPSTREAM + path}, timeout=60).raise_for_status()
made = api.service_users_create(PROJECT, data={"name": "app"})
api.role_assignments_create(PROJECT, data={"role": "deployment-request-user", "assignee_type": "user", "assignee": made.id})

app = core_api(f"Token {made.token}")
print("answer", app.deployment_version_requests_create(PROJECT, "double", "v1", data={"x": 21}).result)
pieces = ubiops.utils.stream_deployment_request(
    client=app.api_client, project_name=PROJECT, deployment_name="double", version="counting", data={"x": 3}, full_response=False)
for piece in pieces:
    print("piece", piece)
