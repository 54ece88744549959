"""What break-permits.py and drop-rules.py share: the native test program, run over statements that are broken on purpose."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from glob import glob

# Tests that look at texts, documents or whole reports and not at what a permit allows, and take long.
SLOW = ("growth::", "openapi::", "statements::", "paths::", "usage_sums::", "usage_reports::", "token_keys::")


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


def check(name, texts):
    """Ends the run where SQLite does not take a text: what is malformed would look as if it had been noticed."""
    for text in texts.values():
        numbers = {int(number) for number in re.findall(r"\?(\d+)", text)}
        try:
            schema().execute("EXPLAIN " + text, [None] * max(numbers))
        except sqlite3.Error as error:
            sys.exit(f"{name}: {error}: {text}")


def schema(made=[]):
    if not made:
        made.append(sqlite3.connect(":memory:"))
        # What the SQLite of an older Python does not have; nothing is run here.
        made[0].create_function("octet_length", 1, len)
        for path in sorted(glob("migrations/*.sql")):
            with open(path, encoding="utf-8") as file:
                made[0].executescript(file.read())
    return made[0]


def noticed(binary, texts, stages):
    """The test that notices that these texts run in the place of others, or None; the stages are arguments of the test program."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        for tests in stages:
            run = subprocess.run([binary, "-q", *tests], env={**os.environ, "BROKEN_STATEMENTS": file.name},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if run.returncode:
                by = re.search(r"noticed by ([\w:]+)", run.stdout)
                return by.group(1) if by else "an unknown test"
    return None
