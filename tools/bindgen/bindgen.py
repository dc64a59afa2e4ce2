# SPDX-License-Identifier: MIT
"""Writes typed C++ for the engine classes a list names. Start with README.md in this folder.

    python3 bindgen.py --api extension_api.json --classes classes.txt --out FOLDER
    python3 bindgen.py --classes classes.txt --out FOLDER --list-outputs

With --more LIST, it writes what a user's list adds to a library that was compiled from classes.txt:
headers of all classes, and sources of what the library does not have.

Four steps, in the order of this file: read the list, pick from the dump what it asks for, say
each type in C++, print one header and one source per class.
"""

import argparse
import fnmatch
import json
import pathlib
import re
import sys
from dataclasses import dataclass, field


class Trouble(Exception):
    """One sentence for the person who runs the build."""


# --- The list ------------------------------------------------------------------------------------


@dataclass
class Wanted:
    """One line of the list: a name and the patterns after its colon."""

    name: str
    patterns: list[str]
    where: str
    compiled: "Wanted | None" = None  # what the library has of it, if this line adds to that
    matched: set[str] = field(default_factory=set)

    def takes(self, member: str) -> bool:
        hits = [p for p in self.patterns if fnmatch.fnmatchcase(member, p)]
        self.matched.update(hits)
        return bool(hits) or self.is_compiled(member)

    def is_compiled(self, member: str) -> bool:
        return self.compiled is not None and self.compiled.takes(member)

    def unmatched(self) -> list[str]:
        return [p for p in self.patterns if p != "*" and p not in self.matched]


def read_lines(path: pathlib.Path) -> dict[str, Wanted]:
    wanted: dict[str, Wanted] = {}
    last: Wanted | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.split("#")[0]
        if not text.strip():
            continue
        where = f"{path.name}:{number}"
        if text[0].isspace() and last is not None:  # a continued line
            last.patterns += text.split()
            continue
        name, colon, rest = text.partition(":")
        name = name.strip()
        if not colon or not re.fullmatch(r"@?\w+", name):
            raise Trouble(f"{where}: expected 'Class: member member …', found '{line.strip()}'")
        if name in wanted:
            raise Trouble(f"{where}: {name} is listed twice, first at {wanted[name].where}")
        last = wanted[name] = Wanted(name, rest.split(), where)
    return wanted


def read_list(path: pathlib.Path) -> dict[str, Wanted]:
    wanted = read_lines(path)
    for needed in ("Object", "RefCounted"):
        if needed not in wanted:
            raise Trouble(f"{path.name}: {needed} must be listed, every handle leans on it")
    return wanted


def add_list(compiled: dict[str, Wanted], path: pathlib.Path) -> dict[str, Wanted]:
    """The lines of both; each of the library's has its `compiled` part, all of it unless `path` adds some."""
    wanted = {line.name: Wanted(line.name, [], line.where, line) for line in compiled.values()}
    for line in read_lines(path).values():
        if line.name in BUILTINS:
            raise Trouble(
                f"{line.where}: {line.name} is a value and no class: the library has its own C++ for it,"
                " so only classes and enums of @GlobalScope can be added"
            )
        line.compiled = compiled.get(line.name)
        wanted[line.name] = line
    return wanted


BUILTINS = (
    "String StringName NodePath Callable Signal Dictionary Array Vector2 Vector2i Rect2 Rect2i Vector3"
    " Vector3i Transform2D Vector4 Vector4i Plane Quaternion AABB Basis Transform3D Projection Color RID"
    " PackedByteArray PackedInt32Array PackedInt64Array PackedFloat32Array PackedFloat64Array"
    " PackedStringArray PackedVector2Array PackedVector3Array PackedColorArray PackedVector4Array"
).split()
GLOBALS = "@GlobalScope"


def is_class(name: str) -> bool:
    return name != GLOBALS and name not in BUILTINS


