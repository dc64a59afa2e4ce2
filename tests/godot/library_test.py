#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a game ships is one file: it needs nothing that a system may lack, and shows one symbol.

    library_test.py LIBRARY ENTRY
"""
import re
import subprocess
import sys

# The C library's own, on every Linux that can start the engine.
EVERYWHERE = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


def read(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def main(library, entry):
    wrong = []
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", read("readelf", "--dynamic", "--wide", library)))
    if needed - EVERYWHERE:
        wrong.append(f"needs {', '.join(sorted(needed - EVERYWHERE))}, which a player may not have; link it statically")
    exported = {line.split()[-1] for line in read("nm", "--dynamic", "--defined-only", library).splitlines()}
    if exported != {entry}:
        wrong.append(f"exports {', '.join(sorted(exported))} where {entry} is all that the engine looks up")
    for sentence in wrong:
        print(f"{library} {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
