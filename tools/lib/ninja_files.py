# SPDX-License-Identifier: MIT
"""Reads what Ninja knows about a build folder."""
import collections
import re
import subprocess

Statement = collections.namedtuple("Statement", "outputs rule inputs")


def statements(manifest):
    """The build statements of a build.ninja file. Inputs that give an order only are left out."""
    text = manifest.read_text(encoding="utf-8").replace("$\n", "")
    for line in text.splitlines():
        if not line.startswith("build "):
            continue
        # A colon or a space that belongs to a path has a $ before it.
        outputs, _, rest = line[len("build ") :].partition(": ")
        words = _words(rest)
        inputs = words[1 : words.index("||")] if "||" in words else words[1:]
        yield Statement(
            [word for word in _words(outputs) if word != "|"], words[0], [word for word in inputs if word != "|"]
        )


def _words(text):
    return [re.sub(r"\$(.)", r"\1", word) for word in re.findall(r"(?:\$.|[^\s$])+", text)]


def parse_deps(text):
    """The output of `ninja -t deps` as {object: [path, ...]}."""
    deps, current = {}, None
    for line in text.splitlines():
        if line.startswith(" "):
            deps[current].append(line.strip())
        elif ": #deps" in line:
            current = line.split(": #deps")[0]
            deps[current] = []
    return deps


def recorded_dependencies(build):
    """What compilers have read, as {object: [path, ...]}: headers that build.ninja does not name."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True)
    return parse_deps(listed.stdout)
