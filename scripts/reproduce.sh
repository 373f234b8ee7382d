#!/usr/bin/env bash
# Builds the runtime of production twice, each time from nothing, and compares the two:
# scripts/reproduce.sh FOLDER
#
# Prints the hashes of the WebAssembly that a chain stores. `blake2-256` is the one that
# `system.authorizeUpgrade` takes.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
file=production/wbuild/bittensor-runtime/bittensor_runtime.compact.compressed.wasm

for build in first second; do
	rm -rf "${folder:?}/$build"
	# The runtime's build script makes the WebAssembly: the native code need not be compiled.
	CARGO_TARGET_DIR=$folder/$build "$scripts/production.sh" check -p bittensor-runtime --lib
done
if ! cmp "$folder/first/$file" "$folder/second/$file"; then
	printf 'reproduce: error: two builds of the same sources differ\n' >&2
	exit 1
fi
printf 'runtime     %s bytes\n' "$(stat -c %s "$folder/first/$file")"
printf 'sha256      0x%s\n' "$(sha256sum "$folder/first/$file" | cut -d ' ' -f 1)"
printf 'blake2-256  0x%s\n' "$(b2sum -l 256 "$folder/first/$file" | cut -d ' ' -f 1)"
