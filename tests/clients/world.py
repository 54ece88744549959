"""People, organizations, projects and service users to test with, each with a name of its own.

One server serves the whole run, so nothing here is shared between tests and nothing is cleaned up: a test
makes what it needs and never looks at what others made.
"""

import itertools
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import requests

from wire import Caller, Ledger

# Well formed, but with a MAC that no key of this server made: refused without a look into D1.
FORGED_TOKEN = "e962d9190348af7fa8d233d75cff7385b4335f81"
# Well formed as an id, and nobody's.
UNKNOWN_ID = "13a9ba27-6888-4528-826e-8e1002eab13d"


@dataclass(frozen=True)
class Person:
    """A user that the operator made."""

    id: str
    email: str
    token: str
    caller: Caller


@dataclass(frozen=True)
class Project:
    """A project, with the person who owns its organization."""

    id: str
    name: str
    organization: str
    owner: Person

    @property
    def path(self):
        return f"/v2.1/projects/{self.name}"


@dataclass(frozen=True)
class ServiceUser:
    """A service user and the caller that uses its token."""

    id: str
    email: str
    token: str
    project: Project
    caller: Caller

    @property
    def path(self):
        return f"{self.project.path}/service-users/{self.id}"


@dataclass(frozen=True)
class OpenAiUpstreams:
    """The base URLs of the servers of tests/support/openai-upstreams.mjs: one of ours, and one that others wrote."""

    planned: str
    foreign: str
    # Whom the foreign one answers.
    foreign_key: str

    def trust(self, secret):
        """Has ours take what is signed with this secret."""
        self._at("/secrets", data=secret)

    def calls(self):
        """What ours was sent."""
        return self._at("/calls").json()

    def _at(self, path, **sent):
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(self.planned.removesuffix("/v1") + path, timeout=60, **sent)
        assert answer.ok, answer.text
        return answer


class World:
    """Makes them."""

    def __init__(self, url, operator_token):
        self.url = url
        self.ledger = Ledger()
        self.ledger.tokens.add(operator_token)
        self.operator = Caller(url, self.ledger, operator_token)
        self.nobody = Caller(url, self.ledger)
        self._run = secrets.token_hex(3)
        self._counter = itertools.count(1)
        self._lock = threading.Lock()

    def name(self, word):
        """A name that nothing in this database has: names are unique across organizations."""
        with self._lock:
            return f"{word}-{self._run}-{next(self._counter)}"

    def caller(self, token):
        return Caller(self.url, self.ledger, token)

    def person(self, word="person"):
        """A new user, member of nothing."""
        email = f"{self.name(word)}@people.example"
        made = created(self.operator.again().post("/operator/v1/users", {"email": email, "name": word}))
        return Person(made["id"], made["email"], made["token"], self.caller(made["token"]))

    def organization(self, owner):
        """The name of a new organization whose admin is `owner`."""
        name = self.name("org")
        created(owner.caller.post("/v2.1/organizations", {"name": name, "subscription": "free"}))
        return name

    def project(self, owner=None, organization=None, **fields):
        """A new project, in a new organization of a new person unless they are given."""
        owner = owner or self.person("owner")
        organization = organization or self.organization(owner)
        body = {"name": self.name("project"), "organization_name": organization, **fields}
        made = created(owner.caller.post("/v2.1/projects", body))
        return Project(made["id"], made["name"], organization, owner)

    def service_user(self, project, role=None, **fields):
        """A new service user of `project`, with `role` on the project if one is given."""
        made = created(project.owner.caller.post(f"{project.path}/service-users", fields))
        if role is not None:
            self.assign(project, made["id"], role)
        return ServiceUser(made["id"], made["email"], made["token"], project, self.caller(made["token"]))

    def expired_service_user(self, project, **fields):
        """A service user that has expired: a second from now, or as soon as it can be said in time."""
        user = self.service_user(project, **fields)
        for seconds in (1, 2, 4, 8, 16, 32):
            expiry = datetime.now(timezone.utc) + timedelta(seconds=seconds)
            answer = project.owner.caller.patch(user.path, {"expiry_date": expiry.isoformat()})
            if answer.status_code == 200:
                time.sleep(max(0.0, (expiry - datetime.now(timezone.utc)).total_seconds()) + 0.01)
                return user
            assert answer.status_code == 400, answer.text
        raise AssertionError("it cannot be said in time")

    def assign(self, project, assignee, role):
        """Gives `role` on the project to `assignee`; returns the assignment."""
        body = {"role": role, "assignee": assignee, "assignee_type": "user"}
        return created(project.owner.caller.post(f"{project.path}/role-assignments", body))

    def serve(self, project, deployment, upstream_url, side="structured", **upstream):
        """A new deployment that takes `{"x"}` and gives `{"y"}`, or texts, with an upstream behind its version `v1`; its secret."""
        owner, path = project.owner.caller, f"{project.path}/deployments"
        fields = {}
        if side == "structured":
            fields = {f"{way}_fields": [{"name": name, "data_type": "double"}] for way, name in (("input", "x"), ("output", "y"))}
        created(owner.post(path, {"name": deployment, "input_type": side, "output_type": side, **fields}))
        created(owner.post(f"{path}/{deployment}/versions", {"version": "v1"}))
        return self.put_upstream(project, deployment, upstream_url, **upstream)["upstream_secret"]

    def serve_to_openai(self, project, deployment, base_url, models, **upstream):
        """A new plain deployment that OpenAI's clients reach too, with `models` (`;`-separated); its upstream's secret."""
        owner, path = project.owner.caller, f"{project.path}/deployments"
        created(owner.post(path, {"name": deployment, "input_type": "plain", "output_type": "plain"}))
        labels = {"openai-compatible": "true", "openai-model-names": models}
        created(owner.post(f"{path}/{deployment}/versions", {"version": "v1", "labels": labels}))
        answer = self.put_upstream(project, deployment, f"{base_url}/chat/completions", base_url=base_url, **upstream)
        return answer["upstream_secret"]

    def put_upstream(self, project, deployment, upstream_url, query="", **upstream):
        """Puts an upstream behind version `v1`; the answer."""
        path = f"{project.path}/deployments/{deployment}/versions/v1/upstream{query}"
        answer = project.owner.caller.put(path, {"upstream_url": upstream_url, **upstream})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def revoked_token(self):
        """A token that was once issued here and is now nobody's: right MAC, no row."""
        user = self.service_user(self.project())
        answer = user.project.owner.caller.delete(user.path)
        assert answer.status_code == 204, answer.text
        return user.token


def created(response):
    """The body of a 201."""
    assert response.status_code == 201, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
    return response.json()
