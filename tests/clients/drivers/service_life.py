"""Services through one of the real clients that have them.

Plan: `host`, `person_token`, `project` (with the deployment `deployment-1` and its version `v1`), `robot_id` (a service user).
"""

import ubiops
from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    owner = core_api(configuration(plan["host"], plan["person_token"]))
    project, robot = plan["project"], plan["robot_id"]
    record.call("create", owner, "services_create", project, ubiops.ServiceCreate(
        name="speech", deployment="deployment-1", version="v1", port=8080, rate_limit=60, labels={"a": "b"}))
    record.call("create_passing_tokens", owner, "services_create", project, ubiops.ServiceCreate(
        name="other", deployment="deployment-1", port=8080, authentication_header_pass_through=True))
    record.call("get", owner, "services_get", project, "speech")
    record.call("list", owner, "services_list", project, labels="a:b")
    record.call("status", owner, "services_status_get", project, "speech")
    record.call("update", owner, "services_update", project, "speech", ubiops.ServiceUpdate(
        name="listening", description="Hears", rate_limit=30))
    for kind, model in (("rate", ubiops.ServicesUserRateLimitCreate), ("concurrency", ubiops.ServicesUserConcurrencyLimitCreate)):
        call = f"services_user_{kind}_limit"
        record.call(f"{kind}_create", owner, f"{call}_create", project, "listening", model(user_id=robot, limit=5))
        record.call(f"{kind}_update", owner, f"{call}_update", project, "listening", robot, {"limit": 6})
        record.call(f"{kind}_get", owner, f"{call}_get", project, "listening", robot)
        record.call(f"{kind}_list", owner, f"{call}_list", project, "listening")
        record.call(f"{kind}_delete", owner, f"{call}_delete", project, "listening", robot)
    record.call("delete", owner, "services_delete", project, "listening")
    record.call("gone", owner, "services_get", project, "listening")


if __name__ == "__main__":
    main()
