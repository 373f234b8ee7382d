#!/usr/bin/env bash
# Fails when Cargo.lock mixes two releases of the SDK. cargo resolves such a lock, but compilation
# fails later, between equally named traits of two versions.
# Fails also when .cargo/config.toml sets flags for a package that is not in Cargo.lock: cargo ignores
# such a line silently.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=Cargo.lock

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

packages=$(sed -n '/^\[profile\.fast\.package\]/,$ s/^\([a-z][a-z0-9_-]*\)[. ].*/\1/p' .cargo/config.toml)
unknown=$(comm -23 <(sort <<<"$packages") <(sed -n 's/^name = "\(.*\)"$/\1/p' "$lock" | sort -u))
for package in $unknown; do
	printf 'check-lock: error: .cargo/config.toml sets flags for %s, which is not in %s\n' \
		"$package" "$lock" >&2
	failed=1
done
printf 'check-lock: flags for %s packages\n' "$(wc -l <<<"$packages")"
exit "$failed"
