"""Batches of requests through one of the real clients, by a service user that may make them.

Plan: `host`, `service_user_token`, `project`, with the deployments `double` (structured), `echo` (plain), `held` (structured, one
at a time, answered once `let_go` was asked to be deleted) and `missing` (its upstream answers 404), each with a version `v1`.
"""

import urllib.request

import ubiops
import ubiops.utils
from transcript import Transcript, configuration, core_api, read_plan
from waiting import PATIENCE, awaited


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    user = core_api(configuration(plan["host"], plan["service_user_token"]))
    project = plan["project"]

    def create(step, deployment, data, **kwargs):
        made = record.call(step, user, "batch_deployment_requests_create", project, deployment, data=data, **kwargs)
        return [one.id for one in made or []]

    held = create("create_held", "held", [{"x": 1}] * 3)
    # One runs, and will until it is let go; so the others wait.
    pending = awaited(
        lambda: record.call("list_pending", user, "deployment_requests_list", project, "held", status="pending") or [],
        lambda found: len(found) == 2)
    waiting = [one.id for one in pending]
    record.call("delete_pending", user, "deployment_requests_delete", project, "held", waiting[-1] if waiting else "-")
    cancel(record, user, project, waiting)
    record.call("get_cancelled", user, "deployment_requests_batch_get", project, "held", waiting)
    urllib.request.urlopen(urllib.request.Request(plan["let_go"], method="DELETE"), timeout=PATIENCE).close()

    several = create("create", "double", [{"x": 1}, {"x": 2.5}, {"x": 3}], timeout=60)
    of_version = record.call(
        "create_of_version", user, "batch_deployment_version_requests_create", project, "double", "v1", data=[{"x": 4}])
    texts = create("create_plain", "echo", ["good", "morning"])
    failing = create("create_failing", "missing", [{"x": 1}])
    create("create_too_many", "double", [{"x": 1}] * 251)
    create("create_faulty", "double", [{"x": 1}, {"x": "two"}])

    record.note("waited", {"value": [
        waited(user, project, "double", several[0] if several else "-"),
        waited(user, project, "double", of_version[0].id if of_version else "-", version="v1"),
        waited(user, project, "missing", failing[0] if failing else "-"),
    ]})
    for deployment, ids in (("double", several), ("echo", texts)):
        for one in ids:
            ended(user, project, deployment, one)
    record.call("collect", user, "deployment_requests_batch_get", project, "double", several)
    record.call("collect_of_version", user, "deployment_version_requests_batch_get", project, "double", "v1",
                [one.id for one in of_version or []])
    record.call("collect_plain", user, "deployment_requests_batch_get", project, "echo", texts)
    record.call("collect_failing", user, "deployment_requests_batch_get", project, "missing", failing)
    record.call("list_completed", user, "deployment_requests_list", project, "double", status="completed")
    record.call("list_of_version", user, "deployment_version_requests_list", project, "double", "v1", status="completed")
    record.call("delete", user, "deployment_requests_batch_delete", project, "double", several)
    record.call("collect_deleted", user, "deployment_requests_batch_get", project, "double", several)
    for one in held:
        ended(user, project, "held", one)
    record.call("list_cancelled", user, "deployment_requests_list", project, "held", status="cancelled")


def cancel(record, user, project, ids):
    """Cancels one by its own path, and the other with the call for several where there is one."""
    update = ubiops.DeploymentRequestUpdate(status="cancelled")
    for step, one in zip(("cancel", "cancel_other"), ids):
        if step == "cancel_other" and hasattr(user, "deployment_requests_batch_cancel"):
            record.call(step, user, "deployment_requests_batch_cancel", project, "held", [one])
        else:
            record.call(step, user, "deployment_requests_update", project, "held", one, data=update)


def waited(user, project, deployment, request_id, version=None):
    """What the client's helper ends with, or, where there is none, the status at the end."""
    place = {} if version is None else {"version": version}
    helper = getattr(ubiops.utils, f"wait_for_deployment{'' if version is None else '_version'}_request", None)
    if helper is None:
        return ended(user, project, deployment, request_id)
    try:
        helper(user.api_client, project_name=project, deployment_name=deployment, request_id=request_id,
               timeout=PATIENCE, quiet=True, **place)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "completed"


def ended(user, project, deployment, request_id):
    """The status of a request that does not wait any more and does not run."""
    return awaited(
        lambda: user.deployment_requests_get(project, deployment, request_id, metadata_only=True).status,
        lambda status: status not in ("pending", "processing", "cancelled_pending"))


if __name__ == "__main__":
    main()
