"""Requests to deployments through one of the real clients, by a service user that may make them.

Plan: `host`, `person_token`, `service_user_token`, `project`, with the deployments `double` (structured), `echo` (plain), `count`
(structured, streamed) and `missing` (its upstream answers 404), each with a version `v1`.
"""

import ubiops
import ubiops.utils
from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    owner = core_api(configuration(plan["host"], plan["person_token"]))
    user = core_api(configuration(plan["host"], plan["service_user_token"]))
    project = plan["project"]

    record.note("waited", {"value": waited(owner, project)})
    made = record.call("create", user, "deployment_requests_create", project, "double", data={"x": 21}, timeout=60)
    record.call("create_of_version", user, "deployment_version_requests_create", project, "double", "v1", data={"x": 1.5})
    record.call("create_of_list", user, "deployment_requests_create", project, "double", data=[{"x": 1}, {"x": 2}])
    record.call("create_plain", user, "deployment_requests_create", project, "echo", data="good morning")
    record.call("create_plain_of_json", user, "deployment_requests_create", project, "echo", data={"a": "b"})
    record.call("create_wrong", user, "deployment_requests_create", project, "double", data={"x": "one"})
    record.call("create_failing", user, "deployment_requests_create", project, "missing", data={"x": 1})
    record.call("create_counting", user, "deployment_requests_create", project, "count", data={"x": 3})
    record.note("streamed", {"value": streamed(user, project)})

    record.call("list", user, "deployment_requests_list", project, "double")
    record.call("list_failed", user, "deployment_requests_list", project, "missing", status="failed")
    record.call("get", user, "deployment_requests_get", project, "double", made.id if made else "-")
    record.call("collect", user, "deployment_requests_batch_get", project, "double", [made.id] if made else [])
    record.call("list_of_project", owner, "project_requests_list", project, object_type="deployment")
    record.call("usage", owner, "projects_usage_get", project)
    record.call("delete", user, "deployment_requests_delete", project, "double", made.id if made else "-")
    record.call("get_deleted", user, "deployment_requests_get", project, "double", made.id if made else "-")


def waited(owner, project):
    """What `wait_for_deployment_version` ends with."""
    try:
        ubiops.utils.wait_for_deployment_version(
            owner.api_client, project_name=project, deployment_name="double", version="v1", timeout=30, quiet=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "ended"


def streamed(user, project):
    """What the helper gives item by item, or why it fails; null in the generations that have none."""
    helper = getattr(ubiops.utils, "stream_deployment_request", None)
    if helper is None:
        return None

    def items(deployment, data, **more):
        given = []
        try:
            for item in helper(user.api_client, project, deployment, data=data, **more):
                given.append(item.to_dict() if hasattr(item, "to_dict") else item)
        except Exception as error:
            given.append(f"{type(error).__name__}: {error}")
        return given

    return {
        "events": items("count", {"x": 3}),
        "whole": items("count", {"x": 3}, version="v1", full_response=True),
        "of_one_answer": items("double", {"x": 4}, full_response=True),
        "failing": items("missing", {"x": 1}),
        "refused": items("nowhere", {"x": 1}, full_response=True),
    }


if __name__ == "__main__":
    main()
