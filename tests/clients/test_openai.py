"""OpenAI's Python client against the gate, in two generations (`drivers/openai_life.py`): whole answers and streams, of an upstream
of ours and of a server that others wrote; what its user is told where something fails, and what is recorded (docs/gate.md).
"""

import subprocess

import pytest

from drivers.waiting import awaited
from generations import OPENAI, drive_all, environment, interpreter
from server import REPOSITORY
from world import FORGED_TOKEN

# What each upstream says, the pieces in which it streams that, and the tokens that it tells.
SAID = {
    "planned": ("good morning to you", ["good ", "morning ", "to ", "you"], (3, 4, 7)),
    "foreign": ("Good morning, says a server of somebody else's.", None, (5, 11, 16)),
}
UPSTREAMS = tuple(SAID)
PLANNED = ("parrot", "endless", "breaks", "fails", "busy")


@pytest.fixture(params=OPENAI)
def version(request):
    """Each generation of OpenAI's client in turn."""
    return request.param


def made_project(world, openai_upstreams):
    """A project with models of both upstreams, and one whose upstream is not there; and who may ask them."""
    project, price = world.project(), world.name("type")
    answer = world.operator.again().put(f"/operator/v1/instance-types/{price}", {"credits_per_hour": 3600})
    assert answer.status_code == 200, answer.text
    variables = f"{project.path}/environment-variables"
    answer = project.owner.caller.post(variables, {"name": "MODEL_KEY", "value": openai_upstreams.foreign_key, "secret": True})
    assert answer.status_code == 201, answer.text
    key = {"authorization": "Bearer ${MODEL_KEY}"}
    world.serve_to_openai(project, "foreign", openai_upstreams.foreign, "org/some:model", headers=key, instance_type=price)
    openai_upstreams.trust(world.serve_to_openai(project, "planned", openai_upstreams.planned, ";".join(PLANNED), instance_type=price))
    world.serve_to_openai(project, "gone", "http://127.0.0.1:9/v1", "parrot")
    return project, world.service_user(project, role="deployment-request-user")


def base_url(server, project):
    return f"{server.url}{project.path}/openai-compatible/v1"


@pytest.fixture(scope="module")
def projects(world, openai_upstreams):
    """The project of each generation."""
    return {version: made_project(world, openai_upstreams) for version in OPENAI}


@pytest.fixture(scope="module")
def lives(world, server, projects):
    """The transcripts of the generations."""

    def plan(version):
        project, user = projects[version]
        of = "ubiops-deployment/{}/v1/{}".format
        return {
            "base_url": base_url(server, project),
            "token": user.token,
            "bad_token": FORGED_TOKEN,
            "planned": of("planned", "parrot"),
            "foreign": of("foreign", "org/some:model"),
            "endless": of("planned", "endless"),
            "broken": {"not reached": of("gone", "parrot"), **{name: of("planned", name) for name in ("fails", "breaks", "busy")}},
        }

    transcripts = drive_all("openai_life", plan, world.ledger, "openai", OPENAI)
    for version in OPENAI:
        for step in ("fails", "not reached", "breaks"):
            world.ledger.failed_upstream.add(transcripts(version)[step].get("request_id"))
    return transcripts


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


def settled(project, path):
    """Waits until nothing is under way: who leaves a stream does not see it end."""
    left = awaited(lambda: project.owner.caller.get(f"{path}?status=processing").json(), lambda left: not left)
    assert not left, "a request was not settled"


@pytest.fixture(scope="module")
def records(lives, projects):
    """What is recorded, by generation, of each step: a list, newest first."""

    def of(version):
        project, _ = projects[version]
        found = {}
        for deployment in ("planned", "foreign", "gone"):
            path = f"{project.path}/deployments/{deployment}/requests"
            settled(project, path)
            for listed in project.owner.caller.get(f"{path}?status=completed,failed").json():
                record = project.owner.caller.get(f"{path}/{listed['id']}").json()
                found.setdefault(record["request_data"]["step"], []).append(record)
        return found

    return {version: of(version) for version in OPENAI}


@pytest.fixture
def recorded(records, version):
    """What is recorded of one generation."""
    return records[version]


def value(step):
    """What a step came to that was not refused."""
    assert "value" in step, step
    return step["value"]


