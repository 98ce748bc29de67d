#!/usr/bin/env bash
# Fetches DuckDB's prebuilt library, which the embedded engine links against (compiling DuckDB from source
# takes about 50 core-minutes). It is kept once per user and version in the cache folder; `.duckdb` in the
# checkout is a link to it. Does nothing when the library is already there.
#
# The library comes from the npm package that DuckDB publishes. What was recorded below is checked; on other
# platforms npm's own integrity check is the only one.
#
# --check         only tells by its exit code whether the library is there
# --has-registry  only tells whether it could be fetched without npm, by npm's settings
set -euo pipefail

# The DuckDB version must be the one of the `duckdb` crate in Cargo.toml (=1.10506.1 is DuckDB 1.5.6).
readonly version="1.5.6-r.1"

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root

die() {
    echo "fetch-duckdb: $*" >&2
    exit 1
}

# Sets `platform`, `library` and `sha256` (of the library file; empty where it is not recorded).
detect_platform() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64)
            platform="linux-x64" library="libduckdb.so"
            sha256="3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633" ;;
        Linux-aarch64 | Linux-arm64) platform="linux-arm64" library="libduckdb.so" sha256="" ;;
        Darwin-arm64) platform="darwin-arm64" library="libduckdb.dylib" sha256="" ;;
        Darwin-x86_64) platform="darwin-x64" library="libduckdb.dylib" sha256="" ;;
        *) die "no prebuilt library for $(uname -s) $(uname -m); compile DuckDB in: cargo build --features bundled" ;;
    esac
}

sha256_of() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# Whether the file is there and is what was recorded.
is_right() {
    [ -f "$1" ] && { [ -z "$sha256" ] || [ "$(sha256_of "$1")" = "$sha256" ]; }
}

# Where npm would fetch from, for machines without npm: its environment variables, then the user's npmrc.
configured_registry() {
    local from_env="${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}"
    if [ -n "$from_env" ]; then
        echo "$from_env"
    elif [ -f "$HOME/.npmrc" ]; then
        sed -n 's/^registry *= *//p' "$HOME/.npmrc" | tail -n 1
    fi
}

# Leaves the package as package.tgz in the current folder.
download() {
    local name="node-bindings-$platform" registry
    if command -v npm >/dev/null; then
        npm pack --silent "@duckdb/$name@$version" >/dev/null || die "npm could not fetch @duckdb/$name $version"
        mv ./*"$name-$version.tgz" package.tgz
        return
    fi
    registry="$(configured_registry)"
    [ -n "$registry" ] || die "npm is needed to fetch the library: install npm (apt-get install npm), or put \
libduckdb 1.5.6 anywhere and set DUCKDB_LIB_DIR to that folder"
    curl --fail --silent --show-error --location --retry 3 \
        --output package.tgz "${registry%/}/@duckdb/$name/-/$name-$version.tgz" \
        || die "could not fetch @duckdb/$name $version from the configured registry"
}

# Fetches into a temporary folder of the same file system and renames, so that nobody sees half a library.
fetch_into() {
    local cache="$1"
    echo "fetching DuckDB's library ($platform, $version, about 24 MB) into $cache"
    mkdir -p "$cache"
    scratch="$(mktemp -d "$cache/.fetch.XXXXXX")"
    trap 'rm -rf "$scratch"' EXIT
    (cd "$scratch" && download && tar -xzf package.tgz "package/$library" package/LICENSE)
    is_right "$scratch/package/$library" \
        || die "the fetched $library has sha256 $(sha256_of "$scratch/package/$library"), expected $sha256"
    chmod 644 "$scratch/package/$library"
    mv "$scratch/package/LICENSE" "$cache/LICENSE.duckdb"
    mv "$scratch/package/$library" "$cache/$library"
}

# A folder of that name may only be something made by hand; it is not ours to delete.
link_checkout() {
    if [ -e "$root/.duckdb" ] && [ ! -L "$root/.duckdb" ]; then
        is_right "$root/.duckdb/$library" || die "$root/.duckdb has no usable $library; remove it and try again"
    else
        ln -sfn "$1" "$root/.duckdb"
    fi
}

detect_platform
cache="${XDG_CACHE_HOME:-$HOME/.cache}/xtrace/duckdb/$version-$platform"
case "${1:-}" in
    --check) is_right "$root/.duckdb/$library" ;;
    --has-registry) [ -n "$(configured_registry)" ] ;;
    "")
        is_right "$cache/$library" || fetch_into "$cache"
        link_checkout "$cache"
        ;;
    *) die "unknown argument $1" ;;
esac
