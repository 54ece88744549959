#!/usr/bin/env python3
"""Breaks each condition of each permit in turn, runs the native tests, and prints what no test notices.

    scripts/break-permits.py [--list] [--only WORD]... [--skip-tests WORD]... [--binary FILE]
                             [--first N] [--last N]

A permit is a statement whose row allows a change; its condition holds the rules (src/store/audit.rs). A part of a
condition is broken by `(1 OR <part>)`: all that stand between ANDs, at the top and within each subselect. What stands
in several permits word for word, such as the caller's right, is broken in all of them at once within; at the top each
permit is broken by itself.

Nothing is built anew: the tests take the broken texts from a file (testkit/src/broken.rs), and the first test
that fails ends the run. It is still minutes to hours, so it is not in CI: run it with `nice` after a change of rights.
`--only` takes parts of the names of permits, `--binary` a test program that is built already, with optimization say.
"""

import argparse
import os
import re
import time
from collections import Counter

from mutants import SLOW, noticed, printed, sqlite_takes, test_binary

PERMITS = ("INSERT INTO audit ", "INSERT INTO usage_imports ", "INSERT INTO quota_consumptions ")

# Tests that are about rights, which mostly notice. Those of the permit's own family run first, then these, then the one
# that takes each right from each caller, and what they all let pass meets the others.
ABOUT_RIGHTS = ("delegation::", "expiring_callers::", "races::", "role", "service_users::", "access_keys::", "projects::",
                "grace::", "project_users::", "organization_users::", "last_admin::", "subscriptions::", "vouchers::",
                "workspace", "consumption::", "slow_bodies::")
LOST_RIGHTS = ("lost_rights::",)

TOKEN = re.compile(r"'[^']*'|\(|\)|[A-Za-z_][A-Za-z_0-9.]*|\?\d+|.", re.DOTALL)


class Scan:
    """The words of a text with their depth of parentheses and of CASE."""

    def __init__(self, text):
        self.words, depth, cases = [], 0, 0
        between = False
        for match in TOKEN.finditer(text):
            word = match.group()
            upper = word.upper()
            if word == ")":
                depth -= 1
            if upper == "END" and cases:
                cases -= 1
            if upper == "BETWEEN":
                between = True
            elif upper == "AND" and between:
                upper, between = "BETWEEN-AND", False
            self.words.append((match.start(), match.end(), upper, depth + cases))
            if word == "(":
                depth += 1
            if upper == "CASE":
                cases += 1

    def at(self, level, *wanted):
        """Where one of these words stands at this depth."""
        return [(start, end, word) for start, end, word, depth in self.words if depth == level and word in wanted]


def trimmed(text, start, end):
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def split(text, start, end, word):
    """The parts of text[start:end] between this word, as spans."""
    spans, begin = [], start
    for at, after, _ in Scan(text[start:end]).at(0, word):
        spans.append(trimmed(text, begin, start + at))
        begin = start + after
    spans.append(trimmed(text, begin, end))
    return spans


def groups(text, start, end):
    """The insides of the outermost parentheses."""
    found, depth, begin = [], 0, 0
    for match in TOKEN.finditer(text, start, end):
        if match.group() == "(":
            if depth == 0:
                begin = match.end()
            depth += 1
        elif match.group() == ")":
            depth -= 1
            if depth == 0:
                found.append((begin, match.start()))
    return found


CLAUSES = ("WHERE", "ON", "GROUP", "ORDER", "LIMIT", "JOIN", "LEFT", "CROSS", "UNION", "EXCEPT", "INTERSECT")


def conditions(text, start, end):
    """The conditions of a SELECT: after each WHERE and ON, up to the next clause."""
    found = []
    marks = Scan(text[start:end]).at(0, *CLAUSES)
    for number, (_, after, word) in enumerate(marks):
        if word in ("WHERE", "ON"):
            until = marks[number + 1][0] if number + 1 < len(marks) else end - start
            found.append(trimmed(text, start + after, start + until))
    return found


def within(text, start, end):
    """Every part of every condition inside text[start:end], but not that itself."""
    for inner_start, inner_end in groups(text, start, end):
        if Scan(text[inner_start:inner_end]).at(0, "SELECT"):
            for span in conditions(text, inner_start, inner_end):
                yield from parts(text, *span)
            # What is selected may hold subselects too.
            continue
        yield from parts(text, inner_start, inner_end, alone=False)


