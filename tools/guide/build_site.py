#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the pages of docs/, the reference and the pictures together, and makes a site of them.

    build_site.py --class-docs FOLDER --work FOLDER --site FOLDER [--pictures FOLDER]

FOLDER of --class-docs has an XML file a class. That of --pictures has NAME.png for each pictures/NAME.jpg
that a page shows: pictures of today, in place of those that are kept for readers of the repository.
MkDocs makes the site, and its warnings are errors: a link or a page that is not there ends the build.
"""
import argparse
import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import class_reference

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = re.compile(r"\]\(pictures/([\w-]+)\.jpg\)")
OUTSIDE = re.compile(r"(!?)\[([^\]]*)\]\((\.\./[^)\s]+)\)")
FENCE = re.compile(r"^\s*(```|~~~)")
# Inline code that stands alone, not in a link's text.
CODE = re.compile(r"(?<![\[`])`([A-Za-z_][\w.]*)(\(\))?`(?![\]`])")


def main():
    parser = argparse.ArgumentParser()
    for flag in ("class-docs", "work", "site"):
        parser.add_argument("--" + flag, type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    pages = options.work / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)

    classes = sorted(options.class_docs.glob("*.xml"))
    if not classes:
        sys.exit(f"build_site.py: {options.class_docs} has no class docs, and a guide without a reference is none")
    names = Names(classes)
    write_reference(classes, names, pages / "api")
    wanted = set()
    for source in sorted((ROOT / "docs").iterdir()):
        if source.suffix == ".md":
            text = source.read_text(encoding="utf-8")
            if options.pictures:
                wanted |= set(PICTURE.findall(text))
                text = PICTURE.sub(r"](pictures/\1.png)", text)
            (pages / source.name).write_text(for_site(text, names), encoding="utf-8")
        elif source.is_file():
            shutil.copy(source, pages)
        elif not options.pictures:
            shutil.copytree(source, pages / source.name)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("](docs/", "](")
    (pages / "changelog.md").write_text(for_site(changes, names), encoding="utf-8")
    if options.pictures:
        copy_pictures(wanted, options.pictures, pages / "pictures")
    config = (ROOT / "tools/guide/mkdocs.yml").read_text(encoding="utf-8")
    entries = "".join(f"\n    - {path.stem}: api/{path.stem}.md" for path in classes)
    (options.work / "mkdocs.yml").write_text(config.replace("    # the classes", entries.lstrip("\n")), encoding="utf-8")
    subprocess.run(
        ["mkdocs", "build", "--strict", "--clean", "--config-file", options.work / "mkdocs.yml", "--site-dir", options.site.resolve()],
        check=True,
    )
    broken = broken_links(options.site)
    if broken:
        sys.exit("\n".join(broken))


class Anchors(html.parser.HTMLParser):
    """The ids of a page, and where its links lead within the site."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id"))
        target = given.get("href") if tag == "a" else None
        if target and not re.match(r"[a-z]+:", target):
            self.links.append(target)


def broken_links(site):
    """MkDocs looks whether a page is there, and not whether the heading is."""
    pages = {path: Anchors(path.read_text(encoding="utf-8")) for path in site.resolve().rglob("*.html")}
    return [
        f"{page.relative_to(site.resolve())}: links to {link}, which is not there"
        for page, anchors in pages.items()
        if page.name != "404.html"
        for link in anchors.links
        if not is_there(page, link, pages)
    ]


def is_there(page, link, pages):
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path and path != "." else page
    if target not in pages:
        return target.exists()
    return not anchor or anchor in pages[target].ids


def write_reference(classes, names, folder):
    folder.mkdir()
    rows = ["# Classes\n", "All of this is in the editor's help, too (F1).\n", "| class | is |", "| --- | --- |"]
    for path in classes:
        (folder / f"{path.stem}.md").write_text(class_reference.page(path, names.classes), encoding="utf-8")
        brief = class_reference.Markup(path.stem, names.classes)(names.briefs[path.stem]).strip()
        rows.append(f"| [{path.stem}]({path.stem}.md) | {brief} |")
    (folder / "index.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


def copy_pictures(wanted, source, folder):
    folder.mkdir()
    for name in sorted(wanted):
        if not (source / f"{name}.png").is_file():
            sys.exit(f"build_site.py: a page shows {name}, and {source} has no such picture")
        shutil.copy(source / f"{name}.png", folder)


class Names:
    """What the reference has a heading for."""

    def __init__(self, paths):
        self.classes, self.briefs, self.members, owners = set(), {}, {}, {}
        for path in paths:
            root = xml.etree.ElementTree.parse(path).getroot()
            self.classes.add(path.stem)
            self.briefs[path.stem] = root.findtext("brief_description") or ""
            for tag in ("members/member", "methods/method", "signals/signal", "constants/constant"):
                for element in root.findall(tag):
                    self.members[f"{path.stem}.{element.get('name')}"] = f"api/{path.stem}.md#{element.get('name')}"
                    owners.setdefault(element.get("name"), []).append(path.stem)
        # A name alone is linked if one class has it, and it is no usual word.
        for name, of in owners.items():
            if len(of) == 1 and "_" in name:
                self.members[name] = self.members[f"{of[0]}.{name}"]

    def target(self, name):
        if name in self.classes:
            return f"api/{name}.md"
        return self.members.get(name.replace("Nebula.", "NebulaServer.", 1))


def for_site(text, names):
    """A page for the site: what leads out of docs/ is no link there, and names lead to the reference."""
    out, fenced = [], False
    for line in text.split("\n"):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            line = OUTSIDE.sub(r"\2", line)
            if not line.startswith("#") and not line.startswith("!["):
                line = CODE.sub(lambda m: linked(m, names), line)
        out.append(line)
    return "\n".join(out)


def linked(match, names):
    target = names.target(match[1])
    return f"[{match[0]}]({target})" if target else match[0]


if __name__ == "__main__":
    main()