def snake(name: str) -> str:
    """RenderingServer -> rendering_server, Node3D -> node_3d, OS -> os, as the engine's files."""
    name = re.sub(r"([a-z])([A-Z0-9])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def snake_builtin(name: str) -> str:
    """PackedInt32Array -> packed_int32_array, as the engine's C functions."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def is_new(line: Wanted) -> bool:
    """Whether the library has not all that the line asks for."""
    return line.compiled is None or bool(line.patterns)


def output_names(wanted: dict[str, Wanted], adds: bool) -> list[str]:
    if adds:
        classes = [line for line in wanted.values() if is_class(line.name)]
        return ["globals.hpp", *(f"{snake(c.name)}.hpp" for c in classes), *(f"{snake(c.name)}.cpp" for c in classes if is_new(c))]
    names = ["globals.hpp", "builtin_methods.hpp", "builtin_methods.cpp"]
    for name in filter(is_class, wanted):
        names += [f"{snake(name)}.hpp", f"{snake(name)}.cpp"]
    return names


# --- The dump ------------------------------------------------------------------------------------


class Api:
    """The dump, indexed by name, and what of it the list asks for."""

    def __init__(self, dump: dict, wanted: dict[str, Wanted], compiled: dict[str, Wanted] | None = None):
        if dump["header"]["precision"] != "single":
            raise Trouble("the engine was built with double precision; the binding knows single only")
        self.version = "{version_major}.{version_minor}.{version_patch}".format(**dump["header"])
        self.dump = dump
        self.wanted = wanted
        self.compiled = compiled  # what a library has, whose functions keep their types
        self.classes = {c["name"]: c for c in dump["classes"]}
        self.builtins = {c["name"]: c for c in dump["builtin_classes"]}
        self.global_enums = {e["name"]: e for e in dump["global_enums"]}
        self.singletons = {s["name"] for s in dump["singletons"]}
        self.used_enums: set[tuple[str, str]] = set()  # (class or "", enum), filled as types are said
        for line in wanted.values():
            known = self.classes if is_class(line.name) else self.builtins
            if line.name != GLOBALS and line.name not in known:
                raise Trouble(f"{line.where}: Godot {self.version} has no class {line.name}")

    def listed(self, is_compiled: bool) -> dict[str, Wanted]:
        """The classes that types of a function may speak of."""
        return self.compiled if is_compiled and self.compiled is not None else self.wanted

    def listed_ancestor(self, name: str, is_compiled: bool = False) -> str:
        while name not in self.listed(is_compiled):
            name = self.classes[name].get("inherits", "Object")
        return name

    def check_all_found(self) -> None:
        for line in self.wanted.values():
            functions = {f["name"] for f in self.dump["utility_functions"]} if line.name == GLOBALS else set()
            for pattern in line.unmatched():
                if pattern in functions:
                    raise Trouble(f"{line.where}: {pattern} is a function of {GLOBALS}; only its enums can be added")
                raise Trouble(f"{line.where}: Godot {self.version} has no member {line.name}.{pattern}")


# --- Types ---------------------------------------------------------------------------------------

MATH = set(
    "Vector2 Vector2i Rect2 Rect2i Vector3 Vector3i Transform2D Vector4 Vector4i Plane Quaternion AABB"
    " Basis Transform3D Projection Color RID".split()
)
HEADER_OF = {name: "math" for name in MATH}
HEADER_OF |= {"String": "string", "StringName": "string", "NodePath": "string"}
HEADER_OF |= {"Array": "containers", "Dictionary": "containers", "Variant": "variant"}
HEADER_OF |= {"Callable": "callable", "Signal": "callable"}
HEADER_OF |= {name: "packed_array" for name in BUILTINS if name.startswith("Packed")}
INTS = {f"{u}int{b}": f"std::{u}int{b}_t" for u in ("", "u") for b in (8, 16, 32, 64)}
INTS |= {"char32": "char32_t", "char16": "char16_t"}
KEYWORDS = set(
    "alignas and asm auto bool break case catch char class concept const continue default delete do double"
    " else enum explicit export extern false float for friend goto if inline int long namespace new not"
    " operator or private protected public register requires return short signed sizeof static struct switch"
    " template this throw true try typedef typename union unsigned using virtual void volatile while".split()
)


@dataclass
class CppType:
    """How one type of the dump is said in C++, and what saying it needs."""

    name: str
    by_value: bool
    binding: str | None = None  # a header of nebula/godot/binding/
    classes: set[str] = field(default_factory=set)  # engine classes, to be declared
    enum: tuple[str, str] | None = None  # (class or "", enum), to be declared

    def parameter(self) -> str:
        return self.name if self.by_value else f"const {self.name}&"


def cpp_enum(owner: str, enum: str) -> str:
    return owner + enum


def say(api: Api, dumped: dict | None, is_return: bool, is_compiled: bool) -> CppType:
    """\\throws LookupError for a type the binding does not speak: pointers to native structures."""
    if dumped is None:
        return CppType("void", True)
    kind, meta = dumped["type"], dumped.get("meta")
    if "*" in kind:
        raise LookupError(kind)
    if kind == "bool":
        return CppType("bool", True)
    if kind == "int":
        return CppType(INTS.get(meta, "std::int64_t"), True)
    if kind == "float":
        return CppType("float" if is_return and meta == "float" else "double", True)
    if kind.startswith(("enum::", "bitfield::")):
        return say_enum(api, kind.split("::")[1], is_compiled)
    if kind.startswith("typedarray::"):
        kind = "Array"
    elif kind.startswith("typeddictionary::"):
        kind = "Dictionary"
    if kind in HEADER_OF:
        return CppType(kind, kind in ("RID",), HEADER_OF[kind])
    if kind not in api.classes:
        raise LookupError(kind)
    listed = api.listed_ancestor(kind, is_compiled)
    if api.classes[kind]["is_refcounted"]:
        return CppType(f"Ref<{listed}>", False, "ref", {listed})
    return CppType(listed, True, None, {listed})


def say_enum(api: Api, dotted: str, is_compiled: bool) -> CppType:
    owner, _, enum = dotted.rpartition(".")
    if owner == "" and enum in api.global_enums:
        key = ("", enum)
    elif owner in api.listed(is_compiled) and is_class(owner):
        key = (owner, enum)
    else:  # of a class that is not listed, or of a builtin type
        return CppType("std::int64_t", True)
    api.used_enums.add(key)
    return CppType(cpp_enum(*key), True, enum=key)


def say_default(cpp: CppType, text: str) -> str:
    """A default value of the dump as a C++ expression of type `cpp`."""
    if cpp.enum is not None:
        return f"static_cast<{cpp.name}>({text})"
    if cpp.name in ("bool", "float", "double") or cpp.name.startswith(("std::", "char")):
        return text
    if text in ("null", "[]", "{}", '""', '&""', 'NodePath("")') or re.search(r"\(\)$|\(\[\]\)$", text):
        return "{}"
    if cpp.name in ("String", "StringName"):
        return f"{cpp.name}({text.lstrip('&')})"
    numbers = re.fullmatch(r"\w+\(([-\d., e]+)\)", text)
    if cpp.name == "Transform3D" and numbers and numbers[1] == "1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0":
        return "{}"  # the identity is what ours starts as
    if cpp.name in ("Vector2", "Vector2i", "Vector3", "Vector3i", "Color") and numbers:
        return f"{cpp.name}{{{numbers[1]}}}"
    if numbers and not re.search("[1-9]", numbers[1]):
        return "{}"  # Rect2(0, 0, 0, 0) and the like
    raise LookupError(f"{cpp.name} = {text}")


def identifier(name: str) -> str:
    return name + "_" if name in KEYWORDS else name


# --- One class -----------------------------------------------------------------------------------


@dataclass
class Method:
    name: str
    dumped: dict
    result: CppType
    arguments: list[tuple[CppType, str, str | None]]  # type, name, default

    @property
    def is_vararg(self) -> bool:
        return self.dumped["is_vararg"]

    @property
    def is_static(self) -> bool:
        return self.dumped["is_static"]

    def parameters(self, with_defaults: bool) -> str:
        parts = []
        for cpp, name, default in self.arguments:
            tail = f" = {default}" if with_defaults and default is not None else ""
            parts.append(f"{cpp.parameter()} {name}{tail}")
        if self.is_vararg:
            parts.append("const VarArgs& rest" + (" = {}" if with_defaults else ""))
        return ", ".join(parts)

    def signature(self) -> str:
        """As a C++ function type, for virtual methods."""
        return f"{self.result.name}({', '.join(cpp.name for cpp, _, _ in self.arguments)})"


def read_method(api: Api, dumped: dict, is_compiled: bool) -> Method:
    arguments = []
    for argument in dumped.get("arguments", []):
        cpp = say(api, argument, False, is_compiled)
        default = argument.get("default_value")
        arguments.append((cpp, identifier(argument["name"]), None if default is None else say_default(cpp, default)))
    return Method(identifier(dumped["name"]), dumped, say(api, dumped.get("return_value"), True, is_compiled), arguments)


class ClassWriter:
    """Prints one class: header() declares, source() calls into the engine."""

    def __init__(self, api: Api, wanted: Wanted):
        self.api, self.name, self.wanted = api, wanted.name, wanted
        self.dumped = api.classes[wanted.name]
        parent = self.dumped.get("inherits")
        self.parent = api.listed_ancestor(parent) if parent else None
        self.methods: list[Method] = []
        self.virtuals: list[Method] = []
        for dumped in self.dumped.get("methods", []):
            if not wanted.takes(dumped["name"]):
                continue
            try:
                method = read_method(api, dumped, wanted.is_compiled(dumped["name"]))
            except LookupError as unspoken:
                if dumped["name"] in wanted.patterns:  # asked for by name: not to be passed over
                    raise Trouble(
                        f"{wanted.where}: {self.name}.{dumped['name']} needs {unspoken}, which the binding does not speak"
                    ) from None
                continue
            (self.virtuals if dumped["is_virtual"] else self.methods).append(method)
        self.constants = [c for c in self.dumped.get("constants", []) if wanted.takes(c["name"])]
        self.signals = self.dumped.get("signals", [])
        for signal in self.signals:
            wanted.takes(signal["name"])
        for enum in self.dumped.get("enums", []):
            if wanted.takes(enum["name"]):
                api.used_enums.add((self.name, enum["name"]))

    def types(self) -> list[CppType]:
        every = self.methods + self.virtuals
        return [m.result for m in every] + [cpp for m in every for cpp, _, _ in m.arguments]

    def used_classes(self) -> list[str]:
        return sorted({c for t in self.types() for c in t.classes} - {self.name, self.parent})

    def header(self) -> str:
        types = self.types()
        binding = {t.binding for t in types if t.binding} | {"string"} | ({"virtual_method"} if self.virtuals else set())
        if any(m.is_vararg for m in self.methods):
            binding.add("variant")
        includes = [f'#include "nebula/godot/binding/{name}.hpp"' for name in sorted(binding)]
        base = "ObjectHandle" if self.parent is None else self.parent
        includes.insert(
            0,
            '#include "nebula/godot/binding/object.hpp"'
            if self.parent is None
            else f'#include "nebula/godot/api/{snake(self.parent)}.hpp"',
        )
        out = [BANNER.format(self.api.version, self.name), "#pragma once", "", *includes, "", "#include <cstdint>", "", OPEN]
        out += [f"class {name};" for name in self.used_classes()]
        foreign = {t.enum for t in types if t.enum and t.enum[0] != self.name}
        out += [f"enum class {cpp_enum(*key)} : std::int64_t;" for key in sorted(foreign)]
        out += [""]
        own = [e for e in self.dumped.get("enums", []) if (self.name, e["name"]) in self.api.used_enums]
        for enum in own:
            out += print_enum(cpp_enum(self.name, enum["name"]), enum, f'{self.name}.{enum["name"]}')
        out += [f"class {self.name} : public {base} {{", "public:"]
        out += [f'    static constexpr const char* kClassName = "{self.name}";', f"    using {base}::{base};", ""]
        for enum in own:
            full = cpp_enum(self.name, enum["name"])
            out += [f"    using {enum['name']} = {full};", f"    using enum {full};"]
        for constant in self.constants:
            kind = "int" if abs(constant["value"]) < 2**31 else "std::int64_t"
            out.append(f"    static constexpr {kind} {constant['name']} = {constant['value']};")
        if self.signals:
            out += ["    struct Signals {"]
            out += [f'        static constexpr const char* {identifier(s["name"])} = "{s["name"]}";' for s in self.signals]
            out += ["    };"]
        if self.virtuals:
            out += ["    struct Virtuals {"]
            for method in self.virtuals:
                dumped = method.dumped
                short = identifier(dumped["name"].lstrip("_"))
                out.append(
                    f"        static constexpr VirtualMethod<{method.signature()}> {short}"
                    f'{{"{dumped["name"]}", {dumped["hash"]}U}};'
                )
            out += ["    };"]
        out += [""]
        if self.name in self.api.singletons:
            out += ["    /// The engine's only one.", f"    static {self.name} singleton();", ""]
        for method in self.methods:
            prefix, suffix = ("static ", "") if method.is_static else ("", " const")
            out.append(f"    {prefix}{method.result.name} {method.name}({method.parameters(True)}){suffix};")
        out += ["};", "", CLOSE]
        return "\n".join(out)

    def source(self) -> str:
        out = [BANNER.format(self.api.version, self.name), f'#include "nebula/godot/api/{snake(self.name)}.hpp"', ""]
        others = [f'#include "nebula/godot/api/{snake(name)}.hpp"' for name in self.used_classes()]
        if any(t.enum and t.enum[0] == "" for t in self.types()):
            others.append('#include "nebula/godot/api/globals.hpp"')
        out += sorted(others) + ['#include "nebula/godot/binding/method_bind.hpp"', "", OPEN]
        if self.name in self.api.singletons and self.wanted.compiled is None:
            out += [
                f"{self.name} {self.name}::singleton() {{",
                f"    static const {self.name} kSingleton(find_singleton(kClassName));",
                "    return kSingleton;",
                "}",
                "",
            ]
        for method in self.methods:
            dumped = method.dumped
            if self.wanted.is_compiled(dumped["name"]):
                continue
            values = [name for _, name, _ in method.arguments]
            if method.is_vararg:
                call = "call_varargs"
                values = [f"{{{', '.join(values)}}}", "rest"]
            else:
                call = "call_static" if method.is_static else "call"
            if not method.is_static:
                values.insert(0, "*this")
            give = "" if method.result.name == "void" else "return "
            out += [
                f"{method.result.name} {self.name}::{method.name}({method.parameters(False)})"
                + ("" if method.is_static else " const")
                + " {",
                f'    static const MethodBind kBind(kClassName, "{dumped["name"]}", {dumped["hash"]});',
                f"    {give}kBind.{call}<{method.result.name}>({', '.join(values)});",
                "}",
                "",
            ]
        out.append(CLOSE)
        return "\n".join(out)


BANNER = (
    "// Written by tools/bindgen from the API of Godot {}; do not edit. {}\n"
    "// NOLINTBEGIN(readability-identifier-naming): the names are the engine's."
)
OPEN = "namespace nebula::godot {\n"
CLOSE = "}  // namespace nebula::godot\n// NOLINTEND(readability-identifier-naming)\n"


def print_enum(name: str, enum: dict, dotted: str) -> list[str]:
    """`dotted` is the engine's own name of it: "Error", "Node.ProcessMode"."""
    out = [f"enum class {name} : std::int64_t {{"]
    out += [f"    {v['name']} = {v['value']}," for v in enum["values"]]
    out += ["};", f'constexpr const char* enum_name({name}) noexcept {{ return "{dotted}"; }}']
    if enum["is_bitfield"]:
        out += [
            f"constexpr {name} operator|({name} a, {name} b) noexcept {{",
            f"    return static_cast<{name}>(static_cast<std::int64_t>(a) | static_cast<std::int64_t>(b));",
            "}",
        ]
    return out + [""]


# --- What belongs to no class --------------------------------------------------------------------


def write_globals(api: Api) -> str:
    wanted = api.wanted.get(GLOBALS)
    for name in api.global_enums:
        if wanted is not None and wanted.takes(name):
            api.used_enums.add(("", name))
    out = [BANNER.format(api.version, GLOBALS), "#pragma once", "", "#include <cstdint>", "", OPEN]
    for name in sorted(e for owner, e in api.used_enums if owner == "" and "." not in e):
        out += print_enum(name, api.global_enums[name], name)
    return "\n".join(out + [CLOSE])


def builtin_entries(api: Api) -> list[tuple[str, str, str, int]]:
    """(field, builtin type or "", method, hash) of every builtin method and function asked for."""
    entries = []
    for line in api.wanted.values():
        if line.name in api.builtins:
            for method in api.builtins[line.name].get("methods", []):
                if line.takes(method["name"]):
                    entries.append((f"{snake_builtin(line.name)}_{method['name']}", line.name, method["name"], method["hash"]))
        elif line.name == GLOBALS:
            for function in api.dump["utility_functions"]:
                if line.takes(function["name"]):
                    entries.append((f"{function['name']}", "", function["name"], function["hash"]))
    return entries


LOAD_BUILTIN_METHODS = """\
const char* load_builtin_methods() {
    for (const Method& each : kMethods) {
        *each.slot = engine.variant_get_ptr_builtin_method(each.type, StringName(each.name).data(), each.hash);
        if (*each.slot == nullptr) return each.name;
    }
    for (const Function& each : kFunctions) {
        *each.slot = engine.variant_get_ptr_utility_function(StringName(each.name).data(), each.hash);
        if (*each.slot == nullptr) return each.name;
    }
    return nullptr;
}"""


def write_builtin_methods(api: Api) -> tuple[str, str]:
    entries = builtin_entries(api)
    sizes = next(s for s in api.dump["builtin_class_sizes"] if s["build_configuration"] == "float_64")
    header = [BANNER.format(api.version, "builtin types"), "#pragma once", "", "#include <gdextension_interface.h>"]
    header += ["", "#include <cstddef>", "", OPEN]
    header += ["/// Methods of builtin types and free functions, resolved once by load_builtin_methods()."]
    header += ["struct BuiltinMethods {"]
    for name, owner, _, _ in entries:
        header.append(f"    {'GDExtensionPtrBuiltInMethod' if owner else 'GDExtensionPtrUtilityFunction'} {name};")
    header += ["};", "extern BuiltinMethods builtin;", ""]
    header += ["/// Null when every one was found, else the name of the first that was not."]
    header += ["const char* load_builtin_methods();", "", "/// Sizes in bytes, 64-bit engine.", "struct SizeOf {"]
    header += [f"    static constexpr std::size_t {s['name']} = {s['size']};" for s in sizes["sizes"] if s["name"][0].isupper()]
    header += ["};", "", CLOSE]
    source = [BANNER.format(api.version, "builtin types"), '#include "nebula/godot/api/builtin_methods.hpp"', ""]
    source += ['#include "nebula/godot/binding/interface.hpp"', '#include "nebula/godot/binding/string.hpp"']
    source += ["", "#include <cstdint>", "", OPEN]
    source += ["BuiltinMethods builtin;", "", "namespace {", ""]
    source += ["struct Method {", "    GDExtensionPtrBuiltInMethod* slot;", "    GDExtensionVariantType type;"]
    source += ["    const char* name;", "    std::int64_t hash;", "};", "const Method kMethods[] = {"]
    for name, owner, method, number in entries:
        if owner:
            kind = f"GDEXTENSION_VARIANT_TYPE_{snake_builtin(owner).upper()}"
            source.append(f'    {{&builtin.{name}, {kind}, "{method}", {number}}},')
    source += ["};", "", "struct Function {", "    GDExtensionPtrUtilityFunction* slot;"]
    source += ["    const char* name;", "    std::int64_t hash;", "};", "const Function kFunctions[] = {"]
    source += [f'    {{&builtin.{name}, "{name}", {number}}},' for name, owner, _, number in entries if not owner]
    source += ["};", "", "}  // namespace", "", LOAD_BUILTIN_METHODS, "", CLOSE]
    return "\n".join(header), "\n".join(source)


# --- Files ---------------------------------------------------------------------------------------


def generate(api: Api) -> dict[str, str]:
    writers = [ClassWriter(api, line) for line in api.wanted.values() if is_class(line.name)]
    # Nothing is printed before every class was read: only then are the enums in use known.
    files = {"globals.hpp": write_globals(api)}
    if api.compiled is None:
        files["builtin_methods.hpp"], files["builtin_methods.cpp"] = write_builtin_methods(api)
    api.check_all_found()
    for writer in writers:
        files[f"{snake(writer.name)}.hpp"] = writer.header()
        if api.compiled is None or is_new(writer.wanted):
            files[f"{snake(writer.name)}.cpp"] = writer.source()
    return files


def write_changed(folder: pathlib.Path, files: dict[str, str]) -> None:
    """Leaves a file alone whose text is the same, so that a rebuild compiles only what changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write typed C++ for the engine classes a list names.")
    parser.add_argument("--api", type=pathlib.Path)
    parser.add_argument("--classes", required=True, type=pathlib.Path)
    parser.add_argument("--more", type=pathlib.Path, help="a list that adds to --classes, from which a library was compiled")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--list-outputs", action="store_true", help="print the files it would write, and stop")
    arguments = parser.parse_args()
    try:
        wanted, compiled = read_list(arguments.classes), None
        if arguments.more:
            wanted, compiled = add_list(wanted, arguments.more), wanted
        if arguments.list_outputs:
            print(";".join(str(arguments.out / name) for name in output_names(wanted, compiled is not None)))
            return
        api = Api(json.loads(arguments.api.read_text(encoding="utf-8")), wanted, compiled)
        write_changed(arguments.out, generate(api))
    except (Trouble, OSError) as trouble:
        sys.exit(f"bindgen: {trouble}")


if __name__ == "__main__":
    main()