def parts(text, start, end, alone=True):
    """The parts of a condition, and of all that is in them; one that is all of its alternative only if it stands alone."""
    alternatives = split(text, start, end, "OR")
    for alternative in alternatives:
        operands = split(text, alternative[0], alternative[1], "AND")
        for operand in operands:
            if len(operands) > 1 or (alone and len(alternatives) == 1):
                yield operand
            yield from within(text, *operand)


def condition_of(text):
    """The condition of a permit: after its own WHERE."""
    where = Scan(text).at(0, "WHERE")
    if not where:
        return None
    start = where[0][1]
    ends = [at for at, _, _ in Scan(text).at(0, "ON", "RETURNING") if at > start]
    return trimmed(text, start, ends[0] if ends else len(text))


def named(text, parameters):
    return re.sub(r"\?(\d+)", lambda match: ":" + parameters[int(match.group(1)) - 1], text)


def broken(text, span):
    start, end = span
    return f"{text[:start]}(1 OR {text[start:end]}){text[end:]}"


def mutants(statements, only):
    """[(name, part, {text: broken text})]: those of the top a permit each, those within all at once."""
    top, inner = [], {}
    for statement in statements:
        text, name = statement["text"], statement["name"].removeprefix("tenantry::store::")
        span = condition_of(text) if text.startswith(PERMITS) else None
        if span is None or (only and not any(word in name for word in only)):
            continue
        for operand in split(text, span[0], span[1], "AND"):
            shown = named(text[slice(*operand)], statement["parameters"])
            top.append((name, shown, {text: broken(text, operand)}))
            for part in within(text, *operand):
                key = (shown, part[0] - operand[0], part[1] - operand[0])
                piece = named(text[slice(*part)], statement["parameters"])
                seen = inner.setdefault(key, ([], piece, {}))
                seen[0].append(name)
                # One that stands twice in a permit is broken at its first place.
                seen[2].setdefault(text, broken(text, part))
    deep = [(f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0], f"{piece} || {shown}", texts)
            for (shown, *_), (names, piece, texts) in inner.items()]
    return top + deep


def stages(name, skipped):
    """The tests in the order of their promise, each once, as arguments of the test program."""
    family = name.split("::")[0].split(" ")[0]
    family = {"versions": "version", "targets": "target", "organizations": "organization"}.get(family, family)
    seen = []
    for tests in ((family,), ABOUT_RIGHTS, LOST_RIGHTS):
        yield [*tests, *(argument for test in seen for argument in ("--skip", test))], ""
        seen += tests
    yield [argument for test in seen for argument in ("--skip", test)] + skipped, ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--only", action="append", default=[])
    arguments.add_argument("--skip-tests", action="append", default=[])
    arguments.add_argument("--binary")
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--last", type=int)
    arguments = arguments.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    binary = arguments.binary or test_binary()
    all_mutants = mutants(printed(binary, "statements::print_statements"), arguments.only)
    print(f"{len(all_mutants)} parts of conditions", flush=True)
    skipped = [argument for test in (*SLOW, *arguments.skip_tests) for argument in ("--skip", test)]
    sqlite_takes(binary, [text for _, _, texts in all_mutants for text in texts.values()])
    verdicts, survivors = Counter(), []
    chosen = list(enumerate(all_mutants, 1))[arguments.first - 1:arguments.last]
    for number, (name, part, texts) in chosen:
        short = " ".join(part.split())
        if arguments.list:
            print(f"{number} {name}: {short}")
            continue
        began = time.monotonic()
        by = noticed(binary, texts, stages(name, skipped))
        verdict = "noticed" if by else "SURVIVES"
        verdicts[verdict] += 1
        if not by:
            survivors.append((name, short))
        print(f"{number} {verdict} {time.monotonic() - began:.0f}s {name}: {short[:300]} [{by or ''}]", flush=True)
    for name, part in survivors:
        print(f"SURVIVES {name}: {part}")
    print(dict(verdicts))


if __name__ == "__main__":
    main()
