#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a game ships is one file: it needs nothing that a system may lack, and shows one symbol.

    library_test.py LIBRARY ENTRY
"""
import re
import subprocess
import sys

# The newest version of the C library that a symbol may ask for: that of Ubuntu 22.04. Debian 12 has 2.36.
NEWEST_C_LIBRARY = (2, 35)
# The C library's own, on every Linux that can start the engine.
EVERYWHERE = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


def read(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def complaints(library, entry):
    """One sentence for each thing that is wrong."""
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", read("readelf", "--dynamic", "--wide", library)))
    if needed - EVERYWHERE:
        yield f"needs {', '.join(sorted(needed - EVERYWHERE))}, which a player may not have; link it statically"
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"\bGLIBC_([0-9.]+)", read("objdump", "-T", library))}
    if max(versions) > NEWEST_C_LIBRARY:
        yield f"needs version {max(versions)} of the C library, and {NEWEST_C_LIBRARY} is the newest that it may need"
    exported = {line.split()[-1] for line in read("nm", "--dynamic", "--defined-only", library).splitlines()}
    if exported != {entry}:
        yield f"exports {', '.join(sorted(exported))} where {entry} is all that the engine looks up"


def main(library, entry):
    wrong = list(complaints(library, entry))
    for sentence in wrong:
        print(f"{library} {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
