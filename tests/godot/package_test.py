#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is in a package, for whom nothing but the package is there.

    package_test.py PACKAGE CHECKOUT

Prints one sentence for each thing that is wrong with PACKAGE, the zip, or with the zip of its symbols
and the checksums beside it. CHECKOUT is the folder that it was built in.
"""
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib

from library_test import complaints

TOP = "addons/nebula/"
LIBRARY = {"linux": ".so", "windows": ".dll"}
# The parts that are in no file of ours, by what the names of their licences begin with; a package of
# Debian's may be named after its version.
PARTS = {
    "linux": ("libsqlite3", "libzstd", "zlib1g", "libhwy", "libtomlplusplus", "libexpected", "libgcc"),
    "windows": ("libsqlite3", "libzstd", "libz-", "libhwy", "libtomlplusplus", "libexpected", "g++-mingw", "mingw-w64"),
}


def section(library, name):
    with tempfile.NamedTemporaryFile() as content, tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["objcopy", "--dump-section", f"{name}={content.name}", library, copy.name], check=True)
        return pathlib.Path(content.name).read_bytes()


def wrong_names(files, system):
    for name in files:
        if not name.startswith(TOP):
            yield f"has {name}, which is not below {TOP}"
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "nebula.gdextension", "docs/.gdignore"):
        if TOP + name not in files:
            yield f"lacks {name}"
    for part in PARTS[system]:
        if not any(name.startswith(f"{TOP}licenses/{part}") for name in files):
            yield f"has no licence of {part}"


def wrong_links(files):
    for name, text in files.items():
        if not name.endswith(".md"):
            continue
        for target in re.findall(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)", text.decode()):
            path = pathlib.Path("/", name).parent.joinpath(target).resolve()
            if str(path)[1:] not in files:
                yield f"{name} links to {target}, which is not in the package"


def wrong_libraries(files, symbols, system, checkout):
    inside = [name for name in files if name.startswith(TOP + "bin/")]
    for other, suffix in LIBRARY.items():
        # Of every system, so that two packages may be unpacked over each other.
        named = re.findall(rf'^{other}\.(\w+)\.x86_64 = "res://(.+)"$', files[TOP + "nebula.gdextension"].decode(), re.M)
        wanted = [(kind, f"{TOP}bin/libnebula.{other}.{kind}.x86_64{suffix}") for kind in ("debug", "release")]
        if named != wanted:
            yield f"nebula.gdextension names {named} where it should name {wanted}"
        if other == system and sorted(inside) != sorted(name for _, name in wanted):
            yield f"has {inside} where {wanted} should be"
    for name in inside:
        with tempfile.NamedTemporaryFile(suffix=LIBRARY[system]) as copy:
            pathlib.Path(copy.name).write_bytes(files[name])
            yield from complaints(copy.name, "nebula_init")
            link, _, rest = section(copy.name, ".gnu_debuglink").partition(b"\0")
        if zlib.crc32(symbols.get(link.decode(), b"")) != int.from_bytes(rest[-4:], "little"):
            yield f"{name} belongs to symbols in {link.decode()}, and the zip of the symbols has none that fit"
    if len(symbols) != len(inside):
        yield f"has {len(inside)} libraries, and symbols for {len(symbols)}"
    for name, data in {**files, **symbols}.items():
        if checkout.encode() in data:
            yield f"{name} contains {checkout}, the folder that it was built in; in another folder its bytes would be different"


def wrong_forms(package):
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
    if [entry.filename for entry in entries] != sorted(entry.filename for entry in entries):
        yield f"{package.name} is not in order"
    if len({entry.date_time for entry in entries}) != 1 or {entry.external_attr >> 16 for entry in entries} != {0o100644}:
        yield f"{package.name} tells when or by whom it was packed"


def wrong_sums(packages):
    lines = (packages[0].parent / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for package in packages:
        if f"{hashlib.sha256(package.read_bytes()).hexdigest()}  {package.name}" not in lines:
            yield f"SHA256SUMS has not the sum of {package.name}"


def read(package):
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main(package, checkout):
    package = pathlib.Path(package)
    beside = package.with_name(f"{package.stem}-symbols.zip")
    system = package.stem.split("-")[2]
    files, symbols = read(package), read(beside)
    wrong = [
        *wrong_names(files, system),
        *wrong_links(files),
        *wrong_libraries(files, symbols, system, checkout),
        *wrong_forms(package),
        *wrong_forms(beside),
        *wrong_sums([package, beside]),
    ]
    for sentence in wrong:
        print(f"{package.name}: {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
