"""Usage reports through each client generation (`drivers/usage.py`): a list of measures before 4.2.0, an object since."""

from datetime import datetime, timezone

import pytest

from generations import drive_all
from transcripts import done, refused
from world import created

# Which generations read a list: spec section 2.
OLD = ("3.16.1", "4.0.0")
NEW = ("4.5.0", "4.15.0")
DAYS = ["2020-06-01", "2020-06-02", "2020-06-03", "2020-06-04"]
MEASURES = [
    ("deployment_version", "credits"),
    ("deployment_version", "input_volume"),
    ("deployment_version", "output_volume"),
    ("pipeline_version", "input_volume"),
    ("pipeline_version", "output_volume"),
]


def event(project, number, **fields):
    """A usage event of 2 June 2020."""
    return {
        "id": f"{project}-{number}", "project": project, "object_type": "deployment_version",
        "object_name": "classifier", "version": "v1", "metric": "credits", "value": 1,
        "timestamp": "2020-06-02T10:00:00Z", **fields,
    }


def report(world, events):
    answer = world.operator.again().post("/operator/v1/usage-events", events)
    assert answer.status_code == 200, answer.text
    return answer.json()


def deploy(project, name, version):
    """A version of a deployment, which is made for the first one."""
    path = f"{project.path}/deployments"
    owner = project.owner.caller
    if owner.get(f"{path}/{name}").status_code == 404:
        created(owner.post(path, {"name": name, "input_type": "plain", "output_type": "plain"}))
    created(owner.post(f"{path}/{name}/versions", {"version": version}))


