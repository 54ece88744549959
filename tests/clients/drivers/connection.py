"""Every way in which one of the real clients can be pointed at a server and given a token.

Plan: `base` (the server's URL without a path), `person_token`.
"""

import os

import ubiops
from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    base, token = plan["base"], plan["person_token"]
    host = base + "/v2.1"

    record.call("status_without_token", core_api(configuration(host)), "service_status")
    record.call("token_prefix", core_api(configuration(host, token)), "projects_list")
    record.call("bearer_prefix", prefixed(host, "Bearer", token), "projects_list")
    record.call("lower_case_prefix", keyed(host, "token " + token), "projects_list")
    # Since 4.2.0 the client puts `Token ` in front when it sends; before, the key goes out bare.
    record.call("bare_key", keyed(host, token), "projects_list")
    record.call("constructor_key", constructed(host, token), "projects_list")
    record.call("doubled_prefix", keyed(host, "Token Token " + token), "projects_list")
    record.call("environment", from_environment(host, token), "projects_list")

    record.call("v2", core_api(configuration(base + "/v2", token)), "projects_list")
    # 3.16.1 and 4.0.0 send `/v2.1//status` and `/v2.1//projects` for this.
    record.call("trailing_slash_status", core_api(configuration(host + "/", token)), "service_status")
    record.call("trailing_slash", core_api(configuration(host + "/", token)), "projects_list")
    # Since 4.2.0 the client appends its default version: `/v2.1` until 4.12.0, `/v2` in 4.15.0.
    record.call("default_version", core_api(configuration(base, token)), "projects_list")
    if hasattr(ubiops.CoreApi, "user_get"):
        record.call("user", core_api(configuration(host, token)), "user_get")


def keyed(host, key):
    """A key that is sent as it is given."""
    settings = configuration(host)
    settings.api_key["Authorization"] = key
    return core_api(settings)


def prefixed(host, prefix, token):
    """A key with the prefix set beside it."""
    settings = configuration(host)
    settings.api_key["Authorization"] = token
    settings.api_key_prefix["Authorization"] = prefix
    return core_api(settings)


def constructed(host, token):
    """Host and bare key through the constructor, which adds the prefix in all generations."""
    return core_api(ubiops.Configuration(host=host, api_key={"Authorization": token}))


def from_environment(host, token):
    """Host and key from the environment; white space around the key is the client's to strip."""
    os.environ["UBIOPS_API_HOST"] = host
    os.environ["UBIOPS_API_TOKEN"] = " Token " + token + "\n"
    try:
        return core_api(ubiops.Configuration())
    finally:
        del os.environ["UBIOPS_API_HOST"], os.environ["UBIOPS_API_TOKEN"]


if __name__ == "__main__":
    main()
