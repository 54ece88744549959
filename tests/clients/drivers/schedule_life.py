"""Request schedules through one of the real clients, by a person.

Plan: `host`, `token`, `project`, with a structured deployment `double` whose version is `v1`.
"""

import ubiops
from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        api = core_api(configuration(plan["host"], plan["token"]))
        schedules(plan["project"], api, record)


def schedules(project, api, record):
    """The five calls of schedules, and the filter of requests where the generation has it."""
    new = ubiops.ScheduleCreate(
        name="mornings", object_type="deployment", object_name="double", version="v1", schedule="0 6 * * mon-fri",
        request_data={"x": 1.5}, timeout=60, enabled=True, description="each morning", labels={"a": "b"})
    record.call("schedule_create", api, "request_schedules_create", project, new)
    record.call("schedule_get", api, "request_schedules_get", project, "mornings")
    record.call("schedule_list", api, "request_schedules_list", project, labels="a:b")
    change = ubiops.ScheduleUpdate(schedule="*/5 * * * *", request_data={"x": 2}, enabled=False)
    record.call("schedule_update", api, "request_schedules_update", project, "mornings", change)
    plain = ubiops.ScheduleCreate(name="bare", object_type="deployment", object_name="double", schedule="0 0 1 * *",
                                  request_data={"x": 1})
    record.call("schedule_bare", api, "request_schedules_create", project, plain)
    wrong = ubiops.ScheduleCreate(name="wrong", object_type="deployment", object_name="double", schedule="0 25 * * *",
                                  request_data={"x": 1})
    record.call("schedule_wrong", api, "request_schedules_create", project, wrong)
    record.call("schedule_delete", api, "request_schedules_delete", project, "mornings")
    record.call("schedule_gone", api, "request_schedules_get", project, "mornings")


if __name__ == "__main__":
    main()
