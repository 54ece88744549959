#!/usr/bin/env python3
"""Moves each bound of the domain by one in turn, runs the domain's tests, and prints what none of them notices.

    scripts/move-bounds.py [--list] [--only WORD]... [--sample N [--seed S]] [--first N] [--last N]

A bound is a comparison (`<` becomes `<=`, and its limit one less), a range (`..=` becomes `..`, and its ends one more and
one less), a number of a constant, of a type such as `Text<1, 64>`, or in `min`, `max` and `clamp`. src/domain needs
nothing of the other layers, so it is copied into a crate of its own below target/, where a move costs a small build and
the tests of its file; what these let pass meets the tests of all. Properties draw from one seed and so notice alike
each time. What the compiler refuses is no product, and is counted by itself.

--only takes parts of `file: before -> after`. --sample tries N moves, drawn anew each day unless there is a seed. It
fails where a survivor is not among SURVIVORS or one of those is noticed. The last lines are the score, as TAP counts.
"""

import argparse
import collections
import datetime
import glob
import os
import random
import re
import shutil
import subprocess
import sys

# Moves that no test of the domain can notice, and why: the file, and the line as it is moved.
ROOM = "how much room is made beforehand"
APART = "what is edited and the name of the model are members of their own, and so apart by more than a sign"
SURVIVORS = {
    ("credits.rs", "let kept = usize::try_from(kept).ok().filter(|kept| *kept < 18)?;"):
        "what has 18 digits before the millionths' end is too large, whether it is counted out or not",
    ("cron.rs", "const LONGEST_GAP: i64 = 14610;"): "no day takes as long to come again",
    ("cron.rs", "for minute in begin..=DAY / MINUTE {"): "the minute behind the last would be of an hour 24, which fits nothing",
    ("instance_type.rs", "let fits = (0..=Self::MAX_CHARS).contains(&name.len())"): "an empty name does not begin with a letter or a digit",
    ("json/writer.rs", "const EXPECTED: usize = 511;"): ROOM,
    ("json/writer.rs", "const EXPECTED: usize = 513;"): ROOM,
    ("openai.rs", "let is_before = |edit: &&Edit| edit.place.start <= place.start;"): APART,
    ("openai.rs", "let is_before = |edit: &&Edit| edit.place.start < place.start - 1;"): APART,
    ("request_input.rs", "while count <= MAX_ITEMS"): "a list that is too long is counted to its end and refused, with an item more in memory",
    ("subscription_period.rs", "let day = if months <= 0 {"): "no month earlier is no month later",
    ("usage.rs", "at = next.max(at + 0).min(period.end);"): "the next is later than the last already; it is a guard against a loop without end",
}

# What is longer than the tests ever take has hung, and so is noticed.
SECONDS = 120

CRATE = "bounds"

# A number or a character of one byte, and the names of limits.
NUMBER = r"0x[0-9a-f_]+|[0-9][0-9_]*"
CHARACTER = r"b?'(?:[^'\\]|\\u\{[0-9a-f]+\}|\\.)'"
LIMIT = r"(?:\w+::)*[A-Z][A-Z_]+(?!\w)"
WORDS = r"[A-Za-z_][\w:]*(?:\.\w+)*"

COMPARISON = re.compile(r"(?<=\s)(<=|>=|<|>)(?=\s)")
RANGE = re.compile(rf"({CHARACTER}|[\w:]+(?:\.\w+)*\)?)?(\.\.=?)({CHARACTER}|{WORDS}|{NUMBER})")
CONSTANT = re.compile(r"\bconst [A-Z_]+: (?:[iu](?:8|16|32|64|128|size)|\[[^=]*\])(?= =)")
TYPE = re.compile(r"\b(?:Text|Within|AtLeast)<([^<>]+)>")
CAPPED = re.compile(r"\.(?:min|max|clamp)\(([^()]*)\)")

# Which line of a file, from where to where in it, and what is put there.
Move = collections.namedtuple("Move", "file line before after")


def sources():
    """The files of the domain without their tests, as lines."""
    for path in sorted(glob.glob("src/domain/**/*.rs", recursive=True)):
        if not path.endswith("_tests.rs"):
            with open(path, encoding="utf-8") as file:
                yield path.removeprefix("src/domain/"), file.read().split("#[cfg(test)]")[0].splitlines()


def code(line):
    """The line with blanks in the place of what texts and comments say."""
    def blanked(match):
        return match.group() if match.group().startswith(("'", "b'")) else '"' + " " * (len(match.group()) - 2) + '"'

    line = re.sub(rf"{CHARACTER}|\"(?:[^\"\\]|\\.)*\"", blanked, line)
    return re.sub(r"//.*", lambda match: " " * len(match.group()), line)


