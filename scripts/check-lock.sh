#!/usr/bin/env bash
# Fails when Cargo.lock mixes two releases of the SDK. One of its crates at a version from another
# release still resolves, and breaks much later, in traits that look alike but are not the same.
set -euo pipefail
lock="${1:-$(dirname "$0")/../Cargo.lock}"

failed=0
for crate in sp-runtime frame-support sc-service; do
	versions=$(awk -v crate="\"$crate\"" '
		$1 == "name" { found = ($3 == crate) }
		$1 == "version" && found { gsub(/"/, "", $3); print $3; found = 0 }
	' "$lock")
	case $(printf '%s' "$versions" | grep -c .) in
	1) printf 'check-lock: %s %s\n' "$crate" "$versions" ;;
	0)
		printf 'check-lock: error: %s is not in %s\n' "$crate" "$lock" >&2
		failed=1
		;;
	*)
		printf 'check-lock: error: %s in several versions: %s\n' \
			"$crate" "$(printf '%s' "$versions" | tr '\n' ' ')" >&2
		failed=1
		;;
	esac
done
exit "$failed"
