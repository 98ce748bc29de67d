#!/usr/bin/env bash
# Runs all tests of the workspace and closes with one summary: how many passed and failed, which ones, how long.
# Arguments go to `cargo test`: scripts/test.sh --package xtrace-model
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly started=$SECONDS
log="$(mktemp)"
trap 'rm -f "$log"' EXIT

# Without --no-fail-fast the first failing crate would hide what the others have to say.
status=0
if [ $# -eq 0 ]; then set -- --workspace; fi
cargo test --locked --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?

echo
echo "---- summary ----"
awk '
    /^test .* \.\.\. FAILED$/ { failed_names[++names] = $2 }
    /^test result: / {
        suites++
        for (i = 1; i <= NF; i++) {
            if ($i ~ /^passed/) passed += $(i - 1)
            if ($i ~ /^failed/) failed += $(i - 1)
        }
    }
    END {
        for (i = 1; i <= names; i++) print "FAILED " failed_names[i]
        printf "%d passed, %d failed in %d suites\n", passed, failed, suites
    }
' "$log"
if [ "$status" -eq 0 ]; then echo "all tests passed in $((SECONDS - started)) s"; else
    echo "tests FAILED after $((SECONDS - started)) s (cargo exit code $status)"
fi
exit "$status"
