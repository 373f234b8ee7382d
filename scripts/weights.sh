#!/usr/bin/env bash
# Measures what the calls and steps of our pallets cost, through the benchmarking CLI.
#
#   scripts/weights.sh TOOL RUNTIME OUTPUT [STEPS REPEAT]
#
# TOOL: bench-weights. RUNTIME: a runtime with `runtime-benchmarks`, as WebAssembly. OUTPUT: the
# folder that gets a file per pallet. More steps and repeats take longer and err less.
set -euo pipefail

tool=$1 runtime=$2 output=$3 steps=${4:-20} repeat=${5:-10}

for file in "$tool" "$runtime"; do
	[ -e "$file" ] || {
		printf 'weights: %s is not there: run `make weights`\n' "$file" >&2
		exit 1
	}
done

mkdir -p "$output"
for pallet in pallet_emission pallet_validator_set; do
	"$tool" \
		--runtime "$runtime" \
		--genesis-builder runtime \
		--genesis-builder-preset development \
		--pallet "$pallet" \
		--extrinsic '*' \
		--steps "$steps" \
		--repeat "$repeat" \
		--min-duration 2 \
		--no-storage-info \
		--template "$(dirname "$0")/../bench/weights/template.hbs" \
		--output "$output"
done
