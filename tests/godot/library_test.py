#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a game ships is one file: it needs nothing that a system may lack, and shows one symbol.

    library_test.py LIBRARY ENTRY
"""
import pathlib
import re
import subprocess
import sys

# The newest version of the C library that a symbol may ask for: that of Ubuntu 22.04. Debian 12 has 2.36.
NEWEST_C_LIBRARY = (2, 35)
# The C library's own, on every Linux that can start the engine.
ON_EVERY_LINUX = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
# What Windows 10 comes with. The last has what waits for a change of memory, whatever it is called.
ON_EVERY_WINDOWS = {"kernel32.dll", "msvcrt.dll", "api-ms-win-core-synch-l1-2-0.dll"}
# Addresses cannot be guessed, and data cannot run.
HARDENED = ("HIGH_ENTROPY_VA", "DYNAMIC_BASE", "NX_COMPAT")


def read(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def complaints(library, entry):
    """One sentence for each thing that is wrong."""
    is_windows = pathlib.Path(library).read_bytes()[:2] == b"MZ"
    exported = yield from (_on_windows if is_windows else _on_linux)(library)
    if exported != {entry}:
        yield f"exports {', '.join(sorted(exported))} where {entry} is all that the engine looks up"


def _on_linux(library):
    yield from _needed(re.findall(r"\(NEEDED\).*\[(.+)\]", read("readelf", "--dynamic", "--wide", library)), ON_EVERY_LINUX)
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"\bGLIBC_([0-9.]+)", read("objdump", "-T", library))}
    if max(versions) > NEWEST_C_LIBRARY:
        yield f"needs version {max(versions)} of the C library, and {NEWEST_C_LIBRARY} is the newest that it may need"
    return {line.split()[-1] for line in read("nm", "--dynamic", "--defined-only", library).splitlines()}


def _on_windows(library):
    text = read("objdump", "--private-headers", library)
    yield from _needed([name.lower() for name in re.findall(r"DLL Name: (.+)", text)], ON_EVERY_WINDOWS)
    # Binutils shows the number as a date.
    if not re.search(r"^Time/Date\t+Thu Jan +1 00:00:00 1970", text, re.M):
        yield "tells when it was linked, so no two builds are the same"
    for property in HARDENED:
        if property not in text:
            yield f"is not marked {property}"
    names = re.search(r"^\[Ordinal/Name Pointer\] Table.*\n((?:\t.+\n)*)", text, re.M)
    return {line.split()[-1] for line in names.group(1).splitlines()} if names else set()


def _needed(names, everywhere):
    if set(names) - everywhere:
        yield f"needs {', '.join(sorted(set(names) - everywhere))}, which a player may not have; link it statically"


def main(library, entry):
    wrong = list(complaints(library, entry))
    for sentence in wrong:
        print(f"{library} {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
