#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Removes from a build folder what an upgrade of the system has made stale.

    stale.py BUILD     BUILD is a Ninja build folder of CMake's, or does not exist yet
                       prints one sentence if something was removed

Ninja builds a file again when an input has a later modification time. A package keeps the time at
which the distribution built it, often weeks ago, so a header or library that was replaced a minute
ago looks older than everything built before. The objects then stay as they are, and clang refuses a
precompiled header that was made from other files.

Nobody can set back the time at which an inode changed. So an output is stale if an input from
outside the project was replaced, changed or removed after the output was written. Stale outputs are
removed here, and the next build makes them again. When the compiler itself is new, the whole folder
goes, because CMake has kept what it found out about the old one.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import ninja_files

# They make the build files themselves, which happens at every ./run anyway, or nothing.
NO_OUTPUTS = {"phony", "RERUN_CMAKE", "CLEAN", "HELP"}


class System:
    """When the files outside the project got to where they are."""

    def __init__(self):
        self.times = {}

    def changed_at(self, path):
        """In nanoseconds; infinity if the file is gone."""
        if path not in self.times:
            try:
                # Of a link, both: where it leads may have changed.
                self.times[path] = max(os.lstat(path).st_ctime_ns, os.stat(path).st_ctime_ns)
            except OSError:
                self.times[path] = float("inf")
        return self.times[path]

    def newest(self, paths, than):
        """One of `paths` that changed later than `than`, or None."""
        return next((path for path in paths if self.changed_at(path) > than), None)


def compilers(build):
    """(when CMake looked at it, paths of the compiler) for each compiler."""
    for file in build.glob("CMakeFiles/*/CMakeC*Compiler.cmake"):
        found = re.search(r'^set\(CMAKE_C(?:XX)?_COMPILER "(/.+)"\)', file.read_text(encoding="utf-8"), re.M)
        if found:
            yield file.stat().st_mtime_ns, [found[1], os.path.realpath(found[1])]


def project_folders(build):
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    source = re.search(r"^CMAKE_HOME_DIRECTORY:\w+=(.+)$", cache, re.M)
    return tuple(f"{folder}/" for folder in (build, source[1] if source else build))


def inputs_from_outside(build):
    """(output, its inputs from outside the project) for every output that has such inputs."""
    folders = project_folders(build)
    outputs = [
        (output, statement.inputs)
        for statement in ninja_files.statements(build / "build.ninja")
        if statement.rule not in NO_OUTPUTS
        for output in statement.outputs
    ]
    outputs += ninja_files.recorded_dependencies(build).items()
    for output, inputs in outputs:
        outside = [path for path in inputs if path.startswith("/") and not path.startswith(folders)]
        if outside:
            yield build / output, outside


def remove_stale(build):
    """What to tell about it, or None if nothing was stale."""
    system = System()
    for seen_at, paths in compilers(build):
        compiler = system.newest(paths, seen_at)
        if compiler:
            shutil.rmtree(build)
            return f"{compiler} has changed: building {build.name} from the beginning"
    causes, removed = set(), set()
    for output, inputs in inputs_from_outside(build):
        if not output.is_file():
            continue
        cause = system.newest(inputs, output.stat().st_mtime_ns)
        if cause:
            causes.add(cause)
            removed.add(output)
            output.unlink()
    if not removed:
        return None
    others = len(causes) - 1
    what = f"{min(causes)} and {others} more have changed" if others else f"{min(causes)} has changed"
    count = f"{len(removed)} files" if len(removed) > 1 else "one file"
    return f"{what}: building {count} of {build.name} again"


def main(arguments):
    build = pathlib.Path(arguments[0]).absolute()
    if not (build / "build.ninja").is_file():
        return 0
    try:
        told = remove_stale(build)
    except (OSError, subprocess.CalledProcessError) as error:
        # What cannot be read cannot be trusted; everything in it can be made again.
        shutil.rmtree(build)
        told = f"{build.name} cannot be read ({error}): building it from the beginning"
    if told:
        print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
