# SPDX-License-Identifier: MIT
# ./run build [PRESET]
# shellcheck shell=bash

verb_build() {
    local preset=${1:-dev} presets
    presets=$(preset_names)
    (($# <= 1)) || die_usage "./run build takes one preset and got $#; the presets are $presets"
    [[ " $presets " == *" $preset "* ]] || die_usage "there is no preset \"$preset\"; the presets are $presets"
    need_packages build test
    case $preset in
        dev | release) build_with_engine "$preset" all ;;
        *) build_preset "$preset" all ;;
    esac
}
