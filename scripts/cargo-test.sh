#!/usr/bin/env bash
# Runs `cargo test` with these arguments, and fails if no test ran: cargo passes when a filter matches
# none, so that a renamed test would never be missed.
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$(dirname "$0")/cargo.sh" test "$@" 2>&1 | tee "$log"
grep -Eq '^test result: ok\. [1-9]' "$log" || {
	printf 'cargo-test: error: no test ran: cargo test %s\n' "$*" >&2
	exit 1
}
