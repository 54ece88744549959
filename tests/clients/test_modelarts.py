"""Huawei Cloud's SDK for ModelArts against the module in workerd: every method, good and bad.

1. Workspaces are created, listed, read, changed and deleted (200 each; 400 with a code for what is wrong).
2. Quotas are read and changed (200; 400 ModelArts.0104 for each wrong form that the SDK can send).
3. Every credential that the SDK can show (200, or 401 APIGW.0301; 403 for another project).
"""

import hmac
import threading
import time
from hashlib import sha256

import pytest

from modelarts import CPU, GPU, INSTANCES, Client, Sdk, done, refused
from wire import cost_of

UNKNOWN = "ccd05d1a553b4e188ea878e7dcb85e47"


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    running = Sdk(tmp_path_factory.mktemp("home"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def project(world):
    return world.project()


@pytest.fixture(scope="module")
def robot(world, project):
    return world.service_user(project, role="project-admin")


def access_key(user):
    """A new access key of a service user, as the settings of a client."""
    made = user.project.owner.caller.again().post(f"{user.path}/access-keys")
    assert made.status_code == 201, made.text
    return {"ak": made.json()["access_key"], "sk": made.json()["secret_key"]}


@pytest.fixture(scope="module")
def client(sdk, world, project, robot):
    """The SDK with an access key of a project-admin."""
    settings = {"url": world.url, "project_id": project.id.replace("-", ""), **access_key(robot)}
    return Client(sdk, settings)


@pytest.fixture
def workspace(client, world):
    """The id of a new workspace."""
    return done(client.create_workspace(body={"name": world.name("space")}))["id"]


# Workspaces


def test_a_workspace_lives(client, world):
    name = world.name("space")
    body = {"$model": "CreateWorkspaceReq", "name": name, "description": "ünï 工作", "auth_type": "PUBLIC"}
    made = client.create_workspace(body=body)
    workspace = done(made)["id"]
    assert made["value"]["name"] == name and made["value"]["description"] == "ünï 工作"
    assert len(workspace) == 32
    shown = client.show_workspace(workspace_id=workspace)
    assert done(shown) == done(made)
    assert shown["value"]["create_time"] == shown["value"]["update_time"] > 1_700_000_000_000
    body = {"$model": "UpdateWorkspaceReq", "name": name + "-2", "auth_type": "internal"}
    assert done(client.update_workspace(workspace_id=workspace, body=body)) == {"workspace_id": workspace}
    shown = done(client.show_workspace(workspace_id=workspace))
    assert (shown["name"], shown["auth_type"], shown["description"]) == (name + "-2", "internal", "ünï 工作")
    assert done(client.delete_workspace(workspace_id=workspace)) == {"workspace_id": workspace}
    refused(client.show_workspace(workspace_id=workspace), 400, "ModelArts.7005", f"workspace:{workspace} not existed")
    refused(client.delete_workspace(workspace_id=workspace), 400, "ModelArts.7005")


def test_grants_are_kept_and_shown(client, world, project):
    viewer = world.service_user(project, role="project-viewer")
    grant = {"$model": "CreateWorkspaceReqGrants", "user_id": viewer.id}
    body = {"$model": "CreateWorkspaceReq", "name": world.name("space"), "auth_type": "INTERNAL", "grants": [grant]}
    workspace = done(client.create_workspace(body=body))["id"]
    shown = client.show_workspace(workspace_id=workspace)
    assert done(shown)["grants"] == [{"user_id": viewer.id, "user_type": "IAM"}]
    other = client.with_settings(**access_key(viewer))
    done(other.show_workspace(workspace_id=workspace))
    body = {"description": "not by a viewer"}
    refused(other.update_workspace(workspace_id=workspace, body=body), 403, "ModelArts.0112", "modelarts:workspace:update")


def test_a_private_workspace_is_closed_to_others(client, world, project):
    body = {"name": world.name("space"), "auth_type": "PRIVATE"}
    workspace = done(client.create_workspace(body=body))["id"]
    editor = client.with_settings(**access_key(world.service_user(project, role="project-editor")))
    refused(editor.show_workspace(workspace_id=workspace), 403, "ModelArts.0112")
    refused(editor.show_workspace_quotas(workspace_id=workspace), 403, "ModelArts.0112", "getQuotas")

    def ids(outcome):
        return [listed["id"] for listed in done(outcome)["workspaces"]]

    assert workspace in ids(editor.list_workspace())
    assert workspace not in ids(editor.list_workspace(filter_accessible=True))
    assert workspace in ids(client.list_workspace(filter_accessible=True))


def test_a_list_takes_every_parameter(sdk, world):
    project = world.project()
    robot = world.service_user(project, role="project-admin")
    client = Client(sdk, {"url": world.url, "project_id": project.id, **access_key(robot)})
    for name in ["alpha", "beta", "gamma"]:
        done(client.create_workspace(body={"name": name + "-1"}))

    def names(outcome):
        return [workspace["name"] for workspace in done(outcome)["workspaces"]]

    assert names(client.list_workspace()) == ["gamma-1", "default", "beta-1", "alpha-1"]
    page = client.list_workspace(offset=1, limit=3, sort_by="name", order="asc", enterprise_project_id="0", filter_accessible=True)
    assert names(page) == ["gamma-1"]
    assert (page["value"]["total_count"], page["value"]["count"]) == (4, 1)
    assert names(client.list_workspace(name="a b/ü~*")) == []
    assert names(client.list_workspace(name="a-", order="asc")) == ["alpha-1", "beta-1", "gamma-1"]
    assert names(client.list_workspace(sort_by="update_time"))[0] == "gamma-1"
    refusals: list[dict] = [{"limit": 0}, {"offset": -1}, {"sort_by": "owner"}, {"order": "up"}, {"limit": "many"}]
    for wrong in refusals:
        refused(client.list_workspace(**wrong), 400, "ModelArts.0104", next(iter(wrong)))


def test_the_default_workspace_is_there_and_stays(client):
    shown = client.show_workspace(workspace_id="0")
    assert (shown["value"]["id"], shown["value"]["name"]) == ("0", "default")
    refused(client.delete_workspace(workspace_id="0"), 400, "ModelArts.3566")
    refused(client.update_workspace(workspace_id="0", body={"name": "other"}), 400, "ModelArts.3566")
    done(client.show_workspace_quotas(workspace_id="0"))


@pytest.mark.parametrize("body", [
    {}, {"name": None}, {"name": "abc"}, {"name": "x" * 65}, {"name": "a b c"}, {"name": "default"}, {"name": 12345},
    {"name": "good", "description": "x" * 257}, {"name": "good", "auth_type": "OPEN"},
    {"name": "good", "auth_type": "INTERNAL", "grants": [{"user_type": "IAM"}]}, [], "text", None,
])
def test_a_workspace_of_a_wrong_form_is_refused(client, body):
    refused(client.create_workspace(body=body), 400, "ModelArts.0104")


def test_a_name_that_is_taken_is_refused(client, world):
    name = world.name("space")
    done(client.create_workspace(body={"name": name}))
    refused(client.create_workspace(body={"name": name}), 400, "ModelArts.0104", "exists already")


@pytest.mark.parametrize("workspace", [UNKNOWN, "1", "a/b c%2Fü", None, ""])
def test_a_workspace_that_is_not_there_is_refused(client, workspace):
    outcomes = [
        client.show_workspace(workspace_id=workspace),
        client.show_workspace_quotas(workspace_id=workspace),
        client.update_workspace_quotas(workspace_id=workspace, body={"quotas": [{"resource": GPU, "quota": 1}]}),
        client.delete_workspace(workspace_id=workspace),
    ]
    for outcome in outcomes:
        if workspace == "a/b c%2Fü":
            # A segment that decodes to a slash names nothing at all.
            refused(outcome, 404, "APIGW.0101")
        else:
            refused(outcome, 400, "ModelArts.7005")


# Quotas


def quota_of(client, workspace, resource):
    quotas = done(client.show_workspace_quotas(workspace_id=workspace))["quotas"]
    return next(quota for quota in quotas if quota["resource"] == resource)


def test_quotas_are_read_and_changed(client, workspace):
    shown = client.show_workspace_quotas(workspace_id=workspace)
    first = done(shown)["quotas"][0]
    assert (first["resource"], first["quota"], first["used_quota"], first["max_quota"]) == (GPU, -1, None, 60000)
    assert all("used_quota" in quota for quota in done(shown)["quotas"])

    def item(resource, quota):
        return {"$model": "UpdateWorkspaceQuotasReqQuotas", "resource": resource, "quota": quota}

    body = {"$model": "UpdateWorkspaceQuotasReq", "quotas": [item(INSTANCES, 5), item(GPU, 10)]}
    changed = client.update_workspace_quotas(workspace_id=workspace, body=body)
    quotas = done(changed)["quotas"]
    assert [(quota["resource"], quota["quota"]) for quota in quotas] == [(INSTANCES, 5), (GPU, 10)]
    assert all("used_quota" not in quota for quota in quotas)
    assert quotas[1]["unit_en"] == "minute" and quotas[1]["update_time"] >= first["update_time"]
    assert changed["value"]["quotas"][1]["quota"] == 10
    assert quota_of(client, workspace, GPU)["used_quota"] == 0
    assert quota_of(client, workspace, CPU)["quota"] == -1
    sample = {"quotas": [{"workspace_id": "x", "resource": GPU, "quota": -1}]}
    assert done(client.update_workspace_quotas(workspace_id=workspace, body=sample))["quotas"][0]["quota"] == -1


@pytest.mark.parametrize("body", [
    None, {}, {"quotas": None}, {"quotas": []}, {"quotas": {}}, [], "text",
    {"$model": "UpdateWorkspaceQuotasReq"},
    {"quotas": [5]}, {"quotas": [{"resource": GPU}]}, {"quotas": [{"quota": 1}]},
    {"quotas": [{"resource": GPU, "quota": "ten"}]}, {"quotas": [{"resource": GPU, "quota": 1.5}]},
    {"quotas": [{"resource": GPU, "quota": 10.0}]}, {"quotas": [{"resource": GPU, "quota": True}]},
    {"quotas": [{"resource": GPU, "quota": 0}]}, {"quotas": [{"resource": GPU, "quota": -2}]},
    {"quotas": [{"resource": GPU, "quota": 60001}]}, {"quotas": [{"resource": INSTANCES, "quota": -1}]},
    {"quotas": [{"resource": GPU, "quota": 2**63}]}, {"quotas": [{"resource": GPU, "quota": 2**53 + 1}]},
    {"quotas": [{"resource": "nothing", "quota": 1}]},
    {"quotas": [{"resource": GPU, "quota": 1}, {"resource": GPU, "quota": 1}]},
    {"quotas": [{"resource": GPU, "quota": 1}, {"resource": CPU, "quota": 0}]},
])
def test_a_change_of_a_wrong_form_is_refused_whole(client, workspace, body):
    outcome = client.update_workspace_quotas(workspace_id=workspace, body=body)
    refused(outcome, 400, "ModelArts.0104")
    assert quota_of(client, workspace, GPU)["quota"] == -1


def test_consumption_is_exact_under_twenty_callers(client, world, robot, workspace):
    body = {"quotas": [{"resource": GPU, "quota": 10}]}
    done(client.update_workspace_quotas(workspace_id=workspace, body=body))
    path = f"/v1/{robot.project.id}/workspaces/{workspace}/quotas/consumption"
    statuses = []

    def consume(number):
        answer = robot.caller.again().post(path, {"id": f"run-{number}", "resource": GPU, "amount": 1})
        statuses.append((answer.status_code, answer.json().get("error_code")))

    callers = [threading.Thread(target=consume, args=(number,)) for number in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(statuses, key=str) == [(200, None)] * 10 + [(400, "ModelArts.0118")] * 10
    assert quota_of(client, workspace, GPU)["used_quota"] == 10
    again = robot.caller.post(path, {"id": "release", "resource": GPU, "amount": -25})
    assert again.json()["used_quota"] == 0


# Credentials


def test_a_signed_change_takes_two_round_trips_and_so_does_one_by_token(client, robot, workspace):
    path = f"/v1/{robot.project.id}/workspaces/{workspace}/quotas"
    answer = robot.caller.put(path, {"quotas": [{"resource": GPU, "quota": 10}]})
    assert answer.status_code == 200 and cost_of(answer).round_trips == 2


def test_the_project_is_found_with_dashes_too(client, project):
    done(client.with_settings(project_id=project.id).list_workspace())


def test_a_project_that_is_not_the_callers_is_refused(client, world):
    other = world.project()
    for project in [other.id, other.id.replace("-", ""), UNKNOWN, "not-a-project"]:
        refused(client.with_settings(project_id=project).list_workspace(), 403, "ModelArts.0210")


def test_a_wrong_secret_and_an_unknown_key_are_refused(client):
    for wrong in [{"sk": "0" * 64}, {"ak": "0" * 20}, {"ak": "dummy", "sk": "dummy"}]:
        outcome = client.with_settings(**wrong).list_workspace()
        refused(outcome, 401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail")


@pytest.mark.parametrize("port", [80, 443])
def test_an_endpoint_with_a_default_port_is_verified(client, server, port):
    endpoint = client.with_settings(url=f"http://127.0.0.1:{port}", dials=server.address)
    done(endpoint.list_workspace())
    refused(endpoint.with_settings(sk="0" * 64).list_workspace(), 401, "APIGW.0301")


@pytest.mark.parametrize("names", ["user-agent;x-project-id;x-sdk-date", "content-type;user-agent;x-project-id;x-sdk-date",
                                   "x-sdk-date"])
def test_what_the_sdks_for_go_sign_is_enough(client, world, project, names):
    """They sign the headers that they set themselves, which `Host` is not."""
    path = f"/v1/{project.id}/workspaces/0/quotas"
    values = {"content-type": "application/json;charset=utf-8", "user-agent": "huaweicloud-usdk-go/3.0", "x-project-id": project.id,
              "x-sdk-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
    headers = {name: values[name] for name in names.split(";")}
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"GET\n{path}/\n\n{lines}\n{names}\n{sha256(b'').hexdigest()}"
    text = f"SDK-HMAC-SHA256\n{values['x-sdk-date']}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(client.settings["sk"].encode(), text.encode(), sha256).hexdigest()
    headers["Authorization"] = f"SDK-HMAC-SHA256 Access={client.settings['ak']}, SignedHeaders={names}, Signature={signature}"
    answer = world.nobody.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert world.nobody.get(path + "/", headers=headers).status_code != 200
    assert world.nobody.get(path + "?name=x", headers=headers).status_code == 401


def test_a_temporary_key_is_refused_clearly(client):
    outcome = client.with_settings(security_token="STS-TOKEN").list_workspace()
    refused(outcome, 401, "APIGW.0301", "X-Security-Token")


def test_another_algorithm_is_refused_clearly(client):
    outcome = client.with_settings(algorithm="HMAC_SM3").list_workspace()
    refused(outcome, 401, "APIGW.0301", "SDK-HMAC-SHA256")


def test_a_token_works_in_the_place_of_a_key(client, robot):
    dummy = client.with_settings(ak="dummy", sk="dummy")
    done(dummy.with_settings(headers={"X-Auth-Token": robot.token}).list_workspace())
    done(dummy.with_settings(headers={"Authorization": f"Token {robot.token}"}).list_workspace())
    done(dummy.with_settings(headers={"Authorization": f"Bearer {robot.token}"}).list_workspace())
    refused(dummy.with_settings(headers={"X-Auth-Token": "nonsense"}).list_workspace(), 401, "APIGW.0301")


def test_the_operator_may_do_everything(client, world, workspace):
    operator = client.with_settings(ak="dummy", sk="dummy", headers={"X-Auth-Token": world.operator.token})
    done(operator.show_workspace(workspace_id=workspace))
    done(operator.update_workspace_quotas(workspace_id=workspace, body={"quotas": [{"resource": GPU, "quota": 1}]}))


def test_a_repetition_of_the_same_signed_request_is_answered(client):
    patient = client.with_settings(retry_times=3)
    assert done(patient.list_workspace()) == done(patient.list_workspace())


def test_a_key_ends_with_a_reset_unless_it_is_kept(client, world, project):
    user = world.service_user(project, role="project-viewer")
    theirs = client.with_settings(**access_key(user))
    owner = project.owner.caller
    assert owner.put(f"{user.path}/token?keep_access_keys=true").status_code == 200
    done(theirs.list_workspace())
    assert owner.put(f"{user.path}/token").status_code == 200
    refused(theirs.list_workspace(), 401, "APIGW.0301")


def test_a_key_ends_with_its_deletion(client, world, project):
    user = world.service_user(project, role="project-viewer")
    key = access_key(user)
    done(client.with_settings(**key).list_workspace())
    assert project.owner.caller.delete(f"{user.path}/access-keys/{key['ak']}").status_code == 204
    refused(client.with_settings(**key).list_workspace(), 401, "APIGW.0301")


def test_a_path_that_is_not_there_has_a_code(world, robot):
    for method, path in [("GET", "/v1/x/y"), ("PATCH", f"/v1/{robot.project.id}/workspaces"), ("GET", "/v1")]:
        answer = robot.caller.request(method, path)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")
        assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
