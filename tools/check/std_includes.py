#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds the standard headers that a file uses and does not include.

    std_includes.py [ROOT]     prints each; exit status 1 if there is one

Every preset precompiles these headers (nebula_precompile in cmake/nebula_target.cmake), so the compiler
does not notice. A source may rely on what the header of its own name includes (x.hpp for x_windows.cpp,
too), and on nothing else.
"""
import pathlib
import re
import sys

SOURCE_FOLDERS = ("nebula", "tests", "bench", "examples", "tools")
SUFFIXES = (".hpp", ".cpp")

# What the headers declare, as regular expressions for what follows "std::".
DECLARES = {
    "algorithm": r"(ranges::)?(all_of|any_of|binary_search|clamp|copy|copy_n|copy_if|count|count_if|equal|fill|fill_n|find|"
    r"find_if|find_if_not|for_each|generate|includes|is_sorted|lower_bound|max|max_element|min|min_element|minmax|"
    r"minmax_element|none_of|nth_element|partition|remove|remove_if|replace|reverse|rotate|set_difference|shuffle|"
    r"sort|stable_sort|swap_ranges|transform|unique|upper_bound)",
    "array": r"array|to_array",
    "atomic": r"atomic\w*|memory_order\w*",
    "chrono": r"chrono\w*",
    "cmath": r"(abs|ceil|copysign|cos|exp|floor|fmax|fmin|frexp|hypot|isfinite|isinf|isnan|ldexp|lerp|llround|log2?|lround|"
    r"nan|pow|round|sin|sqrt|tan|trunc)",
    "coroutine": r"coroutine_\w+|suspend_\w+|noop_coroutine",
    "cstddef": r"byte|max_align_t|nullptr_t|ptrdiff_t|size_t|to_integer",
    "cstdint": r"u?int(8|16|32|64|ptr|max)_t",
    "exception": r"current_exception|exception|exception_ptr|make_exception_ptr|rethrow_exception|terminate|uncaught_exceptions",
    "functional": r"function|invoke|invoke_r|less|less_equal|greater|plus|reference_wrapper|c?ref|move_only_function",
    "latch": r"latch",
    "limits": r"numeric_limits",
    "memory": r"addressof|allocator|construct_at|destroy_at|destroy_n|enable_shared_from_this|make_shared|make_unique\w*|"
    r"shared_ptr|uninitialized_\w+|unique_ptr|weak_ptr",
    "mutex": r"lock_guard|mutex|once_flag|call_once|recursive_mutex|scoped_lock|unique_lock",
    "optional": r"optional|nullopt|nullopt_t",
    "random": r"minstd_rand|mt19937\w*|\w+_distribution|random_device",
    "set": r"(multi)?set",
    "span": r"span|as_bytes|as_writable_bytes",
    "stdexcept": r"(invalid_argument|length_error|logic_error|out_of_range|overflow_error|range_error|runtime_error)",
    "string": r"string|to_string|getline|stoi|stol|stoull|stod",
    "string_view": r"string_view",
    "thread": r"j?thread|this_thread",
    "type_traits": r"(add|remove)_\w+|is_\w+_v|make_(un)?signed_t|common_type_t|conditional_t|decay_t|enable_if_t|false_type|integral_constant|"
    r"invoke_result_t|true_type|type_identity\w*|underlying_type_t|void_t",
    "utility": r"as_const|cmp_\w+|declval|exchange|forward|in_place\w*|in_range|index_sequence\w*|make_index_sequence|move|"
    r"pair|swap|unreachable",
    "vector": r"vector",
}  # fmt: skip
# Names that further headers declare, too.
ALSO = {
    "abs": {"cstdlib"},
    "exception": {"stdexcept"},
    "in_place_index": {"variant"},
    "in_place_type": {"variant"},
    "move": {"algorithm"},
    "pair": {"map", "unordered_map"},
    "remove": {"cstdio"},
    "size_t": {"cstdio", "cstdlib", "cstring", "ctime"},
}
MATCH = [(header, re.compile(pattern)) for header, pattern in DECLARES.items()]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.DOTALL)
USE = re.compile(r"\bstd::((?:ranges::)?\w+)")


def header_of(name):
    """The header that declares std::name, or None when no precompiled one does."""
    return next((header for header, pattern in MATCH if pattern.fullmatch(name)), None)


def includes_of(text):
    return set(INCLUDE.findall(text))


def missing(file, text):
    """{header: line of the first use} of what the file uses and does not include."""
    included = includes_of(text)
    own = file.with_name(re.sub(r"_(linux|macos|posix|windows)$", "", file.stem) + ".hpp")
    if own != file and own.is_file():
        included |= includes_of(own.read_text(encoding="utf-8"))
    code = NOT_CODE.sub(lambda match: "\n" * match.group().count("\n"), text)
    found = {}
    for use in USE.finditer(code):
        name = use.group(1)
        header = header_of(name)
        if header and header not in included and not ALSO.get(name, set()) & included:
            found.setdefault(header, (code.count("\n", 0, use.start()) + 1, name))
    return found


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2]).resolve()
    wrong = 0
    for file in sorted(path for folder in SOURCE_FOLDERS for path in (root / folder).rglob("*")):
        if file.suffix not in SUFFIXES or not file.is_file():
            continue
        for header, (line, name) in sorted(missing(file, file.read_text(encoding="utf-8")).items()):
            print(f"{file.relative_to(root)}:{line}: uses std::{name} without #include <{header}>")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
