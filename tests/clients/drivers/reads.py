"""What clients read beside configuration and records: prices, trails, logs and series.

Plan: `host`, `person_token`, `project`, with the deployment `double`, which has an upstream, and the pipeline `line`.
"""

import contextlib
import sys

import ubiops
import ubiops.utils
from transcript import Transcript, configuration, core_api, read_plan

# How long to wait for the end of a request, in seconds.
PATIENCE = 60


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    user = core_api(configuration(plan["host"], plan["person_token"]))
    project = plan["project"]
    record.call("instance_types", user, "instance_types_list", project)
    record.call("deployment_audit", user, "deployment_audit_events_list", project, "double")
    record.call("deployment_creations", user, "deployment_audit_events_list", project, "double", action="create", limit=1)
    record.call("pipeline_audit", user, "pipeline_audit_events_list", project, "line")
    if hasattr(user, "logs_list"):
        record.call("logs", user, "logs_list", project, query='{deployment_name="double"}', limit=10)
    else:
        record.call("logs", user, "projects_log_list", project, data={"filters": {"deployment_name": "double"}, "limit": 10})
    made = record.call("request", user, "deployment_requests_create", project, "double", data={"x": 21})
    waited(user, project, made.id if made else "-", record)
    if hasattr(user, "time_series_data_list"):
        step = {"aggregation_period": 86400, "unit_period": 86400}
        record.call("series", user, "time_series_data_list", project, metric="deployments.requests", **step)
        record.call("series_unknown", user, "time_series_data_list", project, metric="deployments.instances")


def waited(user, project, request, record):
    """Waits for a request with its logs, where the client has a helper for that."""
    helper = getattr(ubiops.utils, "wait_for_deployment_request", None)
    if helper is None:
        return
    # Else it goes on for 20 seconds after the end, for logs that come late.
    helper.__globals__["LOGS_COMPLETION_SECONDS"] = 0
    try:
        with contextlib.redirect_stdout(sys.stderr):
            helper(user.api_client, project_name=project, deployment_name="double", request_id=request, timeout=PATIENCE,
                   stream_logs=True)
        record.note("waited", {"value": "ended"})
    except Exception as error:
        record.note("waited", {"failed_in_client": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