@pytest.fixture(scope="module")
def lives(world, server):
    """The transcripts of all generations; each has an organization of its own, with a deleted project."""

    def plan(version):
        project = world.project()
        gone = world.project(owner=project.owner, organization=project.organization)
        reader = world.service_user(project, role="project-viewer")
        deploy(project, "aligner", "v1")
        deploy(project, "aligner", "v2")
        report(world, [
            event(project.name, 1, value=200.5),
            event(project.name, 2, value=0.000001, timestamp="2020-06-03"),
            event(project.name, 6, object_name="aligner", value=50.25),
            event(project.name, 3, metric="input_volume", value=7),
            event(project.name, 4, metric="output_volume", value=9007199254740991),
            event(project.name, 5, object_type="pipeline_version", metric="output_volume", value=11),
            event(gone.name, 1, value=100),
        ])
        answer = gone.owner.caller.delete(gone.path)
        assert answer.status_code == 204, answer.text
        return {
            "host": f"{server.url}/v2.1",
            "person_token": project.owner.token,
            "service_user_token": reader.token,
            "organization": project.organization,
            "project": project.name,
        }

    return drive_all("usage", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def values(points):
    return [point["value"] for point in points]


def bounds(points):
    """The days on which the intervals begin, and the one on which the last ends."""
    starts = [point["start_date"][:10] for point in points]
    return [*starts, points[-1]["end_date"][:10]]


def measures(step):
    """The series of an old report, by object type and metric."""
    return {(series["object_type"], series["metric"]): series["usage"] for series in done(step, 200)}


@pytest.mark.parametrize("version", NEW)
def test_an_organizations_parts_add_up_to_it(life):
    usage = done(life["organization_month"], 200)
    assert usage["interval"] == "month"
    assert values(usage["data_organization"]) == [350.750001]
    assert [values(project["data"]) for project in usage["data_projects"]] == [[250.750001]]
    assert values(usage["data_deleted_projects"]) == [100]
    assert bounds(usage["data_organization"]) == ["2020-06-01", "2020-07-01"]


@pytest.mark.parametrize("version", NEW)
def test_an_organization_names_its_projects(life):
    [project] = done(life["organization_month"], 200)["data_projects"]
    assert project["project_id"] and project["project_name"].startswith("project-")


@pytest.mark.parametrize("version", NEW)
def test_a_project_shows_each_version_and_what_is_none_of_theirs(life):
    usage = done(life["project_month"], 200)
    assert values(usage["data_project"]) == [250.750001]
    shown = [(version["deployment_name"], version["version"], values(version["data"])) for version in usage["data_deployments"]]
    assert shown == [("aligner", "v1", [50.25]), ("aligner", "v2", [0])]
    assert all(version["deployment_id"] and version["version_id"] for version in usage["data_deployments"])
    assert values(usage["data_deleted_deployments"]) == [200.500001]


@pytest.mark.parametrize("version", NEW)
def test_every_day_is_listed(life):
    for series in (
        done(life["organization_days"], 200)["data_organization"],
        done(life["project_days"], 200)["data_project"],
    ):
        assert bounds(series) == DAYS
    assert values(done(life["project_days"], 200)["data_project"]) == [0, 250.75, 0.000001]


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("subject, credits", [("organization", 350.750001), ("project", 250.750001)])
def test_an_old_client_gets_every_measure(life, subject, credits):
    step = life[f"{subject}_month"]
    assert [(series["object_type"], series["metric"]) for series in done(step, 200)] == MEASURES
    shown = measures(step)
    assert values(shown["deployment_version", "credits"]) == [credits]
    assert values(shown["deployment_version", "input_volume"]) == [7]
    assert values(shown["deployment_version", "output_volume"]) == [9007199254740991]
    assert values(shown["pipeline_version", "input_volume"]) == [0]
    assert values(shown["pipeline_version", "output_volume"]) == [11]


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("subject", ["organization", "project"])
def test_an_old_client_gets_every_day(life, subject):
    for usage in measures(life[f"{subject}_days"]).values():
        assert bounds(usage) == DAYS


@pytest.mark.parametrize("subject", ["organization", "project"])
def test_without_dates_the_present_period_is_shown(life, version, subject):
    usage = done(life[f"{subject}_now"], 200)
    [point] = usage[0]["usage"] if version in OLD else usage[f"data_{subject}"]
    now = datetime.now(timezone.utc)
    assert datetime.fromisoformat(point["start_date"]) <= now < datetime.fromisoformat(point["end_date"])
    assert point["value"] == 0


@pytest.mark.parametrize("subject", ["organization", "project"])
def test_a_bad_date_is_named(life, subject):
    assert refused(life[f"{subject}_unreadable"], 400).startswith("start_date: 'yesterday'")
    assert refused(life[f"{subject}_backwards"], 400).startswith("start_date: ")
    refused(life[f"{subject}_missing"], 404)


def test_a_service_user_does_not_see_the_organization(life):
    refused(life["organization_by_service_user"], 404)


def test_numbers_survive_json_javascript_and_d1(world):
    """The digits that are sent come back, where a float would lose them on the way."""
    project = world.project()
    body = [event(project.name, 1, value=0), event(project.name, 2, value=0, timestamp="2020-06-03")]
    text = str(body).replace("'", '"').replace('"value": 0', '"value": 8999999999.123457')
    headers = {"Content-Type": "application/json"}
    sent = world.operator.again().request("POST", "/operator/v1/usage-events", data=text, headers=headers)
    assert sent.json() == {"accepted": 2, "duplicates": 0}
    query = "?start_date=2020-06-01&end_date=2020-07-01"
    shown = project.owner.caller.get(f"{project.path}/usage{query}").text
    assert '"value":17999999998.246914}' in shown
    days = project.owner.caller.get(f"{project.path}/usage{query}&interval=day").text
    assert days.count('"value":8999999999.123457}') == 4


def test_an_event_is_counted_once_and_a_changed_one_is_refused(world):
    project = world.project()
    assert report(world, [event(project.name, 1)]) == {"accepted": 1, "duplicates": 0}
    assert report(world, [event(project.name, 1), event(project.name, 2)]) == {"accepted": 1, "duplicates": 1}
    changed = [event(project.name, 3), event(project.name, 1, value=2)]
    answer = world.operator.again().post("/operator/v1/usage-events", changed)
    assert answer.status_code == 409 and answer.json()["error"].startswith("[1].id: ")
    assert report(world, [event(project.name, 3)]) == {"accepted": 1, "duplicates": 0}
