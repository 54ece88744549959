"""The running module against its own document: Schemathesis makes calls of every kind that `/openapi.json` describes,
sound and unsound ones, and looks at each answer. None may be a 500, and none may be one that the document does not
allow: its status, its headers, its media type and its body.

It goes about with an organization admin's token and with a service user's, in a project of their own. A call that may
rename or delete what the others need - the project itself, say - is tried apart, each on ground of its own.
"""

import os
import re
import subprocess
import sys

import pytest
import requests

import server as servers

TOOL = servers.REPOSITORY / ".tools" / "clients" / "schemathesis-4.32.5" / "bin" / "st"
# Enough for a run of every phase; a run that is slower has found something.
SECONDS = 600
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
]
CONFIGURATION = """
[parameters]
"path.project_name" = "{project}"
"path.organization_name" = "{organization}"
"path.service_user_id" = "{service_user}"

# POST is 404 there, like the other calls of UbiOps' sessions that are not served.
[[operations]]
include-path = ["/user", "/v2.1/user"]
phases.coverage.unexpected-methods = ["put", "patch", "delete", "trace"]
"""



class Ground:
    """A project with somebody in it, and the tool's configuration, which knows them by their names."""

    def __init__(self, world, caller, directory):
        project = world.project()
        self.token = caller(world, project)
        someone = world.service_user(project, allowed_cors_origins=["https://app.example.com"])
        self.directory = directory
        self.configuration = directory / f"{project.name}.toml"
        self.configuration.write_text(
            CONFIGURATION.format(project=project.name, organization=project.organization, service_user=someone.id)
        )

    def run(self, url, *arguments):
        """Runs the tool, which must find nothing."""
        command = [TOOL, "--config-file", self.configuration, "run", f"{url}/openapi.json"]
        command += ["--header", f"Authorization: Token {self.token}"]
        command += ["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"]
        command += ["--max-examples", "20", "--seed", "1", "--no-shrink", "--continue-on-failure", *arguments]
        run = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, timeout=SECONDS)
        assert run.returncode == 0, run.stdout + run.stderr


def admin(world, project):
    """The admin of the project's organization."""
    return project.owner.token


def service_user(world, project):
    """A service user that may do what one can."""
    return world.service_user(project, role="project-admin").token


def operations_that_take_the_ground_away(url):
    """The ids of those that change or delete something that the configuration names."""
    known = re.findall(r"path\.(\w+)", CONFIGURATION)
    paths = requests.get(f"{url}/openapi.json", timeout=30).json()["paths"]
    return [
        operation["operationId"]
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in ("patch", "delete") and path.endswith(tuple(f"{{{name}}}" for name in known))
    ]


@pytest.mark.skipif(
    sys.version_info < (3, 11) and os.environ.get("CI") != "true",
    reason="Schemathesis needs Python 3.11",
)
@pytest.mark.parametrize("caller", [admin, service_user])
def test_every_answer_is_one_that_the_document_allows(server, world, tmp_path, caller):
    apart = operations_that_take_the_ground_away(server.url)
    assert "projects_delete" in apart
    left_out = [argument for name in apart for argument in ("--exclude-operation-id", name)]
    Ground(world, caller, tmp_path).run(server.url, *left_out)
    for name in apart:
        Ground(world, caller, tmp_path).run(server.url, "--include-operation-id", name)
