#!/usr/bin/env python3
"""Runs a local network under Prometheus, and reads what the dashboard shows of it.

    record.py FOLDER COMMAND [ARGUMENT...]

COMMAND runs the network with FOLDER as its --out. Prometheus scrapes what FOLDER/prometheus.yml lists,
with the alerts of this repository. When COMMAND has ended, every query of the dashboard is made over the
time of the run and written to FOLDER/dashboard.json, which draw.py draws.

Exits with the code of COMMAND. If that is 0, a panel whose queries all have no series is an error: the
dashboard would show a person an empty frame. Without Prometheus this is said, and COMMAND runs alone.
"""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Points of a panel's lines.
POINTS = 60
# How long a network may take to say what is to be scraped, in seconds, and a server to answer.
START, ANSWER = 300, 30


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Prometheus:
    """A server over a folder of its own."""

    def __init__(self, folder, scrape):
        rules = json.dumps([str(ROOT / "ops/prometheus/alerts.yml")])
        configuration = folder / "prometheus-with-alerts.yml"
        configuration.write_text(f"{scrape.read_text()}rule_files: {rules}\n")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "logs/prometheus.log"
        # Series of an earlier run would be drawn into this one's.
        shutil.rmtree(folder / "prometheus", ignore_errors=True)
        self.server = subprocess.Popen(
            [
                str(ROOT / "scripts/tool.sh"),
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--log.level=warn",
            ],
            stderr=self.log.open("w"),
        )

    def ready(self):
        """Waits until it answers; whether it does. False: there is no Prometheus to be had."""
        deadline = time.monotonic() + ANSWER
        while self.server.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/-/ready", timeout=ANSWER).close()
                return True
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.2)
        # tool.sh exits with 0 where it cannot install a tool.
        if self.server.poll() != 0:
            sys.exit(f"record: error: Prometheus does not start: {self.log}")
        return False

    def lines(self, expression, start, end):
        """The series of an expression: labels, and pairs of time and value."""
        query = urllib.parse.urlencode(
            {"query": expression, "start": start, "end": end, "step": max(1, (end - start) / POINTS)}
        )
        with urllib.request.urlopen(f"{self.url}/api/v1/query_range?{query}", timeout=ANSWER) as answer:
            result = json.load(answer)["data"]["result"]
        return [
            {"labels": series["metric"], "points": [[at, float(value)] for at, value in series["values"]]}
            for series in result
        ]

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(ANSWER)
        except subprocess.TimeoutExpired:
            self.server.kill()


def panels(dashboard, prometheus, start, end):
    """What each panel shows."""
    for panel in dashboard["panels"]:
        queries = [
            {"legend": target.get("legendFormat", ""), "lines": prometheus.lines(target["expr"], start, end)}
            for target in panel.get("targets", [])
        ]
        yield {
            "title": panel["title"],
            "type": panel["type"],
            "place": panel["gridPos"],
            "unit": panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "none"),
            "queries": queries,
        }


def main(folder, command):
    folder = pathlib.Path(folder).resolve()
    scrape = folder / "prometheus.yml"
    # That of an earlier run would be taken for this one's.
    scrape.unlink(missing_ok=True)
    network = subprocess.Popen(command)
    prometheus = None
    try:
        deadline = time.monotonic() + START
        while not scrape.exists() and network.poll() is None and time.monotonic() < deadline:
            time.sleep(0.5)
        if scrape.exists():
            prometheus = Prometheus(folder, scrape)
            start = time.time()
            if not prometheus.ready():
                prometheus = None
        code = network.wait()
        end = time.time()
        if code != 0 or prometheus is None:
            return code
        dashboard = json.loads((HERE / "bittensor.json").read_text())
        shown = list(panels(dashboard, prometheus, start, end))
        fired = prometheus.lines('ALERTS{alertstate="firing"}', start, end)
    finally:
        if network.poll() is None:
            network.terminate()
            network.wait()
        if prometheus is not None:
            prometheus.stop()
    alerts = sorted({line["labels"]["alertname"] for line in fired})
    result = {"start": start, "end": end, "alerts": alerts, "panels": shown}
    (folder / "dashboard.json").write_text(json.dumps(result))
    empty = [
        panel["title"]
        for panel in shown
        if panel["queries"] and not any(query["lines"] for query in panel["queries"])
    ]
    if empty:
        print(f"record: error: panels of the dashboard without series: {', '.join(empty)}", file=sys.stderr)
        return 1
    full = sum(1 for panel in shown if panel["queries"])
    print(f"dashboard: {full} panels have series; alerts that fired: {', '.join(alerts) or 'none'}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: record.py FOLDER COMMAND [ARGUMENT...]")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
