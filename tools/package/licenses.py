# SPDX-License-Identifier: MIT
"""Whose code is in a library, and under which licences.

Ninja knows every file that the linker and the compilers have read. A file of the system belongs to a
Debian package, whose licences are in /usr/share/doc. What was built of a package's sources, lib/x.a, has
them in licenses/x.txt beside lib/. So no list has to be kept, and nothing can be forgotten in it.
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


def files_of_others(build, tools):
    """Every file that something in the target was made from and that is not this project's."""
    ours = linked_files(build)
    read = {path for output, paths in recorded_dependencies(build).items() if output in ours for path in paths}
    # The package manager knows a file under the name without "..", and links are files of other packages.
    files = {build.joinpath(path).resolve() for path in (ours | read)} | set(_runtime(build, tools))
    return {path for path in files if path.is_relative_to("/usr") or (path.suffix == ".a" and _licenses_beside(path).parent.is_dir())}


def _runtime(build, tools):
    """What the compiler's driver links without being told."""
    compiler = f"{tools}gcc"
    names = ["libstdc++.a", "libgcc.a", "libgcc_eh.a"]
    if tools:
        names += ["libwinpthread.a", "libmingw32.a", "libmingwex.a", "libmsvcrt.a", "libkernel32.a"]
    else:
        cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
        compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.+)$", cache, re.M).group(1)
    for name in names:
        yield pathlib.Path(_output(compiler, f"-print-file-name={name}").strip()).resolve()


def _licenses_beside(library):
    return library.parent.parent / "licenses" / f"{library.stem}.txt"


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def packages_of(files):
    """The Debian packages that files of the system belong to."""
    files = sorted(map(str, files))
    text = _output("dpkg-query", "--search", *files)
    owners = dict(line.rpartition(": ")[::2][::-1] for line in text.splitlines())
    unknown = sorted(set(files) - set(owners))
    if unknown:
        raise LookupError(f"{unknown[0]} is in no Debian package, so its licence is unknown")
    return {owner.partition(":")[0] for name in owners.values() for owner in name.split(", ")}


def licenses_of(builds, tools=""):
    """{"libzstd-dev.txt": its licences, ...} for what is in the target of any of the build folders.

    Packages with the same text, such as the parts of a compiler, are one file, under the first one's name.
    """
    files = set().union(*(files_of_others(build, tools) for build in builds))
    installed = {path for path in files if path.is_relative_to("/usr")}
    texts = [pathlib.Path(f"/usr/share/doc/{package}/copyright") for package in sorted(packages_of(installed))]
    result = {}
    for path in texts + sorted(map(_licenses_beside, files - installed)):
        if not path.exists():
            raise LookupError(f"there is no {path}, so the licence of {path.stem} is unknown")
        text = path.read_bytes()
        if text not in result.values():
            result[f"{path.parent.name if path.name == 'copyright' else path.stem}.txt"] = text
    # Nothing of the engine is in the library but what its header declares, and that says its licence itself.
    return result
