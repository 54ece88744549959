"""Huawei Cloud's SDK as the tests call it: `drivers/modelarts.py` in an interpreter of its own."""

import json
import subprocess
from dataclasses import dataclass, replace
from typing import Optional

from generations import DRIVERS, environment, interpreter

VERSION = "3.1.219"
GPU = "exemlProject.gpu_duration"
CPU = "exemlProject.cpu_duration"
# Its least quota is 1, so that it cannot be lifted.
INSTANCES = "service.instance_count"


class Sdk:
    """The SDK, running until it is closed."""

    def __init__(self, home):
        # Its import writes an id into its user's home.
        self._process = subprocess.Popen(
            [interpreter("huaweicloudsdkmodelarts", VERSION), DRIVERS / "modelarts.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(HOME=str(home)),
        )

    def call(self, client, method, request):
        """What the SDK's user sees of one call."""
        plan = {"client": client, "method": method, "request": request}
        self._process.stdin.write(json.dumps(plan) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the driver has ended"
        return json.loads(line)

    def close(self):
        """Ends it."""
        self._process.stdin.close()
        self._process.wait(timeout=20)


@dataclass(frozen=True)
class Client:
    """The SDK with an access key."""

    sdk: Sdk
    settings: dict
    workspace_id: Optional[str] = None

    def with_settings(self, **settings):
        """The same with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def __getattr__(self, method):
        """Each method of the SDK, by its name."""
        return lambda **request: self.sdk.call(self.settings, method, request)


def done(outcome):
    """The JSON body of a call that succeeded: always with 200."""
    assert outcome.get("status") == 200 and "value" in outcome, outcome
    return outcome["body"]


def refused(outcome, status, code, words=""):
    """Demands that a call raised this, as the SDK's user sees it."""
    kind = "ClientRequestException" if status < 500 else "ServerResponseException"
    seen = (outcome.get("raised"), outcome.get("status"), outcome.get("error_code"))
    assert seen == (kind, status, code), outcome
    assert words in outcome["error_msg"], outcome
    assert len(outcome["request_id"]) == 32, outcome
    return outcome
