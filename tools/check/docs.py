#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the Markdown true: what it names must exist.

    docs.py [ROOT]     prints every broken reference; exit status 1 if there is one

Checked in every .md file of the tree:
  - links [text](path), [text](path#heading) and [text](#heading);
  - inline code that looks like a path of ours (`nebula/base/log.hpp`, `tools/check/`), looked up
    from the root, from the file's own folder and, for C++ headers, among system headers too;
  - `./run verb`, in prose and in code blocks: the verb must exist;
  - names in inline code and in GDScript (`dig_sphere(...)`, `VoxelTerrain`): some file of the tree
    that is not Markdown must contain them, so a function that was renamed is noticed;
  - a code block under the comment  <!-- from examples/x.cpp -->  must be a run of lines of that file.
"""
import fnmatch
import pathlib
import re
import sys
import textwrap

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
INLINE_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
RUN_VERB = re.compile(r"(?<![\w/])\./run[ \t]+([a-z]+)\b")
FENCE = re.compile(r"^\s*(```+|~~~+)\s*(\w*)")
SNIPPET_OF = re.compile(r"^\s*<!--\s*from\s+(\S+)\s*-->\s*$")
# A word with a slash, made of what file names are made of; no wildcards, <placeholders>, calls.
PATH_LIKE = re.compile(r"^(?:\./|\.\./)*[\w.+-]+(?:/[\w.+-]+)*/?$")
FILE_SUFFIXES = {
    ".hpp", ".cpp", ".h", ".c", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".toml", ".cfg",
    ".gd", ".tscn", ".tres", ".gdshader", ".gdextension", ".godot", ".svg", ".png", ".yml",
}  # fmt: skip
# What a name is made of, and which names are specific enough to look for: snake_case, camelCase.
NAME = re.compile(r"[A-Za-z_]\w*")
DECLARED = re.compile(r"^ *(?:func|var) (\w+)", re.MULTILINE)
SPECIFIC = re.compile(r"\w_\w|[a-z][A-Z]")
# Names that the pages rightly mention and that no file of ours contains.
FOREIGN_NAMES = {
    # of the engine
    "reparent", "set_plugin_enabled", "_save_external_data", "uv1_triplanar", "uv1_world_triplanar", "p_get_proc_address", "p_library",
    "NodeProcessMode", "any_peer", "get_vector", "ui_left", "ui_right", "ui_up", "ui_down", "ui_accept",
    "GetSingleton", "is_accessible_from_caller_thread",
    # of C++ and of other libraries
    "co_await", "par_iter", "with_max_len", "to_future", "to_fallible_future",
    "VoxelMesherTransvoxel", "VoxelGeneratorNoise2D", "VoxelTool", "VoxelStreamSQLite", "lod_count",
    "generate_collisions",
}  # fmt: skip
# Third parties' headers, which a system may or may not have.
SYSTEM_INCLUDE_FOLDERS = ("/usr/include",)
# Names that Markdown files are not looked for in.
SKIPPED_FOLDERS = {".git", ".godot", "build", "out", "node_modules"}


def headings(text):
    """The anchors of a Markdown text, made as the forges make them."""
    anchors, seen, fence = set(), {}, None
    for line in text.splitlines():
        mark = FENCE.match(line)
        if mark:
            fence = None if fence else mark.group(1)
            continue
        heading = None if fence else re.match(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$", line)
        if not heading:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        anchors.add(slug if count == 0 else f"{slug}-{count}")
    return anchors


def ignored_patterns(root):
    """Paths that are made and not kept: what .gitignore lists from the root."""
    try:
        lines = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line.strip("/") for line in lines if line.strip() and not line.startswith("#")]


def known_names(root):
    """Every name in every text file that is not Markdown, and in the names of the files."""
    names = set(FOREIGN_NAMES)
    for path in root.rglob("*"):
        if SKIPPED_FOLDERS.intersection(path.relative_to(root).parts) or not path.is_file():
            continue
        names.update(NAME.findall(path.name))
        if path.suffix != ".md":
            try:
                names.update(NAME.findall(path.read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                pass  # a picture
    return names


class Page:
    """One Markdown file and the questions asked of it."""

    def __init__(self, root, file, names):
        self.root, self.file = root, file
        self.text = file.read_text(encoding="utf-8")
        # What its own GDScript declares.
        self.names = names | set(DECLARED.findall(self.text))
        self.ignored = ignored_patterns(root)
        self.verbs = {path.stem for path in (root / "tools/verbs").glob("*.sh")}

    def problems(self):
        fence, language, snippet_of, snippet, start = None, "", None, [], 0
        for number, line in enumerate(self.text.splitlines(), 1):
            yield from ((number, text) for text in self.check_verbs(line))
            mark = FENCE.match(line)
            if fence:
                if mark and line.strip().startswith(fence) and not mark.group(2):
                    if snippet_of:
                        yield from ((start, text) for text in self.check_snippet(snippet_of, snippet))
                    fence, snippet_of = None, None
                else:
                    snippet.append(line)
                    if language == "gdscript":
                        yield from ((number, text) for text in self.check_names(line))
                continue
            if mark:
                fence, language, snippet, start = mark.group(1), mark.group(2), [], number
                continue
            origin = SNIPPET_OF.match(line)
            if origin:
                snippet_of = origin.group(1)
                continue
            if line.strip() and snippet_of:
                yield number, f"the comment naming {snippet_of} stands before no code block"
                snippet_of = None
            if line.startswith("    "):  # an indented block: shown, not said
                continue
            yield from ((number, text) for text in self.check_links(INLINE_CODE.sub("", line)))
            yield from ((number, text) for text in self.check_code(line))

    def check_verbs(self, line):
        for verb in RUN_VERB.findall(line):
            if verb not in self.verbs:
                yield f"./run has no verb {verb}"

    def check_links(self, line):
        for target in LINK.findall(line):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (self.file.parent / path) if path else self.file
            if not file.exists():
                yield f"links to {path}, which does not exist"
            elif anchor and file.suffix == ".md" and anchor not in headings(file.read_text(encoding="utf-8")):
                yield f"links to #{anchor}, and {file.relative_to(self.root) if file.is_relative_to(self.root) else file} has no such heading"

    def check_code(self, line):
        for code in INLINE_CODE.findall(line):
            if self.is_path(code):
                if not self.exists(code):
                    yield f"names `{code}`, which does not exist"
            elif "*" not in code and not code.startswith("-"):  # no patterns, no flags of other programs
                yield from self.check_names(code)

    def check_names(self, code):
        for match in NAME.finditer(code):
            name = match.group()
            called = match.start() == 0 and code[match.end() : match.end() + 1] == "("
            if (SPECIFIC.search(name) or called) and name not in self.names:
                yield f"names {name}, which no file of the tree contains"

    def is_path(self, code):
        """Whether this is meant as a path of ours: a slash and either a known start or a known end."""
        if "/" not in code or not PATH_LIKE.match(code):
            return False
        first = code.split("/")[0]
        return (
            (self.root / first).exists()
            or code.endswith("/")
            or pathlib.PurePosixPath(code).suffix in FILE_SUFFIXES
        )

    def exists(self, code):
        path = code.rstrip("/")
        plain = str(pathlib.PurePosixPath(path))
        for pattern in self.ignored:
            if any(fnmatch.fnmatch(plain, form) for form in (pattern, f"{pattern}/*")):
                return True
        # A layer may go by its short name, as in `voxel/`.
        places = [self.root, self.file.parent, self.root / "nebula"]
        if pathlib.PurePosixPath(path).suffix in (".h", ".hpp"):
            places += [pathlib.Path(folder) for folder in SYSTEM_INCLUDE_FOLDERS]
        return any((place / path).exists() for place in places)

    def check_snippet(self, name, snippet):
        file = self.root / name
        if not file.is_file():
            yield f"has a code block from {name}, which does not exist"
            return
        wanted = textwrap.dedent("\n".join(snippet)).strip("\n").splitlines()
        lines = file.read_text(encoding="utf-8").splitlines()
        for first in range(len(lines) - len(wanted) + 1):
            part = textwrap.dedent("\n".join(lines[first : first + len(wanted)])).splitlines()
            if part == wanted:
                return
        yield f"has a code block that is not in {name} as it stands here"


def markdown_files(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED_FOLDERS.intersection(path.relative_to(root).parts):
            yield path


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2]).resolve()
    names = known_names(root)
    found = [
        f"{file.relative_to(root)}:{number}: {problem}"
        for file in markdown_files(root)
        for number, problem in Page(root, file, names).problems()
    ]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