def beside(text):
    """A number or character one less and one more; of anything else nothing."""
    if re.fullmatch(NUMBER, text):
        number = int(text.replace("_", ""), 0)
        return [str(other) for other in (number - 1, number + 1) if other >= 0]
    if re.fullmatch(CHARACTER, text):
        inside = text.removeprefix("b")[1:-1]
        if inside.startswith("\\u"):
            point = int(inside[3:-1], 16)
        elif inside.startswith("\\"):
            return []
        else:
            point = ord(inside)
        prefix = "b" if text.startswith("b") else ""
        return [f"{prefix}'{_character(other)}'" for other in (point - 1, point + 1)]
    return []


def _character(point):
    return chr(point) if 0x20 < point < 0x7F and chr(point) not in "'\\" else f"\\u{{{point:x}}}" if point > 0x7F else f"\\x{point:02x}"


def moved(line):
    """The line with each of its bounds moved, one at a time."""
    bare = code(line)

    def put(start, end, text):
        return line[:start] + text + line[end:]

    for match in COMPARISON.finditer(bare):
        sign = match.group()
        yield put(*match.span(), {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}[sign])
        # The other direction, where the limit is one word.
        limit = re.compile(rf"\s(-?(?:{NUMBER})|{CHARACTER}|{WORDS})(?=[\s,;)]|$)").match(bare, match.end())
        if limit and not re.match(r"\s*[*/%]", bare[limit.end():]):
            step = "+" if sign in ("<=", ">") else "-"
            others = beside(limit.group(1))
            if limit.group(1) == "0" and step == "-":
                yield put(*limit.span(1), "-1")
            elif others:
                yield put(*limit.span(1), others[-1 if step == "+" else 0])
            # What has a name in capitals is moved where it is declared.
            elif not re.fullmatch(rf"{CHARACTER}|{LIMIT}", limit.group(1)):
                yield put(*limit.span(1), f"{limit.group(1)} {step} 1")
    # What is taken out of a text or a list by its places is no bound, and neither is the rest of a pattern.
    if not re.search(r"\bget(_mut)?\(|drain\(|\w\[.*\.\.|@ \.\.|\.\.Self|\.\.Default", bare):
        for match in RANGE.finditer(bare):
            first, dots, last = match.groups()
            yield put(*match.span(2), ".." if dots == "..=" else "..=")
            for place, text in ((1, first), (3, last)):
                # One less at the end is what the other form of the range is already.
                others = beside(text or "")
                for other in others[-1:] if place == 3 and dots == "..=" else others:
                    yield put(*match.span(place), other)
    constant = CONSTANT.search(bare)
    if constant and "=" in bare:
        yield from numbers(line, bare, bare.index("=", constant.end()))
    elif re.match(rf"\s*\(.*\b(?:{NUMBER})\b.*\),$", bare) and not re.search(r"=>|\w\(", bare):
        # A row of a table.
        yield from numbers(line, bare, 0)
    for match in TYPE.finditer(bare):
        for number in re.finditer(rf"\b(?:{NUMBER})\b", match.group(1)):
            for other in beside(number.group()):
                yield put(match.start(1) + number.start(), match.start(1) + number.end(), other)
    for match in CAPPED.finditer(bare):
        for limit in re.finditer(rf"\b(?:{NUMBER})\b|\b{LIMIT}\b", match.group(1)):
            text = limit.group()
            for other in beside(text) or [f"{text} - 1", f"{text} + 1"]:
                yield put(match.start(1) + limit.start(), match.start(1) + limit.end(), other)


def numbers(line, bare, start):
    """The line with what a constant is moved: each number of a list, and of anything else the whole."""
    value = re.match(r"=\s*([^\"\[&|]+);$", bare[start:])
    if value and ".." not in value.group(1) and re.search(NUMBER + "|[A-Z]", value.group(1)):
        first, last = start + value.start(1), start + value.end(1)
        whole = line[first:last]
        if re.fullmatch(NUMBER, whole):
            yield from (line[:first] + other + line[last:] for other in beside(whole))
        else:
            yield from (f"{line[:first]}({whole}) {step} 1{line[last:]}" for step in "-+")
    elif not value:
        for number in re.finditer(rf"(?<![\w.'])(?:{NUMBER})\b(?!')", bare[start:]):
            for other in beside(number.group()):
                yield line[:start + number.start()] + other + line[start + number.end():]


