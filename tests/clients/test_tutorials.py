"""What UbiOps' tutorials and its users' apps send, as they send it: the cells of a notebook with its clients, a page's `fetch`,
a phone app, `curl`. In place of the cell that uploads code each puts an upstream behind its version.

Tutorials: https://github.com/UbiOps/tutorials (vllm-tutorial, ollama-multi-model-hosting, huggingface-llama3.1, finbert-wandb-tutorial,
nvidia-rapids-benchmark); what is not served, such as batches, files and pipelines, is left out.
"""

import base64
import hashlib
import hmac
import json
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import server as servers
from generations import environment, interpreter
from world import created

UBIOPS = ("ubiops", "4.15.0")
OPENAI = ("openai", "1.109.1")
# The first cells of every notebook. What they import is there with the client.
CONNECT = """
import json, os, sys
import requests
import ubiops

API_TOKEN, API_HOST_URL, PROJECT_NAME = (os.environ[name] for name in ("API_TOKEN", "API_HOST_URL", "PROJECT_NAME"))
DEPLOYMENT_NAME, DEPLOYMENT_VERSION = os.environ["DEPLOYMENT_NAME"], "v1"
configuration = ubiops.Configuration(host=API_HOST_URL)
configuration.api_key["Authorization"] = API_TOKEN
client = ubiops.ApiClient(configuration)
api = ubiops.CoreApi(client)
api.service_status()

def put_upstream(version, **upstream):
    path = f"{API_HOST_URL}/projects/{PROJECT_NAME}/deployments/{DEPLOYMENT_NAME}/versions/{version}/upstream"
    answer = requests.put(path, headers={"Authorization": API_TOKEN}, json=upstream)
    answer.raise_for_status()
    return answer.json()

def result(value):
    json.dump(value, sys.stderr)
"""


def run(script, package, **settings):
    """Runs the cells of a notebook; what they call their result, and what they print."""
    done = subprocess.run(
        [interpreter(*package), "-c", script], env=environment(**settings), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr), done.stdout


def settings(server, project, token, deployment):
    return {
        "API_HOST_URL": f"{server.url}/v2.1", "API_TOKEN": f"Token {token}", "PROJECT_NAME": project.name, "DEPLOYMENT_NAME": deployment,
    }


# What stood in the deployments' code: a function from the input to the output.
MODELS = {
    "/llama": lambda data: {"output": f"A joke about {data['prompt']}", "input": data["prompt"], "used_config": {"temperature": 0.3}},
    "/finbert": lambda data: {"prediction": "positive" if "rallied" in data["text"] else "negative"},
    "/benchmark": lambda data: {"cpu_time": data["n_samples"] / 1000, "gpu_time": 0.5},
    "/recommender": lambda data: {"recommendation": [f"like {data['clicked_product']}", "hat"]},
}


class Server(ThreadingHTTPServer):
    """Where the models are, and the secrets that it takes signatures by."""

    url: str
    secrets: list


class Models(BaseHTTPRequestHandler):
    """Answers what is signed by a secret of its server, once or, at `/stream`, word by word."""

    server: "Server"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_signed(body):
            return self.send_error(401)
        path, streams, _ = self.path.partition("/stream")
        data = json.loads(body)
        output: Any = [MODELS[path](item) for item in data] if isinstance(data, list) else MODELS[path](data)
        self.send_response(200)
        if streams:
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for word in output["output"].split(" "):
                self.wfile.write(f"data: {json.dumps(word)}\n\n".encode())
            return None
        answer = json.dumps(output).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        return None

    def is_signed(self, body):
        """As https://www.standardwebhooks.com says."""
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in self.server.secrets]
        macs = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
        signatures = self.headers.get("webhook-signature", "").split()
        return any(f"v1,{base64.b64encode(mac).decode()}" in signatures for mac in macs)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture(scope="module")
def models():
    """The server, with its `url`, and `secrets` to add to."""
    server = Server(("127.0.0.1", 0), Models)
    server.secrets = []
    with servers.serving(server) as server.url:
        yield server


def serve(world, models, project, name, inputs, outputs):
    """A structured deployment with the model of its name behind its version `v1`."""
    fields = {f"{way}_fields": [{"name": field, "data_type": kind} for field, kind in given.items()]
              for way, given in (("input", inputs), ("output", outputs))}
    path = f"{project.path}/deployments"
    created(project.owner.caller.post(path, {"name": name, "input_type": "structured", "output_type": "structured", **fields}))
    created(project.owner.caller.post(f"{path}/{name}/versions", {"version": "v1"}))
    models.secrets.append(world.put_upstream(project, name, f"{models.url}/{name}")["upstream_secret"])


