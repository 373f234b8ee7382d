#!/usr/bin/env bash
# Fails when a document points at something that is not there: a relative link of any Markdown file,
# or a `path` or `path::item` of the map from the paper to the code.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
missing() {
	printf 'check-docs: error: %s: %s\n' "$1" "$2" >&2
	failed=1
}

pages=$(git ls-files --cached --others --exclude-standard -- '*.md')
for page in $pages; do
	while read -r link; do
		[ -n "$link" ] || continue
		[ -e "$(dirname "$page")/${link%%#*}" ] || missing "$page" "no file for the link $link"
	done < <(grep -o '](\([^)#][^)]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v '://' || true)
done

map=docs/src/reference/paper-to-code.md
while read -r reference; do
	file=${reference%%::*}
	if [ ! -e "$file" ]; then
		missing "$map" "no file $file"
	elif [ "$file" != "$reference" ]; then
		item=${reference##*::}
		grep -Eq "(fn|struct|enum|trait|const|type) $item\b" "$file" ||
			missing "$map" "no $item in $file"
	fi
done < <(grep -o '`[a-z0-9/_-]*\.rs[a-zA-Z_:]*`' "$map" | tr -d '`' | sort -u)

count=$(printf '%s\n' "$pages" | grep -c .)
[ "$failed" -ne 0 ] || printf 'check-docs: links of %s pages and the map to the code hold\n' "$count"
exit "$failed"
