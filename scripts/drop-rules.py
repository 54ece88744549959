#!/usr/bin/env python3
"""Drops each rule of each permit in turn, runs the native tests that can notice, and prints what none of them does.

    scripts/drop-rules.py [--only WORD]... [--sample N [--seed S]] [--binary FILE] [--refusals FILE]

The permits without a rule are made of the rules' list (`Sql::without`) and nothing is built anew: the tests take the
texts from a file (testkit/src/broken.rs). A test can notice only if it has that permit refused by that rule alone: until
then all goes as it did. Which tests do is written down by a run of all of them with REFUSALS=FILE, which is made first
where --refusals names none. So a rule that never refuses alone survives without a run, and the others cost a few tests,
and of those that go through all routes the calls that matter.

--only takes parts of `permit: rule`, --binary a test program that is built already. --sample tries N of the rules that
are refused by, drawn anew each day unless there is a seed; those that are not are told in any case. It fails where a
survivor is not among SURVIVORS or one of those is noticed. The last lines are the score, as TAP counts.
"""

import argparse
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from mutants import SLOW, noticed, printed, sqlite_takes, test_binary

# Rules that no test can notice to be dropped, and why.
OPERATOR = "the operator's right is no row, so nothing takes it away between the round trips; others are refused in the first"
CHANGES = "what is gone is not changed: the rule `changes` does not hold either, and this one is heard of first"
SURVIVORS = {
    ("organization_users::PERMIT_UPDATE", "found"): CHANGES,
    ("users::PERMIT_CREATE", "may"): OPERATOR,
    ("users::PERMIT_DELETE", "may"): OPERATOR,
    ("users::PERMIT_RESET", "may"): OPERATOR,
    ("vouchers::PERMIT_CREATE", "may"): OPERATOR,
    ("vouchers::PERMIT_DELETE", "may"): OPERATOR,
    ("sessions::PERMIT_END", "found"): CHANGES,
    ("sessions::PERMIT_DELETE_TOKEN", "fresh"): "the handler refuses by the same time and session, before anything is written",
    ("workspaces::changes::PERMIT_UPDATE", "found"): CHANGES,
    ("services::PERMIT_CREATE", "found"): "`deployment_found` does not hold either: deployments go with their project",
    ("services::PERMIT_UPDATE", "found"): CHANGES,
    ("versions::statements::deployments::PERMIT_UPDATE", "found"): CHANGES,
    ("versions::statements::pipelines::PERMIT_CREATE", "kept_fits"):
        "it looks at a version that is there, and then `name_is_free` does not hold either",
    ("versions::statements::pipelines::PERMIT_UPDATE", "found"): CHANGES,
    ("targets::statements::deployments::PERMIT_UPDATE", "found"): CHANGES,
    ("targets::statements::pipelines::PERMIT_UPDATE", "found"): CHANGES,
    ("roles::PERMIT_CREATE", "found"): "`advanced` does not hold either: it is a column of the project",
    ("roles::PERMIT_UPDATE", "found"): CHANGES,
    ("roles::PERMIT_UPDATE", "is_custom"): "`changes` looks at roles of the project alone; a default role is none",
    ("projects::statements::PERMIT_CREATE", "sees_organization"): "who may is a member, or the operator, who sees all",
    ("projects::statements::PERMIT_UPDATE", "found"): CHANGES,
    ("environment_variables::statements::PERMIT_UPDATE", "found"): CHANGES,
    ("request_schedules::PERMIT_UPDATE", "found"): CHANGES,
    ("webhooks::PERMIT_UPDATE", "found"): CHANGES,
}

# As it stands in the text of a permit without a rule that is no condition for this kind of thing.
ALWAYS = "(1 OR 1)"

# Tests that go through many routes, and are run only where no other one notices.
LONG = ("authorization::", "faults::", "gone_things::", "isolation::", "lost_rights::", "revocation::", "rights_model::",
        "secrets::", "shield::", "slow_bodies::")

# How many tests of a permit's own family are tried before all others that can notice: mostly one of them does.
FIRST = 3


