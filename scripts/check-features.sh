#!/usr/bin/env bash
# Fails when cargo would compile the dependencies twice, which costs ten minutes on two cores: when a
# dev-dependency adds a feature to a crate that the binaries use (a forgotten `default-features =
# false`), or when make builds one crate without the rest of the workspace, which gives its
# dependencies fewer features.
set -euo pipefail
cd "$(dirname "$0")/.."

alone=$(awk '/^\t/ { line = line $0; if (/\\$/) next; print line; line = "" }' Makefile |
	grep -- '--profile $(PROFILE)' | grep -v -e '--workspace' -e 'CARGO_TARGET_DIR=' || true)
if [ -n "$alone" ]; then
	printf 'check-features: error: without --workspace these compile dependencies once more:\n%s\n' "$alone" >&2
	exit 1
fi

# Without dependencies of build scripts: cargo resolves their features separately, but `cargo tree`
# mixes them with the others.
features() {
	cargo tree --workspace --locked --edges "$1" --prefix none --format '{p}|{f}' |
		sed 's/ (\*)$//' | sort -u
}

binaries=$(features normal)
tests=$(features normal,dev)
# Crates of the binaries whose features differ in the tests.
changed=$(comm -23 <(printf '%s\n' "$binaries") <(printf '%s\n' "$tests"))
if [ -n "$changed" ]; then
	printf 'check-features: error: a dev-dependency changes the features of these crates:\n' >&2
	while IFS='|' read -r crate before; do
		after=$(printf '%s\n' "$tests" | awk -F'|' -v crate="$crate" '$1 == crate { print $2; exit }')
		printf '  %s\n    binaries: %s\n    tests:    %s\n' "$crate" "$before" "$after" >&2
	done <<<"$changed"
	printf 'Give the dev-dependency default-features = false, or the feature to the dependency too.\n' >&2
	exit 1
fi
printf 'check-features: %s crates have the same features in binaries and tests\n' \
	"$(printf '%s\n' "$binaries" | wc -l)"
