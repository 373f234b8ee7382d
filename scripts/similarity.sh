#!/usr/bin/env bash
# Compares the vectors of every component of a local network's run with the judgement of people.
#
#   scripts/similarity.sh BITTENSOR_MINER RUN CORPUS CACHE
#
# RUN is the folder of the run. Writes RUN/similarity/NAME.json, and NAME-twin.json of a twin, which
# `experiments network` reads.
set -euo pipefail

miner=$1 run=$2 corpus=$3 cache=$4
mkdir -p "$run/similarity"
python3 - "$run/report.json" <<'PY' | while read -r name model; do
import json, sys

for component in json.load(open(sys.argv[1]))["components"]:
    if component["kind"] in ("frozen", "trainable", "query"):
        print(component["name"], component["model"])
PY
	checkpoint=$run/miners/${name,,}/best.safetensors
	if [ -e "$checkpoint" ]; then
		what=("$checkpoint" --corpus "$corpus")
	else
		what=("$model")
	fi
	"$miner" similarity --json --cache-dir "$cache" "${what[@]}" >"$run/similarity/$name.json"
	printf 'similarity: %s\n' "$name"
	twin=$run/miners/${name,,}/best-twin.safetensors
	if [ -e "$twin" ]; then
		"$miner" similarity --json --cache-dir "$cache" "$twin" --corpus "$corpus" >"$run/similarity/$name-twin.json"
	fi
done
