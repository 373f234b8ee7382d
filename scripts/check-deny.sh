#!/usr/bin/env bash
# Fails when a dependency has a licence, a source or a name that deny.toml does not allow. Prints
# known vulnerabilities too, if their database can be fetched; they do not fail the check, because
# they appear without a change to this project.
set -euo pipefail
cd "$(dirname "$0")/.."

deny() { scripts/tool.sh cargo-deny --log-level error check --hide-inclusion-graph "$@"; }

deny licenses bans sources

database=https://github.com/rustsec/advisory-db
if GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --quiet "$database" HEAD >/dev/null 2>&1; then
	deny advisories || printf 'check-deny: warning: see the advisories above\n' >&2
else
	printf 'check-deny: SKIPPED: advisories (%s cannot be reached)\n' "$database"
fi