LLM = CONNECT + """
api.deployments_create(project_name=PROJECT_NAME, data=ubiops.DeploymentCreate(
    name=DEPLOYMENT_NAME, description="LLM deployment", supports_request_format=True, input_type="plain", output_type="plain"))
api.deployment_versions_create(
    project_name=PROJECT_NAME, deployment_name=DEPLOYMENT_NAME,
    data=ubiops.DeploymentVersionCreate(
        version=DEPLOYMENT_VERSION, environment="llm-environment", instance_type_group_name="16384 MB + 4 vCPU + NVIDIA Ada Lovelace L4",
        maximum_instances=1, minimum_instances=0, instance_processes=10, maximum_idle_time=900, request_retention_mode="full",
        labels={"openai-compatible": "true", "openai-model-names": "smollm2;smollm;all-minilm:l6-v2"}))
api.deployment_version_environment_variables_create(
    project_name=PROJECT_NAME, deployment_name=DEPLOYMENT_NAME, version=DEPLOYMENT_VERSION,
    data=ubiops.EnvironmentVariableCreate(name="HF_TOKEN", value=os.environ["HF_TOKEN"], secret=True))
upload_response = put_upstream(
    DEPLOYMENT_VERSION, upstream_url=os.environ["SERVER"] + "/chat/completions", base_url=os.environ["SERVER"],
    headers={"authorization": "Bearer ${HF_TOKEN}"})
ubiops.utils.wait_for_deployment_version(
    client=api.api_client, project_name=PROJECT_NAME, deployment_name=DEPLOYMENT_NAME, version=DEPLOYMENT_VERSION,
    revision_id=upload_response["revision"])

request = {
    "messages": [{"content": "You are a helpful assistant.", "role": "system"}, {"content": "How do I cook pasta?", "role": "user"}],
    "model": "smollm2", "stream": False,
}
response = api.deployment_requests_create(project_name=PROJECT_NAME, deployment_name=DEPLOYMENT_NAME, data=request)
as_text = api.deployment_requests_create(project_name=PROJECT_NAME, deployment_name=DEPLOYMENT_NAME, data=json.dumps(request))
answers = [json.loads(one.result)["choices"][0]["message"]["content"] for one in (response, as_text)]

ids = [response.id, as_text.id]
collected = api.deployment_requests_batch_get(PROJECT_NAME, DEPLOYMENT_NAME, ids)
assert all(one.status == "completed" for one in collected)
times = [one.time_started.strftime("%H:%M:%S") for one in collected]

for item in ubiops.utils.stream_deployment_request(
    client=api.api_client, project_name=PROJECT_NAME, deployment_name=DEPLOYMENT_NAME, version=DEPLOYMENT_VERSION,
    data={**request, "stream": True}, timeout=3600, full_response=False,
):
    item_dict = json.loads(item)
    if item_dict.get("choices"):
        print(item_dict["choices"][0]["delta"].get("content", ""), end="")
client.close()
result({"answers": answers, "times": times})
"""
OPENAI_ENDPOINT = """
import json, os, sys
from openai import OpenAI

PROJECT_NAME, DEPLOYMENT_NAME = os.environ["PROJECT_NAME"], os.environ["DEPLOYMENT_NAME"]
client = OpenAI(
    api_key=os.environ["API_TOKEN"].removeprefix("Token "),
    base_url=f"{os.environ['API_HOST_URL']}/projects/{PROJECT_NAME}/openai-compatible/v1/")
openai_models = client.models.list()
model = openai_models.data[0].id
messages = [{"role": "user", "content": "Can you tell me more about openai in exactly two lines"}]
response = client.chat.completions.create(model=model, messages=messages, stream=False)
if hasattr(response, "choices") and response.choices:
    answer = response.choices[0].message.content
for chunk in client.chat.completions.create(model=f"ubiops-deployment/{DEPLOYMENT_NAME}//smollm", messages=messages, stream=True):
    if hasattr(chunk, "choices") and chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")
vector = client.embeddings.create(model=f"ubiops-deployment/{DEPLOYMENT_NAME}/v1/all-minilm:l6-v2", input="Hello!").data[0].embedding
json.dump({"models": [one.id for one in openai_models], "answer": answer, "length": len(vector)}, sys.stderr)
"""


def test_an_llm_is_deployed_asked_streamed_and_reached_by_openais_client(world, server, openai_upstreams):
    """vllm-tutorial, and ollama-multi-model-hosting. The model is a server that others wrote; its key is the version's variable."""
    project = world.project()
    said = "Good morning, says a server of somebody else's."
    mine = settings(server, project, project.owner.token, "llm")
    ran, printed = run(LLM, UBIOPS, **mine, SERVER=openai_upstreams.foreign, HF_TOKEN=openai_upstreams.foreign_key)
    assert ran["answers"] == [said, said] and len(ran["times"]) == 2
    assert printed.endswith(said), printed

    user = world.service_user(project, role="deployment-request-user")
    asked, printed = run(OPENAI_ENDPOINT, OPENAI, **settings(server, project, user.token, "llm"))
    assert asked["models"] == [f"ubiops-deployment/llm/v1/{name}" for name in ("smollm2", "smollm", "all-minilm:l6-v2")]
    assert (asked["answer"], printed) == (said, said)
    assert asked["length"] > 0


