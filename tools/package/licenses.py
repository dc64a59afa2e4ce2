# SPDX-License-Identifier: MIT
"""Whose code is in a library, and under which licences.

Ninja knows every file that the linker and the compilers have read. A file of the system belongs to a
Debian package, whose licences are in /usr/share/doc. So no list has to be kept, and nothing can be
forgotten in it.
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from ninja_files import recorded_dependencies, statements  # noqa: E402

TARGET = "nebula_godot"


def linked_files(build):
    """The objects and archives that the target is made of, and all archives' own, as ninja names them."""
    made_by = {output: statement for statement in statements(build / "build.ninja") for output in statement.outputs}
    found, waiting = set(), [TARGET]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += made_by[name].inputs if name in made_by else []
    return found


def system_files(build):
    """Every file outside the project that something in the target was made from."""
    ours = linked_files(build)
    read = {path for output, paths in recorded_dependencies(build).items() if output in ours for path in paths}
    return {path for path in map(_plain, ours | read) if path.startswith("/usr/")} | set(map(_plain, _runtime(build)))


def _runtime(build):
    """What the compiler's driver links without being told."""
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.+)$", cache, re.M).group(1)
    for name in ("libstdc++.a", "libgcc.a", "libgcc_eh.a"):
        yield _output(compiler, f"-print-file-name={name}").strip()


def _plain(path):
    # The package manager knows a file under the name without "..", and links are files of other packages.
    return str(pathlib.Path(path).resolve()) if path.startswith("/") else path


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def packages_of(files):
    """The Debian packages that files of the system belong to."""
    text = _output("dpkg-query", "--search", *sorted(files))
    owners = dict(line.rpartition(": ")[::2][::-1] for line in text.splitlines())
    unknown = sorted(set(files) - set(owners))
    if unknown:
        raise LookupError(f"{unknown[0]} is in no Debian package, so its licence is unknown")
    return {owner.partition(":")[0] for name in owners.values() for owner in name.split(", ")}


def licenses_of(builds):
    """{"libzstd-dev.txt": its licences, ...} for what is in the target of any of the build folders.

    Packages with the same text, such as the parts of a compiler, are one file, under the first one's name.
    """
    packages = packages_of(set().union(*map(system_files, builds)))
    result = {}
    for package in sorted(packages):
        text = pathlib.Path(f"/usr/share/doc/{package}/copyright").read_bytes()
        if text not in result.values():
            result[f"{package}.txt"] = text
    # Nothing of the engine is in the library but what its header declares, and that says its licence itself.
    return result
