"""What break-permits.py and drop-rules.py share: the native test program, run over statements that are broken on purpose."""

import json
import os
import re
import subprocess
import sys
import tempfile

# Tests that look at texts, documents or whole reports and not at what a permit allows, and take long.
SLOW = ("growth::", "openapi::", "statements::", "paths::", "usage_sums::", "usage_reports::", "token_keys::")

TAKEN = "statements::sqlite_takes_the_broken_statements"


def test_binary():
    build = subprocess.run(["cargo", "test", "--locked", "--test", "api", "--no-run", "--message-format=json"],
                           check=True, stdout=subprocess.PIPE, text=True)
    for line in build.stdout.splitlines():
        message = json.loads(line)
        if message.get("target", {}).get("name") == "api" and message.get("executable"):
            return message["executable"]
    sys.exit("cargo built no test program")


def printed(binary, test):
    """The lines of JSON that an ignored test prints."""
    lines = subprocess.run([binary, "--ignored", "--nocapture", "--exact", test],
                           check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [json.loads(line[line.index("{"):]) for line in lines if '{"' in line]


def run(binary, texts, tests, about=""):
    """The test that notices that these texts run in the place of others, or None. It makes the calls that it is told."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        ended = subprocess.run([binary, "-q", *tests], env={**os.environ, "BROKEN_STATEMENTS": file.name, **({"ABOUT": about} if about else {})},
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not ended.returncode:
        return None
    by = re.search(r"noticed by (\w+(?:::\w+)*)", ended.stdout)
    if not by:
        sys.exit(f"the test program ended otherwise than by a test that notices: {ended.stdout}")
    return by.group(1)


def sqlite_takes(binary, texts):
    """Ends with an error where SQLite does not take one of these at all: what is malformed would look as if it had been noticed."""
    run(binary, {str(number): text for number, text in enumerate(texts)}, ["--ignored", "--exact", TAKEN])


def noticed(binary, texts, stages):
    """The same of stages, each the arguments of the test program and the calls to make, up to the first that notices."""
    return next(filter(None, (run(binary, texts, tests, about) for tests, about in stages)), None)
