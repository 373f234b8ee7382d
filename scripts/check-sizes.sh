#!/usr/bin/env bash
# Fails when a Rust file has more than 500 lines, without tests and generated weights.
set -euo pipefail
cd "$(dirname "$0")/.."
limit=500

failed=0 count=0
while read -r file; do
	count=$((count + 1))
	lines=$(wc -l <"$file")
	if [ "$lines" -gt "$limit" ]; then
		printf 'check-sizes: error: %s has %d lines, more than %d: split it\n' "$file" "$lines" "$limit" >&2
		failed=1
	fi
done < <(git ls-files --cached --others --exclude-standard -- '*.rs' ':!runtime/src/weights/*' \
	':!*/tests/*' ':!*/tests.rs' ':!*/mock.rs' | while read -r file; do [ -e "$file" ] && printf '%s\n' "$file"; done)
[ "$failed" -ne 0 ] || printf 'check-sizes: %d files have at most %d lines\n' "$count" "$limit"
exit "$failed"
