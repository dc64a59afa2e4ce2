# SPDX-License-Identifier: MIT
"""Turns the class docs of the add-on, which the editor shows as help, into Markdown pages."""
import re
import xml.etree.ElementTree

ENGINE_CLASS = "https://docs.godotengine.org/en/stable/classes/class_{}.html"


def page(path, ours):
    """The text of a class's page. `ours` are the names of the classes that have one."""
    root = xml.etree.ElementTree.parse(path).getroot()
    name = root.get("name")
    to_text = Markup(name, ours)
    parts = [f"# {name}\n\nInherits {to_text.type(root.get('inherits'))}.\n"]
    parts += [to_text(root.findtext("brief_description")), to_text(root.findtext("description"))]
    for title, tag, entry in (
        ("Properties", "members/member", member),
        ("Methods", "methods/method", method),
        ("Signals", "signals/signal", signal),
    ):
        entries = [entry(element, to_text) for element in root.findall(tag)]
        if entries:
            parts += [f"## {title}\n", *entries]
    parts += constants(root.findall("constants/constant"), to_text)
    return "\n".join(part for part in parts if part) + "\n"


def member(element, to_text):
    return heading(element) + f"`{element.get('name')}: {type_name(element)}`\n\n{to_text(element.text)}"


def method(element, to_text):
    result = element.find("return")
    virtual = " (virtual: yours to write)" if element.get("qualifiers") == "virtual" else ""
    return (
        heading(element)
        + f"`{element.get('name')}({parameters(element)}) -> {type_name(result)}`{virtual}\n\n"
        + to_text(element.findtext("description"))
    )


def signal(element, to_text):
    return (
        heading(element)
        + f"`{element.get('name')}({parameters(element)})`\n\n"
        + to_text(element.findtext("description"))
    )


def constants(elements, to_text):
    """A table for each enum, and one for what belongs to none."""
    by_enum = {}
    for element in elements:
        by_enum.setdefault(element.get("enum", ""), []).append(element)
    for enum, members in by_enum.items():
        yield f"## {enum} {{#{enum}}}\n" if enum else "## Constants\n"
        yield "| constant | value | |\n| --- | --- | --- |"
        for element in members:
            name = element.get("name")
            text = to_text(element.text).strip().replace("\n", " ")
            yield f"| `{name}`{{#{name}}} | {element.get('value')} | {text} |"
        yield ""


def heading(element):
    return f"### {element.get('name')} {{#{element.get('name')}}}\n\n"


def type_name(element):
    return element.get("enum") or element.get("type")


def parameters(element):
    out = []
    for parameter in element.findall("param"):
        default = parameter.get("default")
        out.append(
            f"{parameter.get('name')}: {type_name(parameter)}" + (f" = {default}" if default is not None else "")
        )
    return ", ".join(out)


class Markup:
    """The engine's BBCode as Markdown, with links."""

    def __init__(self, here, ours):
        self.here, self.ours = here, ours

    def type(self, name):
        if name in self.ours:
            return f"[{name}]({name}.md)"
        if name.startswith(("Nebula", "Voxel")):
            raise ValueError(f"the class docs name {name}, which is no class of the engine's, and they have no page of it")
        return f"[{name}]({ENGINE_CLASS.format(name.lower())})"

    def link(self, text, code):
        owner, _, name = text.rpartition(".")
        if not owner or owner == self.here:
            return f"[{code}](#{name})"
        return f"[{code}]({owner}.md#{name})" if owner in self.ours else f"`{text}`"

    def __call__(self, text):
        if not text or not text.strip():
            return ""
        blocks = re.split(r"\[codeblock[^\]]*\](.*?)\[/codeblock\]", text.strip(), flags=re.S)
        out = []
        for i, block in enumerate(blocks):
            out.append(f"\n```gdscript\n{block.strip(chr(10))}\n```\n" if i % 2 else self.inline(block))
        return "".join(out) + "\n"

    def inline(self, text):
        text = re.sub(r"\[code\](.*?)\[/code\]", r"`\1`", text)
        text = re.sub(r"\[(?:param|annotation|operator) ([^\]]+)\]", r"`\1`", text)
        text = re.sub(r"\[method ([^\]]+)\]", lambda m: self.link(m[1], f"`{m[1]}()`"), text)
        text = re.sub(r"\[(?:member|signal|constant|enum) ([^\]]+)\]", lambda m: self.link(m[1], f"`{m[1]}`"), text)
        text = re.sub(r"\[/?b\]", "**", text)
        text = re.sub(r"\[/?i\]", "*", text)
        text = re.sub(r"\[url=([^\]]+)\](.*?)\[/url\]", r"[\2](\1)", text)
        text = re.sub(r"\[([A-Z]\w+)\](?!\()", lambda m: self.type(m[1]), text)
        return text.replace("\n", "\n\n")
