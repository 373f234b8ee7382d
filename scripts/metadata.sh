#!/usr/bin/env bash
# Writes or checks client/metadata.scale: the metadata of the runtime. No binary reads it: the tests
# of the client check against it, without a node, that the runtime offers what clients use.
#
# Usage: scripts/metadata.sh PROGRAM [--check]
#   PROGRAM    the built example `metadata` of the runtime
#   --check    write nothing; fail if the committed file differs
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
committed=client/metadata.scale

if [ "${2:-}" != --check ]; then
	"$program" "$committed"
	exit
fi

fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
"$program" "$fresh" >/dev/null
if ! cmp -s "$fresh" "$committed"; then
	printf 'metadata: error: %s is not the metadata of this runtime: run `make metadata` and commit it\n' \
		"$committed" >&2
	exit 1
fi
printf 'metadata: %s is up to date\n' "$committed"
