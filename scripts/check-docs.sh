#!/usr/bin/env bash
# Fails when a Markdown file or a page of the book links to a file or a heading that does not exist,
# when the book does not build, or when the map from the paper to the code names a `path` or
# `path::item` that does not exist.
set -euo pipefail
cd "$(dirname "$0")/.."

links() { scripts/tool.sh lychee --offline --include-fragments --no-progress "$@"; }

readarray -t pages < <(git ls-files --cached --others --exclude-standard -- '*.md')
links "${pages[@]}"

book=$(mktemp -d)
trap 'rm -rf "$book"' EXIT
scripts/tool.sh mdbook build docs --dest-dir "$book"
if [ -e "$book/index.html" ]; then
	links --root-dir "$book" "$book/**/*.html"
fi

failed=0
missing() {
	printf 'check-docs: error: %s: %s\n' "$map" "$1" >&2
	failed=1
}

map=docs/src/reference/paper-to-code.md
# shellcheck disable=SC2016 # The backquotes are Markdown's.
references=$(grep -o '`[a-z0-9/_-]*\.rs[a-zA-Z_:]*`' "$map" | tr -d '`' | sort -u)
while read -r reference; do
	file=${reference%%::*}
	if [ ! -e "$file" ]; then
		missing "no file $file"
	elif [ "$file" != "$reference" ]; then
		item=${reference##*::}
		grep -Eq "(fn|struct|enum|trait|const|type) $item\b" "$file" || missing "no $item in $file"
	fi
done <<<"$references"

[ "$failed" -ne 0 ] || printf 'check-docs: %d pages, and the map to the code\n' "${#pages[@]}"
exit "$failed"
