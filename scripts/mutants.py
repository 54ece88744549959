"""What break-permits.py and drop-rules.py share: the native test program, run over statements that are broken on purpose."""

import json
import os
import re
import subprocess
import sys
import tempfile

# Tests that look at texts, documents or whole reports and not at what a permit allows, and take long.
SLOW = ("growth::", "openapi::", "statements::", "paths::", "usage_sums::", "usage_reports::", "token_keys::")

# That SQLite takes the texts at all: what is malformed would look as if it had been noticed.
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


def noticed(binary, texts, stages):
    """The test that notices that these texts run in the place of others, or None; the stages are arguments of the test program."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        for tests in (["--ignored", "--exact", TAKEN], *stages):
            run = subprocess.run([binary, "-q", *tests], env={**os.environ, "BROKEN_STATEMENTS": file.name},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if run.returncode:
                by = re.search(r"noticed by (\w+(?:::\w+)*)", run.stdout)
                if not by or by.group(1) == TAKEN:
                    sys.exit(f"the test program ended otherwise than by a test that notices: {run.stdout}")
                return by.group(1)
    return None
