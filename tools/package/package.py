#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packs the add-on as the asset library wants it: everything below addons/nebula/ at the top of a zip.

    package.py --platform linux-x86_64 --out FOLDER --seconds N --tools PREFIX
               --debug BUILD LIBRARY --release BUILD LIBRARY

Writes FOLDER/nebula-<version>-<platform>.zip, the same name with -symbols for a debugger, and
SHA256SUMS of all packages of this version. A LIBRARY is what the target nebula_godot of the build
folder BUILD has made, and N is the time, in seconds since 1970, that every file in the zips bears. The
same sources, compilers and time give the same bytes.
"""
import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zipfile

from licenses import licenses_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDON = pathlib.PurePosixPath("addons/nebula")
# What the engine calls a platform, and what its libraries are called. Every package names the
# libraries of all of them, so that two packages may be unpacked over each other.
LIBRARIES = {"linux": "libnebula.linux.{kind}.{cpu}.so", "windows": "libnebula.windows.{kind}.{cpu}.dll"}
KINDS = ("debug", "release")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)")


def die(sentence):
    print(f"nebula: {sentence}", file=sys.stderr)
    sys.exit(1)


def version_of(build):
    """The one place that says it is project() in CMakeLists.txt."""
    found = re.search(r"^CMAKE_PROJECT_VERSION:STATIC=(.+)$", (build / "CMakeCache.txt").read_text(encoding="utf-8"), re.M)
    return found.group(1)


def split_library(library, name, tools, folder):
    """(what ships, its symbols): the first has only the names that a loader needs, and says where the rest is."""
    shipped, symbols = folder / name, folder / f"{name}.debug"
    timeless = {**os.environ, "SOURCE_DATE_EPOCH": "0"}  # what it writes into a library for Windows
    subprocess.run([f"{tools}objcopy", "--only-keep-debug", library, symbols], check=True, env=timeless)
    # The link holds the name and a checksum of the symbols, and the name is looked up in this folder.
    subprocess.run(
        [f"{tools}objcopy", "--strip-all", f"--add-gnu-debuglink={symbols.name}", library, shipped], check=True, cwd=folder, env=timeless
    )
    return shipped.read_bytes(), symbols.read_bytes()


def extension_file():
    """The add-on's nebula.gdextension, with the libraries of a package in place of a build's one."""
    text = (ROOT / "addon/addons/nebula/nebula.gdextension").read_text(encoding="utf-8")
    lines = [
        f'{system}.{kind}.x86_64 = "res://{ADDON}/bin/{name.format(kind=kind, cpu="x86_64")}"'
        for system, name in LIBRARIES.items()
        for kind in KINDS
    ]
    before, libraries, after = text.partition("[libraries]\n")
    rest = after[after.index("\n[") :] if "\n[" in after else ""
    return before + libraries + "\n" + "\n".join(lines) + "\n" + rest


def guide():
    """The pages, by their places in the tree and in the add-on, and the pictures that they show."""
    pages = {"addon/addons/nebula/README.md": "README.md", "CHANGELOG.md": "CHANGELOG.md"}
    for path in sorted((ROOT / "docs").glob("*.md")):
        shown = [target for picture, _, target, _ in LINK.findall(path.read_text(encoding="utf-8")) if picture]
        for name in (path.name, *shown):
            if (ROOT / "docs" / name).is_file():
                pages[f"docs/{name}"] = f"docs/{name}"
    return pages


def page(source, pages):
    """The text of a page of the tree, whose links to what is not in the package are plain words."""

    def mend(link):
        picture, text, target, anchor = link.groups(default="")
        if not target or ":" in target:
            return link.group()
        wanted = (ROOT / source).parent.joinpath(target).resolve()
        inside = pages.get(str(wanted.relative_to(ROOT)))
        if not inside:
            return text
        steps = len(pathlib.PurePosixPath(pages[source]).parts) - 1
        return f"{picture}[{text}]({'../' * steps}{inside}{anchor})"

    text = (ROOT / source).read_text(encoding="utf-8")
    return LINK.sub(mend, text).encode()


def addon_files(libraries, licenses):
    """Everything in the package, as {path below addons/nebula: bytes}."""
    files = {"nebula.gdextension": extension_file().encode(), "LICENSE": (ROOT / "LICENSE").read_bytes()}
    for source in (ROOT / "addon/addons/nebula").rglob("*"):
        path = source.relative_to(ROOT / "addon/addons/nebula")
        # What an editor has written beside our files is its own.
        if source.is_file() and path.parts[0] != "bin" and path.suffix not in (".uid", ".import"):
            files.setdefault(str(path), source.read_bytes())
    pages = guide()
    for source, path in pages.items():
        files[path] = page(source, pages) if source.endswith(".md") else (ROOT / source).read_bytes()
    files["docs/.gdignore"] = b""  # or the editor imports the pictures into the game
    files |= {f"bin/{name}": data for name, data in libraries.items()}
    files |= {f"licenses/{name}": data for name, data in licenses.items()}
    return files


def write_zip(path, files, seconds):
    """In an order, with times and with permissions that do not depend on who packs."""
    moment = time.gmtime(max(seconds, 315532800))[:6]  # a zip knows no time before 1980
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the permissions are those of Unix
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])


def write_sums(folder, version):
    packages = sorted(folder.glob(f"nebula-{version}-*.zip"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in packages]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--platform", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--tools", default="", help="what the names of objcopy and gcc begin with, for another system")
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=pathlib.Path, nargs=2, required=True, metavar=("BUILD", "LIBRARY"))
    arguments = parser.parse_args()
    system, cpu = arguments.platform.split("-")

    version = version_of(arguments.release[0])
    shipped, symbols = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        for kind in KINDS:
            name = LIBRARIES[system].format(kind=kind, cpu=cpu)
            library = getattr(arguments, kind)[1].resolve()
            shipped[name], symbols[f"{name}.debug"] = split_library(library, name, arguments.tools, pathlib.Path(scratch))
    try:
        licenses = licenses_of({arguments.debug[0], arguments.release[0]}, arguments.tools)
    except LookupError as error:
        die(str(error))

    arguments.out.mkdir(parents=True, exist_ok=True)
    name = f"nebula-{version}-{arguments.platform}"
    addon = addon_files(shipped, licenses)
    write_zip(arguments.out / f"{name}.zip", {str(ADDON / path): data for path, data in addon.items()}, arguments.seconds)
    write_zip(arguments.out / f"{name}-symbols.zip", symbols, arguments.seconds)
    write_sums(arguments.out, version)
    print(arguments.out / f"{name}.zip")


if __name__ == "__main__":
    main()
