#!/usr/bin/env python3
"""Says which crate the module's code comes from: bytes of code by the crate that a function's name begins with.

    scripts/build.sh dev && scripts/size-by-crate.py [build/index_bg.wasm]

Needs a `dev` build, which keeps the names of functions. A generic function counts for the crate that defines it, so
what serde_json makes of our own types counts for serde_json. Data, and what wasm-opt would save, are not looked at.
"""

import re
import sys
from collections import Counter

CODE_SECTION, CUSTOM_SECTION, IMPORT_SECTION = 10, 0, 2
FUNCTION_NAMES = 1


class Reader:
    """The bytes of a module, read from the front (WebAssembly core specification, chapter 5)."""

    def __init__(self, data, at=0, end=None):
        self.data, self.at, self.end = data, at, len(data) if end is None else end

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def part(self):
        """What follows a length, as a reader of its own."""
        length = self.number()
        self.at += length
        return Reader(self.data, self.at - length, self.at)

    def text(self):
        part = self.part()
        return self.data[part.at : part.end].decode()

    def skip_limits(self):
        flags = self.byte()
        self.number()
        if flags & 1:
            self.number()


def imported_functions(section):
    count = 0
    for _ in range(section.number()):
        section.text(), section.text()
        kind = section.byte()
        if kind == 0:
            section.number()
            count += 1
        elif kind == 1:
            section.byte()
            section.skip_limits()
        elif kind == 2:
            section.skip_limits()
        else:
            section.at += 2
    return count


def function_names(section):
    names = {}
    while section.at < section.end:
        kind, part = section.byte(), section.part()
        if kind == FUNCTION_NAMES:
            for _ in range(part.number()):
                index = part.number()
                names[index] = part.text()
    return names


def crate_of(name):
    found = re.match(r"[<&*(\[]*(?:dyn |mut )*([A-Za-z_]\w*)", name)
    return found.group(1) if found else "(unnamed)"


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "build/index_bg.wasm"
    with open(path, "rb") as file:
        module = Reader(file.read(), at=8)
    imported, sizes, names = 0, [], {}
    while module.at < module.end:
        kind, section = module.byte(), module.part()
        if kind == IMPORT_SECTION:
            imported = imported_functions(section)
        elif kind == CODE_SECTION:
            for _ in range(section.number()):
                body = section.part()
                sizes.append(body.end - body.at)
        elif kind == CUSTOM_SECTION and section.text() == "name":
            names = function_names(section)
    if not names:
        sys.exit(f"{path} names no functions: scripts/build.sh dev")
    by_crate = Counter()
    for number, size in enumerate(sizes, start=imported):
        by_crate[crate_of(names.get(number, ""))] += size
    print(f"{sum(sizes):>8} in all")
    for crate, size in by_crate.most_common(30):
        print(f"{size:>8} {crate}")


main()