def read_refusals(path):
    """{(permit, rule): {test: the calls that it made}} of what a run wrote down; few tests say which these are."""
    found = defaultdict(lambda: defaultdict(set))
    with open(path, encoding="utf-8") as file:
        for line in file:
            refusal = json.loads(line)
            if refusal["test"] and not refusal["test"].startswith(SLOW):
                found[short(refusal["permit"]), refusal["rule"]][refusal["test"]].add(refusal["about"])
    return found


def refusals(binary):
    """The same of a run of all tests."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
        subprocess.run([binary, "-q", "--test-threads", str(max(2, os.cpu_count() or 2))], check=True,
                       env={**os.environ, "REFUSALS": file.name}, stdout=subprocess.DEVNULL)
        return read_refusals(file.name)


def short(permit):
    return permit.removeprefix("tenantry::store::")


def stages(permit, tests):
    """First a few tests of the permit's family, then the others that can notice; each with the calls that it is to make."""
    family = permit.split("::")[0].rstrip("s")
    near = sorted((test for test in tests if not test.startswith(LONG)),
                  key=lambda test: (not test.startswith(family), test))
    for some in (near[:FIRST], near[FIRST:], [test for test in tests if test.startswith(LONG)]):
        if some:
            yield ["--exact", *some], " ".join(sorted(set().union(*(tests[test] for test in some))))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", action="append", default=[])
    arguments.add_argument("--sample", type=int)
    arguments.add_argument("--seed", default=datetime.date.today().isoformat())
    arguments.add_argument("--binary")
    arguments.add_argument("--refusals")
    arguments = arguments.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    binary = arguments.binary or test_binary()
    lines = printed(binary, "statements::print_permits_without_a_rule")
    same = [line for line in lines if line["without"] == line["text"]]
    if same or not lines:
        sys.exit(f"not dropped: {same}")
    without = {(short(line["permit"]), line["rule"]): {line["text"]: line["without"]}
               for line in lines if ALWAYS not in line["without"]}
    sqlite_takes(binary, [text for texts in without.values() for text in texts.values()])
    unknown = SURVIVORS.keys() - without.keys()
    if unknown:
        sys.exit(f"on the list, and no rules: {unknown}")
    refused = read_refusals(arguments.refusals) if arguments.refusals else refusals(binary)
    rules = [rule for rule in without
             if not arguments.only or any(word in ": ".join(rule) for word in arguments.only)]
    if not rules:
        sys.exit(f"no rule is called {' or '.join(arguments.only)}")
    tests = {rule: refused[rule] for rule in rules}
    tried = [rule for rule in rules if tests[rule]]
    if arguments.sample is not None and arguments.sample < len(tried):
        tried = random.Random(arguments.seed).sample(tried, arguments.sample)
        print(f"{arguments.sample} rules drawn by --seed {arguments.seed}", flush=True)
    survivors = [rule for rule in rules if not tests[rule]]
    wrong = []
    by_rule = ThreadPoolExecutor(os.cpu_count()).map(
        lambda rule: noticed(binary, without[rule], stages(rule[0], tests[rule])), tried)
    for number, (rule, by) in enumerate(zip(tried, by_rule), 1):
        if not by:
            survivors.append(rule)
        elif rule in SURVIVORS:
            wrong.append(rule)
            print(f"ON THE LIST, BUT NOTICED {': '.join(rule)} [{by}]")
        print(f"{number}/{len(tried)} {'noticed' if by else 'survives'} {': '.join(rule)} [{by or ''}]", flush=True)
    for rule in survivors:
        reason = SURVIVORS.get(rule)
        if reason is None:
            wrong.append(rule)
        elif arguments.sample is not None:
            continue
        print(f"{'SURVIVES' if reason is None else 'survives'} {': '.join(rule)}: "
              f"{reason or ('no test notices' if tests[rule] else 'no test has it refuse alone')}")
    tried = len(tried) + sum(not tests[rule] for rule in rules)
    listed = sum(rule in SURVIVORS for rule in survivors)
    print(f"{tried} of {len(rules)} rules tried: {tried - len(survivors)} noticed, {len(survivors)} not, {listed} of these on the list")
    print(f"# pass {tried - len(wrong)}\n# fail {len(wrong)}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
