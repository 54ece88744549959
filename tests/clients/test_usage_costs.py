"""What usage reports and imports cost, by D1's own count of rows.

A report reads a row for each value that it lists, whatever else is stored; an import reads and writes in the order
of its events.
"""

import pytest

from wire import cost_of

PROJECTS, DAYS = 5, 60
# Who is calling, the projects themselves, and the seek past each of their last days.
BESIDES = 60


def events(project, first, days, **fields):
    """One event a day from 1 January 2020 on."""
    def one(day):
        month, rest = divmod(day, 28)
        timestamp = f"2020-{month + 1:02}-{rest + 1:02}"
        return {
            "id": f"{project.name}-{first + day}", "project": project.name, "object_type": "deployment_version",
            "object_name": "d", "version": "v1", "metric": "credits", "value": 1, "timestamp": timestamp, **fields,
        }
    return [one(day) for day in range(days)]


def report(world, body):
    answer = world.operator.again().post("/operator/v1/usage-events", body)
    assert answer.status_code == 200, answer.text
    return cost_of(answer)


@pytest.fixture(scope="module")
def organization(world):
    """An organization whose projects used something on each of 60 days."""
    first = world.project()
    projects = [first]
    for _ in range(PROJECTS - 1):
        projects.append(world.project(owner=first.owner, organization=first.organization))
    for project in projects:
        report(world, events(project, 0, DAYS))
    return projects


def costs(projects):
    """Rows read by each kind of report over 28 of the 60 days."""
    owner, name = projects[0].owner.caller, projects[0].organization
    owner.get("/v2.1/user")
    query = "?start_date=2020-01-01&end_date=2020-01-29"
    old = {"User-Agent": "UbiOps/python/4.1.0"}
    paths = {"organization": f"/v2.1/organizations/{name}/usage{query}", "project": f"{projects[0].path}/usage{query}"}
    rows = {}
    for subject, path in paths.items():
        for interval in ("day", "month"):
            for shape, headers in (("new", {}), ("old", old)):
                answer = owner.get(f"{path}&interval={interval}", headers=headers)
                assert answer.status_code == 200, answer.text
                cost = cost_of(answer)
                assert cost.round_trips == 2
                rows[subject, interval, shape] = cost.rows_read
    return rows


def test_a_report_reads_a_row_for_each_value_that_it_lists(organization):
    rows = costs(organization)
    assert rows["organization", "day", "new"] <= 28 * (PROJECTS + 1) + BESIDES
    assert rows["project", "day", "new"] <= 28 + BESIDES
    for subject in ("organization", "project"):
        assert rows[subject, "day", "old"] <= 28 + BESIDES


def test_a_report_does_not_read_what_it_does_not_list(world, organization):
    before = costs(organization)
    # Other days, other measures, another organization, and a project that is gone.
    report(world, [
        {**event, "timestamp": event["timestamp"].replace("2020", "2021")}
        for event in events(organization[0], 1_000, 200)
    ])
    report(world, events(organization[0], 2_000, 200, metric="input_volume", timestamp="2021-01-01"))
    report(world, events(world.project(), 0, 200))
    gone = world.project(owner=organization[0].owner, organization=organization[0].organization)
    report(world, events(gone, 0, 200))
    assert gone.owner.caller.delete(gone.path).status_code == 204
    for kind, rows in costs(organization).items():
        assert rows <= before[kind] + 8, kind


def test_an_import_costs_in_the_order_of_its_events(world):
    project = world.project()
    few = report(world, events(project, 0, 10))
    assert few.round_trips == 1
    # An event, its day of the project and its day of the organization; the import itself has a row and an index.
    assert few.rows_written <= 10 * 3 + 4
    many = report(world, events(project, 10, 300, timestamp="2020-05-05"))
    assert many.rows_written <= 300 + 2 + 4
    assert many.rows_read <= 40 * few.rows_read
    again = report(world, events(project, 10, 300, timestamp="2020-05-05"))
    assert again.rows_written == 0
