#!/usr/bin/env bash
# Makes sure that this machine has what it takes:
#   build  a C compiler, curl, Rust of the version in Cargo.toml, DuckDB's library
#   check  the same, and clippy and rustfmt
#   test   as build, PostgreSQL's server programs (the tests start a private server with them), and the right to mount
#          a small disk in a namespace
#   fuzz   a C++ compiler and Rust; no library of DuckDB
#   profile  as build, PostgreSQL's server programs, and perf, which is named but not installed: it belongs to the kernel
# On Debian and Ubuntu what is missing is installed with apt-get, as root or through sudo, after saying so; Rust
# comes with rustup into the home folder. Elsewhere it says what to install and stops. When all is there it does
# nothing and needs no network.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root
readonly postgres_min=14
# Where rustup puts cargo, also when the shell has not been told yet.
export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"

say() { echo "prepare: $*" >&2; }

die() {
    say "$*"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages, or says which ones are missing. `$1` is what they are for.
apt_install() {
    local purpose="$1" become=()
    shift
    has apt-get || die "$purpose is missing; install it (on Debian the packages are: $*)"
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || die "$purpose is missing; as root: apt-get install $*"
        become=(sudo)
    fi
    say "$purpose is missing: installing with apt-get: $*"
    "${become[@]}" apt-get update -q >&2
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}

need_c_compiler() {
    # Some crates carry C and assembly (TLS, compression, the allocator), and rustc links through cc.
    has cc || apt_install "a C compiler" gcc libc6-dev
}

# The version in `rust-version`, and whether the version in $1 is at least the one in $2.
rust_wanted() { sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$root/Cargo.toml"; }
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

install_rust() {
    say "Rust is missing: installing the stable toolchain with rustup into ${CARGO_HOME:-$HOME/.cargo}"
    if ! has rustup && has apt-cache && [ -n "$(apt-cache search --names-only '^rustup$')" ]; then
        apt_install "rustup" rustup ca-certificates
    fi
    if has rustup; then
        rustup toolchain install stable --profile minimal --component clippy,rustfmt >&2
        rustup default stable >&2
        return
    fi
    curl --proto '=https' --tlsv1.2 --fail --silent --show-error https://static.rust-lang.org/rustup/rustup-init.sh \
        | sh -s -- -y --no-modify-path --profile minimal --component clippy --component rustfmt >&2
}

need_cxx_compiler() {
    # libFuzzer is C++.
    has c++ || apt_install "a C++ compiler" g++
}

need_curl() {
    # The README's and the banner's first requests are curl commands.
    has curl || apt_install "curl" curl ca-certificates
}

need_rust() {
    local wanted found
    wanted="$(rust_wanted)"
    has cargo || install_rust
    found="$(cargo --version | cut -d' ' -f2)" || die "cargo does not run; try: rustup default stable"
    at_least "$found" "$wanted" \
        || die "Rust $wanted or newer is needed and cargo is $found; run: rustup update stable && rustup default stable"
}

need_rust_components() {
    if cargo fmt --version >/dev/null 2>&1 && has clippy-driver && clippy-driver --version >/dev/null 2>&1; then
        return
    fi
    has rustup || die "clippy and rustfmt are missing; install the ones that belong to your Rust"
    rustup component add clippy rustfmt >&2
}

need_duckdb() {
    # Whoever brings a library, or npm's settings, needs no npm; without either, npm knows where to fetch from.
    [ -z "${DUCKDB_LIB_DIR:-}" ] || return 0
    if "$root/scripts/fetch-duckdb.sh" --check; then return; fi
    if ! has npm; then
        "$root/scripts/fetch-duckdb.sh" --has-registry || apt_install "npm" npm ca-certificates
    fi
    "$root/scripts/fetch-duckdb.sh"
}

has_postgres() {
    local folder version
    for folder in /usr/lib/postgresql/*/bin; do
        version="$(basename "$(dirname "$folder")")"
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ "$version" -ge "$postgres_min" ] && return
    done
    has initdb && has postgres
}

need_postgres() {
    has_postgres && return
    # Without this the package creates and starts a server of its own, which nobody asked for.
    local become=() setting=/etc/postgresql-common/createcluster.d/xtrace-no-main-cluster.conf
    if [ "$(id -u)" -ne 0 ] && has sudo; then become=(sudo); fi
    if has apt-get && { [ "$(id -u)" -eq 0 ] || has sudo; } && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        "${become[@]}" mkdir -p "$(dirname "$setting")"
        echo "create_main_cluster = false" | "${become[@]}" tee "$setting" >/dev/null
    fi
    apt_install "PostgreSQL's server" postgresql
    "${become[@]}" rm -f "$setting"
    has_postgres || die "the installed PostgreSQL is older than $postgres_min; install a newer one"
}

# Tests of a full disk mount a small one in a namespace of their own. Without root that takes a user namespace, which
# Ubuntu 24.04 and newer refuse to programs without a profile; whether to allow it is not ours to decide.
need_namespaces() {
    local user=()
    has unshare && has setpriv || apt_install "unshare (for the tests of a full disk)" util-linux
    if [ "$(id -u)" -ne 0 ]; then user=(--map-root-user); fi
    unshare --mount "${user[@]}" mount -t tmpfs tmpfs /mnt 2>/dev/null && return
    if [ "$(id -u)" -eq 0 ]; then
        die "the tests of a full disk must mount a small disk in a namespace, which this machine refuses; in a container, \
run it with --privileged"
    fi
    die "the tests of a full disk must mount a small disk in a namespace, which this machine refuses; run make test as \
root, or allow it until the next start: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
}

need_perf() {
    perf --version >/dev/null 2>&1 && return
    die "perf is missing or does not fit the kernel; on Debian: apt-get install linux-perf, on Ubuntu: \
apt-get install linux-tools-generic linux-tools-\$(uname -r)"
}

# Line by line rather than joined by `&&`, which would switch off `set -e` inside the functions.
case "${1:-}" in
    build | check | test | profile)
        if [ "$1" = profile ]; then need_perf; fi
        need_c_compiler
        need_curl
        need_rust
        if [ "$1" = check ]; then need_rust_components; fi
        need_duckdb
        if [ "$1" = test ]; then
            need_postgres
            need_namespaces
        fi
        if [ "$1" = profile ]; then need_postgres; fi
        ;;
    fuzz)
        need_c_compiler
        need_cxx_compiler
        need_rust
        ;;
    *) die "usage: prepare.sh build|check|test|profile|fuzz" ;;
esac
