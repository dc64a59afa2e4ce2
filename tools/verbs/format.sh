# SPDX-License-Identifier: MIT
# ./run format
# shellcheck shell=bash

verb_format() {
    (($# == 0)) || die_usage "./run format takes no arguments and got \"$1\""
    need_packages format
    (cd "$NEBULA_ROOT" && cpp_files | xargs -0 -r clang-format-16 -i --style=file) ||
        die "clang-format could not rewrite the sources in $NEBULA_ROOT"
}
