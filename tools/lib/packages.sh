# SPDX-License-Identifier: MIT
# Installs the Debian packages that a verb needs. If none is missing, nothing here uses apt, sudo or
# the network.
# shellcheck shell=bash

# need_packages GROUP...: installs the missing packages of these groups of tools/packages.txt.
need_packages() {
    need_debian /etc/os-release
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# need_debian OS_RELEASE: ends in one sentence unless this is Debian 12 or newer with apt.
need_debian() {
    local id='' version='' name=''
    if [[ -r $1 ]]; then
        id=$(. "$1"; printf %s "${ID:-}")
        version=$(. "$1"; printf %s "${VERSION_ID:-}")
        name=$(. "$1"; printf %s "${PRETTY_NAME:-${ID:-}}")
    fi
    # Debian's testing and unstable carry no VERSION_ID; they are newer than any that does.
    [[ $id == debian && ${version:-99} =~ ^[0-9]+$ && ${version:-99} -ge 12 ]] ||
        die "this system is ${name:-unknown}, and ./run can install its packages on Debian 12 or newer only; use such a system, or a container with one"
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
        die "this system has no apt-get or no dpkg-query, and ./run needs both to install packages; use a Debian 12 that has them"
}

# missing_packages GROUP...: prints the packages of these groups that are not installed.
missing_packages() {
    local wanted
    wanted=$(awk -v groups=" $* " '$1 !~ /^#/ && index(groups, " " $1 " ") { print $2 }' \
        "$NEBULA_ROOT/tools/packages.txt")
    # dpkg-query fails if it does not know a name, but still prints the others.
    # shellcheck disable=SC2086,SC2016  # one argument a package; dpkg-query's own variables
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true; } |
        awk -v wanted="$wanted" '
            $1 == "installed" { have[$2] = 1 }
            END { n = split(wanted, names); for (i = 1; i <= n; i++) if (!(names[i] in have)) print names[i] }'
}

# install_packages PACKAGE...: as root or through sudo. Each kind of failure has its own sentence.
install_packages() {
    local count=$# as_root=() log
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "installing packages needs root and there is no sudo here; run as root: apt-get update && apt-get install --no-install-recommends $*"
        # Without a terminal nobody can type a password, so sudo must not ask for one.
        sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; } ||
            die "installing packages needs root and sudo refuses; run as root: apt-get update && apt-get install --no-install-recommends $*"
        as_root=(sudo)
    fi
    make_log_folder
    log=$(log_path install)
    need_space /usr 1500 "installing packages"

    step "$log" "Installing $count $( ((count == 1)) && echo package || echo packages) (first run only)" \
        apt_update_and_install "$@" && return
    if offline "$log"; then
        die "the package archive cannot be reached, so $count missing packages were not installed; connect to the network and run this again (${log#"$NEBULA_ROOT"/})"
    fi
    local unknown
    unknown=$(sed -nE 's/^E: (Unable to locate package |Package .)([a-z0-9.+-]+).*/\2/p' "$log" | paste -sd ' ')
    [[ -z $unknown ]] ||
        die "the package sources of this system do not contain $unknown; use Debian 12 with its main archive enabled"
    die "apt-get could not install the missing packages; ${log#"$NEBULA_ROOT"/} says why"
}

apt_update_and_install() {
    # A third party's source that cannot be reached must not stop us; the install will tell.
    "${as_root[@]}" apt-get -q update || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install "$@"
}
