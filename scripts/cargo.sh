#!/usr/bin/env bash
# Runs cargo as this project's make does: one job more than cores, because a job often waits for the
# disk, and the toolchain for the runtime that setup.sh chose, if it had to choose one.
set -euo pipefail

: "${CARGO_BUILD_JOBS:=$(($(getconf _NPROCESSORS_ONLN) + 1))}"
export CARGO_BUILD_JOBS

chosen="${XDG_CACHE_HOME:-$HOME/.cache}/bittensor/toolchain.sh"
# shellcheck source=/dev/null
if [ -f "$chosen" ]; then . "$chosen"; fi

exec cargo "$@"
