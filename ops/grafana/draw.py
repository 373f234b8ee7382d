"""Draws the dashboard over a run that record.py read.

    draw.py FOLDER PICTURE

The panels have the places, titles, units, queries and legends of bittensor.json, which Grafana reads; the
drawing itself is not Grafana's. Needs the libraries of requirements.txt.
"""

import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

# Width of the dashboard in columns, as in Grafana, and the size of one column and one line in inches.
COLUMNS, COLUMN, LINE = 24, 0.5, 0.36
# Room in a panel for its title and its legend, as parts of its height.
TITLE, LEGEND = 0.16, 0.22
INK, FAINT, FRAME = "#24292f", "#6e7781", "#d0d7de"
# More lines than these in a legend would hide the panel.
NAMED = 8

# A file of equal bytes for equal input, with text as text.
plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bittensor", "font.size": 7, "text.color": INK})


def name(legend, labels):
    """The legend of a series: Grafana's {{label}} is replaced by its value."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: labels.get(found[1], ""), legend).strip()


def lines(panel):
    """Name and points of each series of a panel."""
    return [
        (name(query["legend"], line["labels"]), line["points"])
        for query in panel["queries"]
        for line in query["lines"]
    ]


def shown(value, unit):
    """A value as a person reads it."""
    if unit == "percentunit":
        return f"{100 * value:.0f} %"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1_000 else f"{value:.3g}"


def draw_stat(axes, panel):
    series = lines(panel)
    # One node's value fills the panel; those of several stand side by side.
    for n, (_, points) in enumerate(series):
        place = (n + 0.5) / len(series)
        size = 20 / max(1, len(series)) ** 0.5
        axes.text(place, 0.42, shown(points[-1][1], panel["unit"]), size=size, ha="center", va="center")


def draw_lines(axes, panel, start, end):
    series = lines(panel)
    for n, (label, points) in enumerate(series):
        minutes = [(at - start) / 60 for at, _ in points]
        axes.plot(minutes, [value for _, value in points], lw=0.9, label=label if n < NAMED else "_")
    axes.set_xlim(0, (end - start) / 60)
    axes.margins(y=0.08)
    values = [value for _, points in series for _, value in points]
    if values and min(values) == max(values):
        # Around a line that does not move, matplotlib would show a range of its rounding errors.
        axes.set_ylim(min(0, 1.2 * min(values)), max(1, 1.2 * max(values)))
    axes.tick_params(labelsize=6, colors=FAINT, length=2)
    axes.grid(color=FRAME, lw=0.4)
    axes.spines[:].set_visible(False)
    if panel["unit"] == "percentunit":
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    if panel["unit"] == "s":
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g} s")
    rest = f"and {len(series) - NAMED} more" if len(series) > NAMED else None
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.08, -0.1),
        ncols=2 if max((len(label) for label, _ in series), default=0) > 14 else 4,
        fontsize=5,
        frameon=False,
        handlelength=1,
        columnspacing=0.8,
        labelspacing=0.25,
        title=rest,
        title_fontsize=5,
    )


def main(folder, picture):
    run = json.loads((pathlib.Path(folder) / "dashboard.json").read_text())
    height = max(panel["place"]["y"] + panel["place"]["h"] for panel in run["panels"])
    figure = plt.figure(figsize=(COLUMNS * COLUMN, height * LINE), facecolor="white")
    for panel in run["panels"]:
        place = panel["place"]
        left, width = place["x"] / COLUMNS, place["w"] / COLUMNS
        bottom, tall = 1 - (place["y"] + place["h"]) / height, place["h"] / height
        if panel["type"] == "row":
            figure.text(left + 0.006, bottom + tall / 2, panel["title"], size=9, weight="bold", va="center")
            continue
        frame = figure.add_axes((left + 0.003, bottom + 0.003, width - 0.006, tall - 0.006))
        frame.set(xticks=[], yticks=[])
        frame.spines[:].set_color(FRAME)
        frame.set_title(panel["title"], size=7, loc="left", y=1, pad=-9, x=0.02, color=FAINT)
        if panel["type"] == "stat":
            draw_stat(frame, panel)
            continue
        axes = figure.add_axes(
            (left + 0.14 * width, bottom + LEGEND * tall + 0.01, 0.82 * width, (1 - TITLE - LEGEND) * tall - 0.012)
        )
        draw_lines(axes, panel, run["start"], run["end"])
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: draw.py FOLDER PICTURE")
    main(sys.argv[1], sys.argv[2])
