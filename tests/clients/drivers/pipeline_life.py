"""Requests to a pipeline through one of the real clients, by a service user that may make them.

Plan: `host`, `service_user_token`, `project`, with the pipeline `fourfold` (`number` in, `result` out), whose objects `first` and
`second` double what they are given, and the pipeline `broken`, whose object fails; each with a default version `v1`.
"""

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
    made = record.call("create", user, "pipeline_requests_create", project, "fourfold", data={"number": 5})
    record.call("create_of_version", user, "pipeline_version_requests_create", project, "fourfold", "v1",
                data={"number": 1.5})
    record.call("create_list", user, "pipeline_requests_create", project, "fourfold", data=[{"number": 1}, {"number": 2}])
    record.call("create_broken", user, "pipeline_requests_create", project, "broken", data={"number": 5})
    record.call("create_wrong", user, "pipeline_requests_create", project, "fourfold", data={"number": "five"})
    if made is not None:
        record.call("get", user, "pipeline_requests_get", project, "fourfold", made.id)
    batch = record.call("batch", user, "batch_pipeline_requests_create", project, "fourfold",
                        data=[{"number": 1}, {"number": 2}]) or []
    ids = [one.id for one in batch]
    record.note("waited", {"value": [waited(user, project, one) for one in ids]})
    record.call("collect", user, "pipeline_requests_batch_get", project, "fourfold", ids)
    record.call("list", user, "pipeline_requests_list", project, "fourfold", status="completed")
    stream = getattr(ubiops.utils, "stream_pipeline_request", None)
    if stream is not None:
        items = stream(user.api_client, project_name=project, pipeline_name="fourfold", data={"number": 7},
                       full_response=True)
        record.note("streamed", {"value": [one if isinstance(one, str) else one.result for one in items]})


def waited(user, project, request_id):
    """What the client's helper ends with, or, where there is none, the status at the end."""
    helper = getattr(ubiops.utils, "wait_for_pipeline_request", None)
    if helper is None:
        return awaited(lambda: user.pipeline_requests_get(project, "fourfold", request_id).status,
                       lambda status: status not in ("pending", "processing"))
    try:
        helper(user.api_client, project_name=project, pipeline_name="fourfold", request_id=request_id,
               timeout=PATIENCE, quiet=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "completed"


if __name__ == "__main__":
    main()