def moves():
    """Every move, once."""
    found = {}
    for file, lines in sources():
        for number, line in enumerate(lines):
            for after in moved(line):
                move = Move(file, number, line, after)
                found.setdefault(move, None)
    return list(found)


def shown(move):
    return f"{move.file}: {move.before.strip()} -> {move.after.strip()}"


def module(file):
    """The module of the domain that a file belongs to."""
    return re.sub(r"(_tests)?\.rs$|/.*", "", file)


def needs():
    """For each module all that its code and its tests can reach, itself included."""
    texts = collections.defaultdict(str)
    for path in glob.glob("src/domain/**/*.rs", recursive=True):
        with open(path, encoding="utf-8") as file:
            texts[module(path.removeprefix("src/domain/"))] += re.sub(r"//.*", "", file.read())
    # By which name what is whose is known everywhere.
    known = {name: name for name in texts}
    for line in re.findall(r"pub use (.*?);", texts["mod"], re.DOTALL):
        owner, names = line.split("::", 1)
        known.update(dict.fromkeys(re.findall(r"\w+", names), owner))
    reached = {}
    for name, text in texts.items():
        words = {word for word in re.findall(r"\b[A-Z]\w+", text) if word in known}
        words.update(re.findall(r"(\w+)::", text) + re.findall(r"(?:super|domain)::(\w+)", text))
        for used in re.findall(r"\buse (?:super|crate)::(.*?);", text, re.DOTALL):
            words.update(re.findall(r"\w+", used))
        reached[name] = {known[word] for word in words if word in known} | {name}
    del reached["mod"]
    while True:
        wider = {name: names.union(*(reached[other] for other in names if other in reached)) for name, names in reached.items()}
        if wider == reached:
            return reached
        reached = wider


def together(chosen):
    """The moves in groups, none of which can reach the tests of another one's module: they are built at once."""
    reached, left = needs(), collections.defaultdict(list)
    for move in chosen:
        left[module(move.file)].append(move)
    while left:
        group = []
        for name in sorted(left, key=lambda name: -len(left[name])):
            others = [module(move.file) for move in group]
            if not any(other in reached[name] or name in reached[other] for other in others):
                group.append(left[name].pop(0))
        left = {name: moves for name, moves in left.items() if moves}
        yield group


