"""Request schedules and webhooks through one of the real clients, by a person.

Plan: `host`, `token`, `project`, with a structured deployment `double` whose version is `v1`; `url`, which webhooks may have.
"""

import ubiops
from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        api = core_api(configuration(plan["host"], plan["token"]))
        schedules(plan["project"], api, record)
        if hasattr(ubiops, "WebhookCreate"):
            webhooks(plan["project"], plan["url"], api, record)


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


def webhooks(project, url, api, record):
    """The seven calls of webhooks."""
    header = {"key": "Authorization", "value": "sesame", "protected": True}
    new = ubiops.WebhookCreate(
        name="shop", object_type="deployment", object_name="double", url=url, event="deployment_request_completed",
        headers=[ubiops.WebhookHeader(**header)], description="the shop", labels={"a": "b"}, timeout=5,
        enabled=True, retry=True, include_result=True)
    record.call("webhook_create", api, "webhooks_create", project, new)
    record.call("webhook_get", api, "webhooks_get", project, "shop")
    record.call("webhook_list", api, "webhooks_list", project, labels="a:b", object_type="deployment",
                event="deployment_request_completed")
    change = ubiops.WebhookUpdate(event="deployment_request_failed", timeout=20, enabled=False)
    record.call("webhook_update", api, "webhooks_update", project, "shop", change)
    test = ubiops.WebhookTestCreate(object_type="deployment", object_name="double", url=url,
                                    event="deployment_request_completed")
    made = record.call("test_create", api, "webhook_tests_create", project, test)
    record.call("test_get", api, "webhook_tests_get", project, made.id if made else "-")
    record.call("webhook_delete", api, "webhooks_delete", project, "shop")
    record.call("webhook_gone", api, "webhooks_get", project, "shop")


if __name__ == "__main__":
    main()
