#!/usr/bin/env bash
# Checks ops/: alerts and their tests by promtool, service units by systemd-analyze, the Dockerfile by
# hadolint, and that every metric that an alert or the dashboard reads is one that the node or the miner
# has. A tool that is not to be had is named, and its check is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
	printf 'check-ops: error: %s\n' "$*" >&2
	exit 1
}

prometheus() { (cd ops/prometheus && ../../scripts/tool.sh promtool "$@" >"$said" 2>&1) || { cat "$said" >&2; fail "promtool $*"; }; }
said=$(mktemp)
units=$(mktemp -d)
trap 'rm -rf "$said" "$units"' EXIT

prometheus check config prometheus.yml
prometheus test rules alerts-test.yml
# Every alert has a fault in the tests that it must report.
while read -r alert; do
	grep -q "alertname=\"$alert\"" ops/prometheus/alerts-test.yml || fail "no test of the alert $alert"
	grep -q "^| \`$alert\` |" docs/src/guides/operations.md || fail "no line about $alert in operations.md"
done < <(sed -n 's/^ *- alert: //p' ops/prometheus/alerts.yml)

python3 - <<'EOF'
import json, pathlib, re, sys

dashboard = json.load(open("ops/grafana/bittensor.json"))
expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
expressions += re.findall(r"expr:(.*?)\n *(?:for|labels):", open("ops/prometheus/alerts.yml").read(), re.S)
used = set(re.findall(r"\b((?:substrate|bittensor)_[a-z0-9_]+)", " ".join(expressions)))
# Names of the miner and of the node are whole in their sources; those of the SDK are in a list that
# a test over a node compares with what the node serves.
sources = "".join(file.read_text() for folder in ("miner/src", "node/src") for file in pathlib.Path(folder).rglob("*.rs"))
known = set(re.findall(r"\"(bittensor_miner_[a-z0-9_]+)\"", sources))
known |= {"bittensor_" + name for name in re.findall(r"(?:whole|real)\(\s*\"([a-z_]+)\"", sources)}
known |= set(re.findall(r"\"(bittensor_[a-z0-9_]+)\"", sources))
known |= set(open("ops/prometheus/sdk-metrics.txt").read().split())
missing = sorted(used - known)
if missing or not used:
    sys.exit("check-ops: error: no such metric: " + ", ".join(missing or ["none is used"]))
EOF

# The programs are not installed where this runs.
for unit in ops/systemd/*.service; do
	sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' "$unit" >"$units/$(basename "$unit")"
done
if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify "$units"/*.service 2>"$said" && [ ! -s "$said" ] || { cat "$said" >&2; fail "systemd-analyze verify"; }
else
	printf 'check-ops: SKIPPED: no systemd-analyze for ops/systemd\n' >&2
fi
scripts/tool.sh hadolint ops/docker/Dockerfile
printf 'check-ops: alerts, their tests, metrics, units and the Dockerfile\n'