def tokens(counted):
    """The tokens of a record, or of an answer."""
    return tuple(counted[f"{of}_tokens"] for of in ("prompt", "completion", "total"))


def one(recorded, step):
    """The only record of a step."""
    [record] = recorded[step]
    return record


def test_the_models_are_those_that_can_be_asked(life):
    models = {model["id"]: model for model in value(life["models"])}
    assert list(models) == [
        "ubiops-deployment/foreign/v1/org/some:model",
        "ubiops-deployment/gone/v1/parrot",
        *(f"ubiops-deployment/planned/v1/{name}" for name in PLANNED),
    ]
    assert {model["object"] for model in models.values()} == {"model"}


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_answer_is_read_and_its_tokens_are_recorded(life, recorded, upstream):
    text, _, usage = SAID[upstream]
    answer = value(life[f"{upstream} chat"])
    [choice] = answer["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (text, "stop")
    assert tokens(answer["usage"]) == usage
    record = one(recorded, f"{upstream} chat")
    assert (record["status"], tokens(record)) == ("completed", usage)
    assert record["additional_data"] == {"path": "/chat/completions", "method": "POST", "status_code": 200}
    assert record["result"]["choices"][0]["message"]["content"] == text


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("asks", [False, True])
def test_a_stream_is_read_to_its_end_and_tells_its_tokens_only_to_who_asks(life, recorded, upstream, asks):
    text, pieces, usage = SAID[upstream]
    step = f"{upstream} stream with usage" if asks else f"{upstream} stream"
    streamed = value(life[step])
    assert "".join(streamed["pieces"]) == text and len(streamed["pieces"]) > 3, streamed
    assert pieces is None or streamed["pieces"] == pieces
    assert streamed["reason"] == "stop"
    assert (streamed["usage"] and tokens(streamed["usage"])) == (usage if asks else None)
    record = one(recorded, step)
    assert (record["status"], tokens(record)) == ("completed", usage)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_a_response_is_read_whole_and_streamed(life, recorded, upstream):
    text, _, usage = SAID[upstream]
    said = "good morning" if upstream == "planned" else text
    assert value(life[f"{upstream} response"])["text"] == said
    streamed = value(life[f"{upstream} streamed response"])
    assert streamed == {"text": said, "last": "response.completed", "whole": said}
    for step in ("response", "streamed response"):
        record = one(recorded, f"{upstream} {step}")
        assert (record["status"], record["additional_data"]["path"]) == ("completed", "/responses")
        assert tokens(record) == ((3, 2, 5) if upstream == "planned" else usage)


def test_embeddings_are_read_in_the_form_that_the_client_asks_for(life, recorded):
    assert [one["embedding"] for one in value(life["planned embeddings"])["data"]] == [[4, 1], [7, 1]]
    foreign = [one["embedding"] for one in value(life["foreign embeddings"])["data"]]
    assert len(foreign) == 2 and all(isinstance(number, float) for vector in foreign for number in vector)
    record = one(recorded, "planned embeddings")
    assert (record["request_data"]["model"], tokens(record)) == ("parrot", (2, None, 2))


def test_old_completions_and_streams_at_once_are_read(life, recorded):
    assert value(life["completion"])["choices"][0]["text"] == "good night"
    assert value(life["streamed completion"]) == ["good ", "night"]
    for step in ("completion", "streamed completion"):
        assert tokens(one(recorded, step)) == (3, 2, 5)
    assert value(life["async"]) == [SAID["planned"][1]] * 2
    assert [tokens(record) for record in recorded["async"]] == [(3, 4, 7)] * 2


@pytest.mark.parametrize(
    "step, error, status, code, words",
    [
        ("unknown model", "NotFoundError", 404, "model_not_found", "has no model 'nobody'"),
        ("bad token", "AuthenticationError", 401, "invalid_api_key", "token"),
        ("bad body", "BadRequestError", 400, None, "model: it is not a text"),
        ("fails", "InternalServerError", 500, None, "the model has failed"),
        ("not reached", "InternalServerError", 502, None, "the upstream could not be reached"),
        ("breaks", "InternalServerError", 502, None, "the upstream's answer broke off"),
    ],
)
def test_who_is_refused_reads_why(life, step, error, status, code, words):
    told = life[step]
    assert (told["error"], told["status"], told["code"]) == (error, status, code), told
    assert words in told["message"], told
    assert set(told["body"]) == {"message", "type", "param", "code"}


def test_what_is_refused_leaves_no_record(recorded):
    assert not {"unknown model", "bad token", "bad body"} & set(recorded)


@pytest.mark.parametrize("step", ["not reached", "breaks"])
def test_what_was_paid_for_is_not_sent_again_by_the_client(life, recorded, step):
    assert life[step]["should_retry"] == "false"
    record = one(recorded, step)
    assert (record["status"], record["success"]) == ("failed", False)
    assert record["error_message"] in life[step]["message"]


def test_an_error_of_the_upstream_is_its_own(life, recorded):
    assert life["fails"]["should_retry"] is None
    assert one(recorded, "fails")["error_message"] == "the upstream answered 500"


def test_a_busy_upstream_is_waited_for(life, recorded):
    assert value(life["busy"])["choices"][0]["message"]["content"] == "good morning to you"
    assert [record["status"] for record in recorded["busy"]] == ["completed", "failed"]
    assert recorded["busy"][1]["additional_data"]["status_code"] == 429


def test_a_stream_that_breaks_off_is_raised_behind_what_came(life, recorded):
    told = life["stream breaks"]
    assert (told["error"], told["pieces"]) == ("APIError", ["good "]), told
    assert "broke off" in told["message"]
    assert one(recorded, "stream breaks")["error_message"] == "the upstream's answer broke off"


def test_a_reader_who_leaves_a_stream_has_hung_up(life, recorded):
    assert value(life["left"]) == "good "
    record = one(recorded, "left")
    assert (record["status"], record["error_message"]) == ("failed", "the caller hung up")


def test_the_same_key_is_the_same_answer(life, recorded):
    for streamed, key in (("", "order-1"), (" streamed", "order-2")):
        first, again = value(life["first" + streamed]), value(life["again" + streamed])
        assert (first["replayed"], again["replayed"]) == (None, "true")
        assert first["made"] and first["made"] == again["made"]
        assert one(recorded, key)["status"] == "completed"
    another = life["another"]
    assert (another["error"], another["status"]) == ("UnprocessableEntityError", 422), another


def test_an_upstream_sees_nothing_of_the_client(openai_upstreams, lives, projects):
    mine = {project.name: user for project, user in projects.values()}
    calls = [call for call in openai_upstreams.calls() if call["headers"]["tenantry-project"] in mine]
    assert calls
    for call in calls:
        names = [name for name in call["headers"] if name.startswith("x-stainless") or name in ("authorization", "openai-organization")]
        assert names == [] and call["headers"]["user-agent"].startswith("Tenantry/")
        assert mine[call["headers"]["tenantry-project"]].token not in str(call)


def test_the_usage_report_adds_up_what_the_records_say(projects, recorded, version):
    project, _ = projects[version]
    # The shape of the older clients of UbiOps, which alone has volumes.
    answer = project.owner.caller.get(f"{project.path}/usage", headers={"User-Agent": "UbiOps/python/4.1.0"})
    used = {series["metric"]: sum(point["value"] for point in series["usage"])
            for series in answer.json() if series["object_type"] == "deployment_version"}
    everything = [record for records in recorded.values() for record in records]
    # What goes upstream is shorter than what came, by the name of the deployment before the model's.
    assert 0 < used["input_volume"] < sum(record["input_size"] for record in everything)
    assert used["output_volume"] == sum(record["output_size"] for record in everything)
    assert used["credits"] > 0


def test_the_example_of_the_documentation_says_what_it_is_answered(server, world, openai_upstreams):
    project = world.project()
    openai_upstreams.trust(world.serve_to_openai(project, "double", openai_upstreams.planned, "parrot"))
    user = world.service_user(project, role="deployment-request-user")
    settings = environment(OPENAI_BASE_URL=base_url(server, project), OPENAI_API_KEY=user.token)
    example = REPOSITORY / "examples" / "openai" / "chat.py"
    done = subprocess.run([interpreter("openai", OPENAI[-1]), example], env=settings, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "good morning\n"), done.stderr