class Crate:
    """The domain as a crate of its own."""

    def __init__(self):
        self.root = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), CRATE)
        self.domain = os.path.join(self.root, "src", "domain")
        shutil.rmtree(os.path.join(self.root, "src"), ignore_errors=True)
        shutil.copytree("src/domain", self.domain)
        self.original = {}
        for path in glob.glob("src/domain/**/*.rs", recursive=True):
            with open(path, encoding="utf-8") as file:
                self.original[path.removeprefix("src/domain/")] = file.read().split("\n")
        # What tests read beside the domain.
        for folder in ("tests", "examples"):
            link = os.path.join(self.root, folder)
            if not os.path.islink(link):
                os.symlink(os.path.abspath(folder), link)
        with open(os.path.join(self.root, "src", "lib.rs"), "w", encoding="utf-8") as file:
            file.write("#![allow(warnings)]\npub mod domain;\n")
        with open(os.path.join(self.root, "Cargo.toml"), "w", encoding="utf-8") as file:
            file.write(self.manifest())
        shutil.copy("Cargo.lock", self.root)
        shutil.copy("rust-toolchain.toml", self.root)

    def manifest(self):
        """What the domain needs of the manifest."""
        texts = [open(path, encoding="utf-8").read()
                 for path in glob.glob(os.path.join(self.domain, "**/*.rs"), recursive=True)]
        with open("Cargo.toml", encoding="utf-8") as file:
            sections = re.split(r"(?m)^(?=\[)", file.read())
        kept = [f'[package]\nname = "{CRATE}"\nversion = "0.0.0"\nedition = "2024"\nautotests = false\nautoexamples = false\n\n[workspace]\n\n'
                "[profile.dev]\ndebug = false\n\n"]
        for section in sections:
            heading, *lines = section.splitlines() or [""]
            if heading in ("[dependencies]", "[target.'cfg(not(target_arch = \"wasm32\"))'.dependencies]", "[dev-dependencies]"):
                needed = [line for line in lines if (name := re.match(r"[\w-]+", line))
                          and any(re.search(rf"\b{name.group().replace('-', '_')}::", text) for text in texts)]
                kept.append("\n".join([heading, *needed]) + "\n\n")
        return "".join(kept)

    def built(self, moves=()):
        """The test program with these moves, or None and why the compiler refuses."""
        for file in {move.file for move in moves}:
            self.write(file, {move.line: move.after for move in moves if move.file == file})
        build = subprocess.run(["cargo", "test", "--offline", "--quiet", "--lib", "--no-run", "--message-format=json"], cwd=self.root,
                               env={**os.environ, "CARGO_INCREMENTAL": "1", "CARGO_TARGET_DIR": "target"},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for file in {move.file for move in moves}:
            self.write(file, {})
        program = re.findall(r'"executable":"([^"]+)"', build.stdout)
        if build.returncode == 0 and program:
            return program[-1], ""
        return None, build.stdout + build.stderr

    def write(self, file, changed):
        """Writes a file of the domain with other lines."""
        lines = list(self.original[file])
        for number, line in changed.items():
            lines[number] = line
        with open(os.path.join(self.domain, file), "w", encoding="utf-8") as copy:
            copy.write("\n".join(lines))

    def noticed(self, program, tests):
        """The first test that fails, or None."""
        try:
            run = subprocess.run([program, "-q", *tests], cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 timeout=SECONDS, env={**os.environ, "PROPTEST_RNG_SEED": "1", "PROPTEST_DISABLE_FAILURE_PERSISTENCE": "true"})
        except subprocess.TimeoutExpired:
            return "a test that does not end"
        if not run.returncode:
            ran = re.search(r"test result: ok\. (\d+) passed", run.stdout)
            return None if ran else sys.exit(f"the test program ran nothing: {run.stdout}")
        failed = re.search(r"(?m)^    (domain::\S+)$", run.stdout)
        return failed.group(1) if failed else "a test program that breaks off"


def tried(crate, groups):
    """Each move, the test that notices it and what the compiler says against it."""
    groups = list(groups)
    while groups:
        group = groups.pop(0)
        if not group:
            continue
        program, refused = crate.built(group)
        if not program and len(group) > 1:
            # Those whose files the compiler names are tried by themselves.
            named = [move for move in group if f"src/domain/{move.file}:" in refused] or group[:len(group) // 2]
            groups[:0] = [*([move] for move in named), [move for move in group if move not in named]]
            continue
        for move in group:
            by = crate.noticed(program, [f"domain::{module(move.file)}::"]) if program else None
            yield move, by, refused


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--only", action="append", default=[])
    arguments.add_argument("--sample", type=int)
    arguments.add_argument("--seed", default=datetime.date.today().isoformat())
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--last", type=int)
    arguments = arguments.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    every = moves()
    keys = {(move.file, move.after.strip()) for move in every}
    if SURVIVORS.keys() - keys:
        sys.exit(f"on the list, and no moves: {SURVIVORS.keys() - keys}")
    chosen = [move for move in every if not arguments.only or any(word in shown(move) for word in arguments.only)]
    chosen = chosen[arguments.first - 1:arguments.last]
    if not chosen:
        sys.exit("no such move")
    if arguments.list:
        print("\n".join(map(shown, chosen)))
        return
    if arguments.sample is not None and arguments.sample < len(chosen):
        print(f"{arguments.sample} of {len(chosen)} moves drawn by --seed {arguments.seed}", flush=True)
        chosen = random.Random(arguments.seed).sample(chosen, arguments.sample)
    crate = Crate()
    program, errors = crate.built()
    if not program or crate.noticed(program, []):
        sys.exit(f"the domain's tests fail without a move: {errors}")
    counts, wrong = collections.Counter(), []
    for number, (move, by, refused) in enumerate(tried(crate, together(chosen)), 1):
        reason = SURVIVORS.get((move.file, move.after.strip()))
        verdict = "is refused" if refused else "noticed" if by else "survives" if reason else "SURVIVES"
        if verdict == "SURVIVES" or (reason and verdict != "survives"):
            wrong.append(move)
        counts[verdict] += 1
        error = re.search(r"error(\[\w+\])?: [^\\\"\n]+", refused)
        print(f"{number}/{len(chosen)} {verdict} {shown(move)} [{error.group() if error else by or reason or ''}]", flush=True)
    for move in wrong:
        print(f"{'ON THE LIST, BUT NOTICED' if (move.file, move.after.strip()) in SURVIVORS else 'SURVIVES'} {shown(move)}")
    print(f"{len(chosen)} moves: {counts['noticed']} noticed by tests, {counts['is refused']} refused by the compiler, "
          f"{counts['survives']} survive and are on the list, {counts['SURVIVES']} survive")
    print(f"# pass {len(chosen) - len(wrong)}\n# fail {len(wrong)}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
