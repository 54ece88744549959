"""Usage reports through one of the real clients.

Plan: `host`, `person_token`, `service_user_token`, `organization`, `project`.
"""

from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    member = core_api(configuration(plan["host"], plan["person_token"]))
    service_user = core_api(configuration(plan["host"], plan["service_user_token"]))
    june = {"start_date": "2020-06-01", "end_date": "2020-07-01T00:00:00+00:00"}
    days = {"start_date": "2020-06-01", "end_date": "2020-06-04", "interval": "day"}

    for subject, api, method, name in (
        ("organization", member, "organizations_usage_get", plan["organization"]),
        ("project", service_user, "projects_usage_get", plan["project"]),
    ):
        record.call(f"{subject}_now", api, method, name)
        record.call(f"{subject}_month", api, method, name, **june)
        record.call(f"{subject}_days", api, method, name, **days)
        record.call(f"{subject}_unreadable", api, method, name, start_date="yesterday")
        record.call(f"{subject}_backwards", api, method, name, start_date="2020-07-01", end_date="2020-06-01")
        record.call(f"{subject}_missing", api, method, name + "-not-there")
    record.call("organization_by_service_user", service_user, "organizations_usage_get", plan["organization"])


if __name__ == "__main__":
    main()
