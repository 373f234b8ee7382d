#!/usr/bin/env bash
# Runs one step of make and prints its result and duration: scripts/step.sh NAME COMMAND [ARGUMENT...]
# Exits with the command's exit code.
set -uo pipefail
name=$1
shift
printf '==> %s\n' "$name"
start=$SECONDS
"$@"
code=$?
if [ "$code" -eq 0 ]; then
	printf '==> %s: ok in %d s\n' "$name" "$((SECONDS - start))"
else
	printf '==> %s: FAILED (exit code %d) after %d s\n' "$name" "$code" "$((SECONDS - start))" >&2
fi
exit "$code"
