# SPDX-License-Identifier: MIT
# An apt of our own, below the folder $apt, for what the system's does not offer: packages of another
# suite, and sources. Root is not needed.
# shellcheck shell=bash

# An apt that knows the system's proxy, keys and settings, and writes under $apt only.
make_private_apt() {
    mkdir -p "$apt/cache/archives/partial" "$apt/etc/none.d"
    : >"$apt/status"
    # The system's hooks clean caches and refresh catalogues: not ours to run.
    cat >"$apt/conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}

# Where this system's Debian archive is: apt's own answer, so mirrors, options and new file formats
# of its sources are all understood. Updates and security come from other labels or the same place.
archive_uri() {
    # shellcheck disable=SC2016  # apt's variables, not the shell's
    apt-get -c "$apt/conf" "$@" indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# use_suite SUITE [deb-src]: brings in the suite's lists of packages, or of their sources, and sets
# $options for an apt-get that reads them.
use_suite() {
    local suite=$1 kind=${2:-deb} uri system_lists=''
    eval "$(apt-config shell system_lists Dir::State::lists/d)"
    uri=$(archive_uri -o Dir::State::lists="$system_lists")
    if [[ ! $uri ]]; then
        # Nobody has run apt-get update on this system yet; do that into a copy of our own.
        mkdir -p "$apt/system-lists/partial" &&
            apt-get -q -c "$apt/conf" -o Dir::State::lists="$apt/system-lists" update || return 1
        uri=$(archive_uri -o Dir::State::lists="$apt/system-lists")
    fi
    if [[ ! $uri ]]; then
        echo "apt's sources name no Debian archive that answers"
        return 1
    fi
    # The other suite's lists would offer packages that do not fit together.
    rm -rf "$apt/lists" "$apt"/cache/*.bin
    mkdir -p "$apt/lists/partial"
    printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$kind" "$uri" "$suite" >"$apt/etc/sources.list"
    options=(
        -q -c "$apt/conf"
        -o Dir::State::lists="$apt/lists"
        -o Dir::Etc::sourcelist="$apt/etc/sources.list"
        -o Dir::Etc::sourceparts="$apt/etc/none.d"
        -o Dir::Etc::preferences="$apt/etc/none"
        -o Dir::Etc::preferencesparts="$apt/etc/none.d"
        -o APT::Update::Error-Mode=any
        -o APT::Install-Recommends=false
    )
    apt-get "${options[@]}" update
}
