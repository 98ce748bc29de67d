#!/usr/bin/env bash
# Looks for bytes that break a target of crates/xtrace-fuzz, for some time: scripts/fuzz.sh <target> <seconds>
# Needs a C++ compiler and the stable toolchain: the compiler's own pass counts edges, no sanitizer is used.
# What is found lies in fuzz/artifacts/<target>; the corpus is kept in fuzz/corpus/<target>, as few inputs as reach
# what all that were tried have reached. With `build` instead of a target it only compiles.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly target="${1:?usage: fuzz.sh <target>|build [seconds]}" seconds="${2:-60}"
readonly output="${CARGO_TARGET_DIR:-target}/fuzz"

host="$(rustc -vV | sed -n 's/^host: //p')"
readonly host
coverage="--cfg fuzzing -Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    coverage="$coverage -Cllvm-args=-sanitizer-coverage-$option"
done
# Named for the host, so that build scripts and macros are not instrumented.
RUSTFLAGS="$coverage" CARGO_TARGET_DIR="$output" \
    cargo build --locked --manifest-path fuzz/Cargo.toml --release --target "$host"
if [ "$target" = build ]; then exit; fi

readonly program="$output/$host/release/$target" corpus="fuzz/corpus/$target" artifacts="fuzz/artifacts/$target"
[ -x "$program" ] || { echo "fuzz: there is no target $target in fuzz/fuzz_targets" >&2; exit 1; }
# What is new while it runs goes into a folder of its own; the corpus changes only when all went well.
grown="$output/corpus/$target"
mkdir -p "$corpus" "$grown" "$artifacts"
dictionary=json
if [ "$target" = queries ]; then dictionary=queries; fi
"$program" "$grown" "$corpus" -dict="fuzz/dictionaries/$dictionary.dict" -artifact_prefix="$artifacts/" \
    -max_total_time="$seconds" -max_len=16384 -len_control=20 -timeout=60 -rss_limit_mb=2048 -print_final_stats=1

# Small inputs first, so what is kept is small.
smallest="$(mktemp -d)"
trap 'rm -rf "$smallest"' EXIT
"$program" -merge=1 -max_len=4096 "$smallest" "$corpus" "$grown"
rm -rf "$corpus"
mkdir "$corpus"
cp "$smallest"/* "$corpus"/
echo "fuzz: $target has $(find "$corpus" -type f | wc -l) inputs, $(du -sh "$corpus" | cut -f1)"
