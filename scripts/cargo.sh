#!/usr/bin/env bash
# Runs cargo with this project's settings: one more job than cores, because jobs often wait for the
# disk, and the toolchains that setup.sh chose where the usual ones are not available.
set -euo pipefail

: "${CARGO_BUILD_JOBS:=$(($(getconf _NPROCESSORS_ONLN) + 1))}"
export CARGO_BUILD_JOBS

cache="${XDG_CACHE_HOME:-$HOME/.cache}/bittensor"
for choice in "$cache/rust.sh" "$cache/toolchain.sh"; do
	# shellcheck source=/dev/null
	if [ -f "$choice" ]; then . "$choice"; fi
done

exec cargo "$@"