STRUCTURED = CONNECT + """
print(api.deployment_requests_create(project_name=PROJECT_NAME, deployment_name="llama", data={"prompt": "cats"}, timeout=3600).result)
made = api.deployment_requests_create(project_name=PROJECT_NAME, deployment_name="llama", data={"prompt": "cats"}, timeout=3600).result
pieces = list(ubiops.utils.stream_deployment_request(
    client=api.api_client, project_name=PROJECT_NAME, deployment_name="llama", version="streaming",
    data={"prompt": made["output"]}, timeout=3600, full_response=False))

request = api.deployment_version_requests_create(
    project_name=PROJECT_NAME, deployment_name="finbert", version="v1", data={"text": "Stocks rallied and the pound gained nothing."})
ubiops.utils.wait_for_deployment_version_request(
    api.api_client, PROJECT_NAME, "finbert", "v1", request.id, timeout=1800, quiet=False)

def create_request(core_instance, features, samples):
    data = {"n_features": features, "n_samples": 10**samples}
    request = core_instance.deployment_version_requests_create(
        project_name=PROJECT_NAME, deployment_name="benchmark", version="v1", data=data)
    return {"n_samples": data["n_samples"], "n_features": data["n_features"], **request.result}

result({
    "llama": made, "pieces": pieces, "finbert": request.result["prediction"],
    "benchmark": [create_request(api, features, samples) for features in (1, 2) for samples in (2, 3)],
})
"""


def test_structured_deployments_are_asked_streamed_and_waited_for(world, server, models):
    """huggingface-llama3.1, finbert-wandb-tutorial and nvidia-rapids-benchmark."""
    project = world.project()
    llama = {"output": "string", "input": "string", "used_config": "dict"}
    serve(world, models, project, "llama", {"prompt": "string"}, llama)
    serve(world, models, project, "finbert", {"text": "string"}, {"prediction": "string"})
    serve(world, models, project, "benchmark", {"n_features": "int", "n_samples": "int"}, {"cpu_time": "double", "gpu_time": "double"})
    owner, path = project.owner.caller, f"{project.path}/deployments/llama/versions"
    created(owner.post(path, {"version": "streaming"}))
    answer = owner.put(f"{path}/streaming/upstream", {"upstream_url": f"{models.url}/llama/stream"})
    models.secrets.append(answer.json()["upstream_secret"])

    ran, printed = run(STRUCTURED, UBIOPS, **settings(server, project, project.owner.token, "llama"))
    assert ran["llama"] == {"output": "A joke about cats", "input": "cats", "used_config": {"temperature": 0.3}}
    assert str(ran["llama"]) in printed
    assert [json.loads(piece) for piece in ran["pieces"]] == "A joke about A joke about cats".split(" ")
    assert ran["finbert"] == "positive" and "completed" in printed, printed
    assert [one["cpu_time"] for one in ran["benchmark"]] == [0.1, 1, 0.1, 1]


@pytest.fixture(scope="module")
def recommender(world, models):
    """A deployment whose input is a text, with a service user whose token lists an origin."""
    project = world.project()
    serve(world, models, project, "recommender", {"clicked_product": "string"}, {"recommendation": "array_string"})
    user = world.service_user(project, role="deployment-request-user", allowed_cors_origins=["https://shop.example"])
    return user, f"{project.path}/deployments/recommender/versions/v1/requests"


def test_a_shop_in_the_browser_has_its_recommendations(recommender, world):
    """The React app of UbiOps' page on cross-origin requests; a browser sends the origin and asks before."""
    user, path = recommender
    sent = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    records = f"{user.project.path}/deployments/recommender/requests"
    recorded = len(user.project.owner.caller.get(records).json())
    before = world.nobody.again().options(f"{path}?timeout=3600", headers={**sent, **asks})
    assert before.status_code == 204 and before.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    answer = user.caller.again().post(f"{path}?timeout=3600", {"clicked_product": "scarf"}, headers=sent)
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.json()["result"]["recommendation"] == ["like scarf", "hat"]
    foreign = {**sent, "Origin": "https://other.example"}
    elsewhere = user.caller.again().post(f"{path}?timeout=3600", {"clicked_product": "scarf"}, headers=foreign)
    assert elsewhere.status_code == 403 and "Access-Control-Allow-Origin" not in elsewhere.headers
    assert len(user.project.owner.caller.get(records).json()) == recorded + 1


def test_a_phone_app_sends_json_as_text(recommender):
    """Dart's `http.post` with `jsonEncode(...)` for a body and no content type."""
    user, path = recommender
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "Dart/3.5 (dart:io)", "Accept-Encoding": "gzip"}
    answer = user.caller.again().request("POST", path, data=json.dumps({"clicked_product": "sjaal voor café"}).encode(), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["recommendation"][0] == "like sjaal voor café"


def test_curl_sends_json_as_a_form(recommender, world):
    """`curl -d` without a content type; the answer of a list is a list."""
    user, path = recommender
    one, two = ({"recommendation": [f"like {name}", "hat"]} for name in ("scarf", "glove"))
    for sent, expected in (
        ('{"clicked_product": "scarf"}', one),
        ('[{"clicked_product": "scarf"}, {"clicked_product": "glove"}]', [one, two]),
    ):
        command = ["curl", "-sS", world.url + path, "-H", f"Authorization: Token {user.token}", "-d", sent]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
        assert json.loads(done.stdout)["result"] == expected, done.stdout
