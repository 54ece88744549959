"""Huawei Cloud's SDK for ModelArts, call by call.

Runs in the interpreter of `huaweicloudsdkmodelarts`, for as long as its tests do: it takes one JSON object a line on
standard input, makes the call that it describes, and prints what the SDK's user sees as one line of JSON.

A call is `{"client": {...}, "method": ..., "request": {...}}`. `client` holds `url`, `ak`, `sk` and, if wanted,
`project_id`, `security_token`, `headers`, `algorithm` and `dials` (where connections go, whatever port the URL names);
`request` the fields of the method's request class. A value
`{"$model": name, ...}` stands for that class of the SDK; any other body is sent as it is.
"""

import json
import sys

import urllib3.util.connection
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm
from huaweicloudsdkmodelarts import v1


def client_of(settings):
    """The SDK's client, made as its documentation does it."""
    credentials = BasicCredentials(settings["ak"], settings["sk"], settings.get("project_id"))
    if "security_token" in settings:
        credentials.with_security_token(settings["security_token"])
    config = HttpConfig(timeout=60, retry_times=settings.get("retry_times", 0))
    if "algorithm" in settings:
        config.signing_algorithm = SigningAlgorithm[settings["algorithm"]]
    builder = v1.ModelArtsClient.new_builder().with_http_config(config).with_credentials(credentials)
    client = builder.with_endpoint(settings["url"]).build()
    client.preset_headers = settings.get("headers", {})
    return client


connect = urllib3.util.connection.create_connection


def dial(address):
    """Lets every connection from now on go to this host and port, or where it is meant to go for `None`. So an endpoint
    may name a default port, which only root may listen on; what the SDK signs and sends stays its own."""
    urllib3.util.connection.create_connection = (
        connect if address is None else lambda _, *arguments, **named: connect(tuple(address), *arguments, **named))


def built(value):
    """The value with the SDK's classes in place of what names them."""
    if isinstance(value, list):
        return [built(item) for item in value]
    if isinstance(value, dict) and "$model" in value:
        fields = {name: built(field) for name, field in value.items() if name != "$model"}
        return getattr(v1, value["$model"])(**fields)
    return value


def request_of(method, fields):
    """The request class of a method, with these fields."""
    name = "".join(word.capitalize() for word in method.split("_")) + "Request"
    return getattr(v1, name)(**{field: built(value) for field, value in fields.items()})


def outcome_of(plan):
    """What the SDK's user sees of a call."""
    dial(plan["client"].get("dials"))
    try:
        client = client_of(plan["client"])
        response = getattr(client, plan["method"])(request_of(plan["method"], plan["request"]))
    except exceptions.ServiceResponseException as error:
        return {
            "raised": type(error).__name__,
            "status": error.status_code,
            "error_code": error.error_code,
            "error_msg": error.error_msg,
            "request_id": error.request_id,
        }
    except Exception as error:
        return {"failed_in_client": f"{type(error).__name__}: {error}"}
    return {
        "status": response.status_code,
        "value": response.to_dict(),
        "body": json.loads(response.raw_content),
    }


def main():
    for line in sys.stdin:
        print(json.dumps(outcome_of(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
