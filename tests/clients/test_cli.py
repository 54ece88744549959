"""The real command line client, 2.32.0, signing in and working with projects.

It keeps its configuration, the token included, in a file inside its own package, so each test gets a copy
of that package. It answers the exit status 1 and `Error (<status>): <sentence>` for whatever is refused.
"""

import configparser
import json
import re
import shutil
import subprocess

import pytest

from generations import CLI, environment, interpreter
from world import FORGED_TOKEN

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class CommandLine:
    """One installation of the client."""

    def __init__(self, home, url):
        self.host = f"{url}/v2.1"
        self.python = interpreter("ubiops-cli", CLI)
        self.path = home
        found = subprocess.run(
            [self.python, "-c", "import ubiops_cli, os; print(os.path.dirname(ubiops_cli.__file__))"],
            capture_output=True, text=True, check=True, env=environment())
        self.package = home / "ubiops_cli"
        shutil.copytree(found.stdout.strip(), self.package, ignore=shutil.ignore_patterns(".config", "__pycache__"))

    def __call__(self, *arguments):
        """Runs `ubiops <arguments>`; returns its exit status and its output without colours."""
        done = subprocess.run(
            [self.python, "-m", "ubiops_cli.main", *arguments],
            cwd=self.path, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
            env=environment(PYTHONPATH=str(self.path)))
        return done.returncode, COLOUR.sub("", done.stdout + done.stderr)

    def sign_in(self, token):
        """`signin --token` with the token as it is typed."""
        return self("signin", "--token", "--api", self.host, "-p", token)

    def setting(self, section, option):
        """A value of its configuration file, or None."""
        stored = configparser.ConfigParser(interpolation=None)
        stored.read(self.package / ".config")
        return stored.get(section, option, fallback=None)


@pytest.fixture
def ubiops(tmp_path, server):
    """A fresh installation."""
    return CommandLine(tmp_path, server.url)


def test_a_person_signs_in_and_sees_the_project_and_the_status(ubiops, world):
    project = world.project()
    status, output = ubiops.sign_in(f"Token {project.owner.token}")
    assert status == 0, output
    assert "Welcome to UbiOps!" in output and f"Selected project: {project.name}" in output
    assert ubiops.setting("auth", "email") == project.owner.email

    status, output = ubiops("status")
    assert status == 0 and output.splitlines()[0] == "Authorized", output
    assert f"email: {project.owner.email}" in output and f"project: {project.name}" in output


def test_a_person_without_projects_signs_in(ubiops, world):
    status, output = ubiops.sign_in(f"Token {world.person().token}")
    assert status == 0 and "No projects found" in output, output


def test_a_service_user_without_a_role_signs_in_and_sees_its_project(ubiops, world):
    user = world.service_user(world.project())
    status, output = ubiops.sign_in(f"Token {user.token}")
    assert status == 0 and f"Selected project: {user.project.name}" in output, output
    assert ubiops.setting("auth", "email") == user.email
    status, output = ubiops("projects", "get", user.project.name)
    assert status == 1 and output.startswith("Error (403): "), output


def test_a_token_without_its_prefix_signs_in(ubiops, world):
    project = world.project()
    status, output = ubiops.sign_in(project.owner.token)
    assert status == 0 and "Warning" in output and f"Selected project: {project.name}" in output, output
    status, output = ubiops("projects", "get", project.name)
    assert status == 0 and project.name in output, output


def test_a_wrong_token_is_refused_with_a_sentence(ubiops, world):
    for token in (f"Token {FORGED_TOKEN}", FORGED_TOKEN, "Token nonsense", f"Token {world.revoked_token()}"):
        status, output = ubiops.sign_in(token)
        assert status == 1, output
        error = output.strip().splitlines()[-1]
        assert re.fullmatch(r"Error: Could not authorize: .*[a-z]{3}.*", error), output
        assert ubiops.setting("auth", "service_token") is None


def test_projects_are_created_listed_read_chosen_and_deleted(ubiops, world):
    first = world.project()
    new = world.name("cli")
    assert ubiops.sign_in(f"Token {first.owner.token}")[0] == 0

    status, output = ubiops("projects", "create", new)
    assert status == 0 and new in output, output
    assert ubiops.setting("default", "project") == new
    status, output = ubiops("projects", "create", new, "-o", first.organization)
    assert status == 1 and output.startswith("Error (400): "), output
    assert ubiops("projects", "create", new, "--overwrite")[0] == 0

    status, output = ubiops("projects", "list", "-fmt", "json")
    assert status == 0, output
    assert sorted(item["name"] for item in json.loads(output)) == sorted([new, first.name])
    assert ubiops("projects", "list", "-o", first.organization)[0] == 0
    status, output = ubiops("projects", "get", new)
    assert status == 0 and first.organization in output, output

    assert ubiops("current_project", "set", first.name)[0] == 0
    status, output = ubiops("current_project", "get")
    assert status == 0 and first.name in output, output
    status, output = ubiops("projects", "delete", new, "-y")
    assert status == 0 and "successfully deleted" in output, output
    status, output = ubiops("projects", "get", new)
    assert status == 1 and output.startswith("Error (404): "), output


def test_the_project_that_is_deleted_gives_way_to_another(ubiops, world):
    project = world.project()
    other = world.project(project.owner, project.organization)
    assert ubiops.sign_in(f"Token {project.owner.token}")[0] == 0
    assert ubiops("current_project", "set", project.name)[0] == 0
    status, output = ubiops("projects", "delete", project.name, "-y")
    assert status == 0 and f"Current project changed to: <{other.name}>" in output, output


def test_choosing_an_unknown_project_is_404(ubiops, world):
    assert ubiops.sign_in(f"Token {world.project().owner.token}")[0] == 0
    status, output = ubiops("current_project", "set", world.name("nowhere"))
    assert status == 1 and output.startswith("Error (404): "), output


def test_a_request_to_an_unknown_deployment_is_404(ubiops, world):
    assert ubiops.sign_in(f"Token {world.project().owner.token}")[0] == 0
    status, output = ubiops("deployments", "requests", "create", "no-such", "--data", '{"x": 1}')
    assert status == 1 and output.startswith("Error (404): "), output


def test_a_session_by_email_and_password_is_not_offered(ubiops):
    status, output = ubiops("signin", "--bearer", "--api", ubiops.host, "-e", "a@b.example", "-p", "secret")
    assert status == 1 and output.startswith("Error: "), output


def test_a_deleted_service_user_is_signed_out(ubiops, world):
    user = world.service_user(world.project(), role="project-viewer")
    assert ubiops.sign_in(f"Token {user.token}")[0] == 0
    assert user.project.owner.caller.delete(user.path).status_code == 204
    status, output = ubiops("projects", "get", user.project.name)
    assert status == 1 and output.startswith("Error (401): "), output
