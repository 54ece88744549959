"""What one of the real clients saw, call by call, as JSON.

The drivers beside this file run in the interpreter of a client generation (3.16.1 to 4.15.0), where
nothing but that client is installed. Each takes one JSON object on standard input, makes its calls
through `Transcript.call`, and prints the transcript on standard output; the tests assert on it in their
own interpreter. A step that fails does not end the run: it is recorded, so that one broken rule shows
as one failed test.
"""

import datetime
import json
import sys

import ubiops


def configuration(host, token=None, client_side_validation=True):
    """The configuration every tutorial shows: a host, and the key `Token <t>`."""
    settings = ubiops.Configuration()
    settings.host = host
    settings.client_side_validation = client_side_validation
    if token is not None:
        settings.api_key["Authorization"] = "Token " + token
    if hasattr(settings, "auto_retry_rate_limiting"):
        # A 429 must fail the test at once; the client would sleep for a minute and repeat it for ever.
        settings.auto_retry_rate_limiting = False
    return settings


def core_api(settings):
    """The client's facade over `settings`."""
    return ubiops.CoreApi(ubiops.ApiClient(settings))


def knows(model, field):
    """Whether this generation's `model` has `field`, so that it is sent and read."""
    return field in getattr(ubiops, model).openapi_types


class Transcript:
    """The recorded steps, by name; printed when the `with` block ends, also when it ends by an exception."""

    def __init__(self):
        self.steps = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        json.dump({"client": ubiops.__version__, "steps": self.steps}, sys.stdout, default=instant)
        sys.stdout.write("\n")

    def call(self, step, api, method, *args, **kwargs):
        """Calls `api.method(...)` and records the outcome as `step`; returns the client's own value.

        Recorded are `status`, `value` (the client's model as a dict), `body` (the JSON on the wire) and
        `request_id`; for a refusal `status`, `message` (`get_body_message()`), `error` (the classes of
        the exception) and `request_id`; for what failed inside the client, `failed_in_client`.
        """
        try:
            value = getattr(api, method)(*args, **kwargs)
        except ubiops.exceptions.ApiException as error:
            self.steps[step] = {
                "status": error.status,
                "message": error.get_body_message(),
                "text": str(error),
                "error": [kind.__name__ for kind in type(error).__mro__],
                "request_id": (error.headers or {}).get("X-Request-Id"),
            }
            return None
        except Exception as error:  # the client's own checks, and whatever urllib3 lets through in 3.16.1
            self.steps[step] = {"failed_in_client": f"{type(error).__name__}: {error}"}
            return None
        entry = {"value": plain(value)}
        entry.update(last_response(api.api_client))
        self.steps[step] = entry
        return value

    def note(self, step, value):
        """Records a plain value as `step`."""
        self.steps[step] = value


def last_response(api_client):
    """Status, body and request id of the last answer; urllib3 below 4.0.0, requests since."""
    response = api_client.last_response
    if hasattr(response, "getheaders"):
        status, text, headers = response.status, response.data, response.getheaders()
    else:
        status, text, headers = response.status_code, response.text, response.headers
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return {"status": status, "body": body, "request_id": headers.get("X-Request-Id")}


def plain(value):
    """A model, or a list of models, as JSON values."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return value


def instant(value):
    """A date or datetime as ISO 8601."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    raise TypeError(f"not JSON: {value!r}")


def read_plan():
    """What the test asks this run to do."""
    return json.load(sys.stdin)
