#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the include table of docs/architecture.md: which layer may include which.

    includes.py [ROOT]     prints every include that breaks the table; exit status 1 if there is one

The table is read from the document, so what people read is what is checked. A layer's tests,
benchmarks and examples (tests/<layer>/, bench/<layer>/, examples/<layer>/) may include what the
layer may. A layer whose README has a table of rooms is held to that, too: a room's files include
the rooms that its row names, and no other room's detail/. The engine's header and what is generated from it are for nebula/godot/ alone, wherever
the including file is.
"""
import pathlib
import re
import sys

SOURCE_FOLDERS = ("nebula", "tests", "bench", "examples", "tools")
SUFFIXES = (".hpp", ".cpp", ".h", ".inl")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
# The C header that the engine prints, under any folder, and godot-cpp, which only its users have.
ENGINE_HEADER = re.compile(r"(^|/)(gdextension_interface\.h|godot_cpp/.*)$")
# The one layer that knows the engine.
ENGINE_LAYER = "godot"
# Folders of tests/ and examples/ that are named otherwise than the layer whose rules they follow.
LAYER_OF_FOLDER = {"extension": ENGINE_LAYER, "godot_cpp": ENGINE_LAYER}


def read_table(document):
    """The rows of the table as {layer: set of layers it may include, itself among them}."""
    allowed = {}
    for line in document.splitlines():
        row = re.match(r"\|\s*(\w+)\s*\|\s*`nebula/(\w+)/`\s*\|([^|]*)\|", line)
        if not row:
            continue
        layer, folder, may = row.groups()
        if layer != folder:
            raise ValueError(f"the row of {layer} names the folder nebula/{folder}/")
        above = set(allowed)
        if "all of the above" in may:
            allowed[layer] = above | {layer}
        else:
            allowed[layer] = {name for name in re.findall(r"\w+", may) if name in above} | {layer}
    if not allowed:
        raise ValueError("no include table found (rows: | layer | `nebula/layer/` | may include |)")
    return allowed


def read_rooms(root, layer):
    """The rows of a layer's table of rooms, as read_table; empty if its README has none."""
    readme = root / "nebula" / layer / "README.md"
    rooms = {}
    in_table = False
    for line in readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else ():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        in_table = bool(cells) and (in_table or cells[:2] == ["room", "may include"])
        if not in_table or cells[0] == "room" or set(cells[0]) <= set("-"):
            continue
        may = set(rooms) if "all of the above" in cells[1] else set(re.findall(r"\w+", cells[1]))
        if not may <= set(rooms):
            raise ValueError(f"in nebula/{layer}/README.md, the room {cells[0]} may include a room below it")
        rooms[cells[0]] = may | {cells[0]}
    return rooms


def room_violation(rooms, path, name):
    """What is wrong with an include from one room of a layer in another, or None."""
    here, there = path.parts[2], pathlib.PurePosixPath(name).parts[2:]
    if path.parts[0] != "nebula" or here not in rooms or here == there[0]:
        return None
    if there[0] not in rooms[here]:
        return f"the room {here} may not include {there[0]} ({name})"
    return f"{name} is the inside of another room" if "detail" in there else None


def layer_of(path):
    """The layer whose rules a file of ours follows, or None: tests/x/ follows those of nebula/x/."""
    parts = path.parts
    if len(parts) <= 2 or parts[0] not in ("nebula", "tests", "bench", "examples"):
        return None
    return parts[1] if parts[0] == "nebula" else LAYER_OF_FOLDER.get(parts[1], parts[1])


def included_layer(root, file, quoted, name):
    """The layer that an include reaches into, or None when it is not one of ours."""
    if quoted:  # as the compiler does, first beside the including file
        beside = (file.parent / name).resolve()
        if beside.is_file() and beside.is_relative_to(root):
            path = beside.relative_to(root)
            return path.parts[1] if path.parts[0] == "nebula" and len(path.parts) > 2 else None
    parts = pathlib.PurePosixPath(name).parts
    return parts[1] if len(parts) > 2 and parts[0] == "nebula" else None


def violations(root):
    """Yields one line of text for each include that breaks the table."""
    allowed = read_table((root / "docs/architecture.md").read_text(encoding="utf-8"))
    rooms = {name: read_rooms(root, name) for name in allowed}
    files = (
        path
        for folder in SOURCE_FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in SUFFIXES and path.is_file()
    )
    for file in files:
        path = file.relative_to(root)
        layer = layer_of(path)
        if path.parts[0] == "nebula" and layer not in allowed:
            yield f"{path}: is in a folder that the table in docs/architecture.md does not list"
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            quoted, name = include.group(1) == '"', include.group(2)
            if ENGINE_HEADER.search(name):
                if layer != ENGINE_LAYER:
                    yield f"{path}:{number}: includes the engine's {name}, which only nebula/{ENGINE_LAYER}/ may include"
                continue
            target = included_layer(root, file, quoted, name)
            if target is None:
                continue
            if target not in allowed:
                yield f"{path}:{number}: includes {name}, which the table does not list"
            elif layer in allowed:
                if target not in allowed[layer]:
                    yield f"{path}:{number}: {layer} may not include {target} ({name})"
                elif target == layer and (wrong := room_violation(rooms[layer], path, name)):
                    yield f"{path}:{number}: {wrong}"
            elif target == ENGINE_LAYER:
                yield f"{path}:{number}: includes {name}; {path.parts[0]}/ must not use the engine"


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2]).resolve()
    try:
        found = list(violations(root))
    except (OSError, ValueError) as error:
        found = [f"docs/architecture.md: {error}"]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
