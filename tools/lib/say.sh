# SPDX-License-Identifier: MIT
# How all scripts here report: one line per step, one sentence for a failure, the rest in a log.
# shellcheck shell=bash

# Where progress goes; a caller that captures standard output opens 4 beforehand (run does).
{ : >&4; } 2>/dev/null || exec 4>&2

# die SENTENCE: what was wrong, where, and what to do. Ends with 1.
die() {
    printf 'nebula: %s\n' "$*" >&2
    exit 1
}

# The same for what the caller typed. Ends with 2.
die_usage() {
    printf 'nebula: %s\n' "$*" >&2
    exit 2
}

say() { printf '%s\n' "$*" >&4; }

# step LOG TEXT COMMAND...: runs COMMAND with everything it prints in LOG, shows "TEXT ... 12 s",
# returns what COMMAND returned. A failure does not end the script: the caller knows what to say. A
# function as COMMAND must join its lines with &&, because set -e is off while a status is tested.
step() {
    local log=$1 text=$2 start=$SECONDS status=0
    shift 2
    printf '%s ... ' "$text" >&4
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then
        printf '%d s\n' $((SECONDS - start)) >&4
    else
        printf 'failed after %d s\n' $((SECONDS - start)) >&4
    fi
    return "$status"
}

# Makes the folder of logs. Every sentence that names a log means a file in it.
make_log_folder() {
    mkdir -p "$NEBULA_ROOT/build/log" 2>/dev/null && [[ -w $NEBULA_ROOT/build/log ]] ||
        die "cannot write to $NEBULA_ROOT/build; make it a writable folder"
}

# The path of the log NAME for opening; ${path#"$NEBULA_ROOT"/} is the form to print.
log_path() { printf '%s/build/log/%s.log' "$NEBULA_ROOT" "$1"; }

# need_space DIRECTORY MEGABYTES PURPOSE: ends in one sentence when the file system that holds
# DIRECTORY (or will) has less free.
need_space() {
    local directory=$1 megabytes=$2 purpose=$3 free
    while [[ ! -e $directory ]]; do directory=$(dirname -- "$directory"); done
    free=$(df -Pm -- "$directory" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [[ $free =~ ^[0-9]+$ ]] || return 0  # the file system does not tell: try, and see
    ((free >= megabytes)) ||
        die "$purpose needs about $megabytes MB and $directory has $free MB free; make room there"
}

# offline LOG: whether the apt run that LOG shows failed because there was no network.
offline() {
    grep -qE 'Could not (resolve|connect)|Temporary failure|Unable to connect|Connection (failed|timed out|refused)|Network is unreachable|No route to host|Failed to fetch' "$1"
}
