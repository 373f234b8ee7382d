#!/usr/bin/env bash
# Writes or checks miner/metadata.scale: the runtime's metadata, which clients are compiled with.
#
# Usage: scripts/metadata.sh PROGRAM [--check]
#   PROGRAM    the built example `metadata` of the runtime
#   --check    write nothing; fail if the committed file differs
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
committed=miner/metadata.scale

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
