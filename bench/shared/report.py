# SPDX-License-Identifier: MIT
"""How the benchmarks talk: progress while they run, a table for the terminal, a page with plots.

A result is what goes into the JSON file: who measured where and when, and `rows`, one for each
figure (Row.judge of measure.py makes them). Optional: `growth`, {row id: {"unit", "tasks",
"series": {contender: [value]}}}, a curve for each; `hop_ns`, readings of the machine.
"""
import html
import math
import time

class Progress:
    """One line that changes on a terminal; one line a row elsewhere."""

    def __init__(self, out):
        self.out = out
        self.live = out.isatty()
        self.started = time.monotonic()
        self.head = ""

    def row(self, index, count, name):
        seconds = int(time.monotonic() - self.started)
        self.head = f"[{index + 1:2}/{count}] {seconds // 60}:{seconds % 60:02}  {name}"
        if not self.live:
            print(self.head, file=self.out, flush=True)

    def step(self, number, rounds, contender):
        if self.live:
            print(f"\r\033[K{self.head}, round {number} of {rounds}: {contender}", end="", file=self.out, flush=True)

    def say(self, sentence):
        print(("\r\033[K" if self.live else "") + sentence, file=self.out, flush=True)

    def end(self):
        if self.live:
            print("\r\033[K", end="", file=self.out, flush=True)


def number(value):
    """Three digits, as a person writes them."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(digits, 3)}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ahead(row):
    """The peer that beats us by more than noise, if one does."""
    if row.get("baseline") or row["ratio_to_best"] is None:
        return None
    return row["best_peer"] if row["ratio_to_best"] > 1.05 else None


def summary(result):
    judged = [row for row in result["rows"] if row["target"]]
    lines = [f"{sum(row['met'] for row in judged)} of {len(judged)} targets met."]
    behind = [f"{row['id']} ({ahead(row)})" for row in result["rows"] if ahead(row)]
    if behind:
        lines.append(f"A peer is ahead in {', '.join(behind)}.")
    lacking = [row["id"] for row in result["rows"] if row["nebula"] is None]
    if lacking:
        lines.append(f"Nebula has no figure for {', '.join(lacking)}.")
    hops = sorted(result.get("hop_ns", []))
    if hops:
        lines.append(f"Cache-line hop between the two CPUs: {number(hops[0])} to {number(hops[-1])} ns, "
                     f"median {number(hops[len(hops) // 2])}.")
    noise = [row["foreign_cores"] for row in result["rows"] if row["foreign_cores"] is not None]
    if noise and max(noise) > 0.1:
        lines.append(f"Other processes took up to {number(max(noise))} cores beside a row: read those figures with care.")
    return lines


def table(result, colour=False):
    def paint(code, text):
        return f"\033[{code}m{text}\033[0m" if colour else text

    lines, group = [], None
    wide = max(18, *(len(row["id"]) for row in result["rows"]))
    lines.append(paint("1", f"{'':{wide}} {'nebula':>10} {'':9} {'best peer':>10}  {'':16} {'ratio':>6}        target"))
    for row in result["rows"]:
        here = row["id"].split(".")[0]
        if group not in (None, here):
            lines.append("")
        group = here
        best = row["peers"].get(row["best_peer"])
        verdict = "      " if not row["target"] else paint("32", "met   ") if row["met"] else paint("31", "missed")
        ratio = "–" if row["ratio_to_best"] is None else f"{row['ratio_to_best']:.2f}"
        ratio = paint("33", f"{ratio:>6}") if ahead(row) else f"{ratio:>6}"
        lines.append(f"{row['id']:{wide}} {number(row['nebula']):>10} {row['unit'][:9]:9} {number(best):>10}  "
                     f"{row['best_peer'] or '':16} {ratio} {verdict} {row['target']}")
    return "\n".join([*lines, "", *summary(result)])


# ---- the page -------------------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5c667a; --line: #d9dee8; --paper: #ffffff; --card: #f6f8fb;
        --ours: #6a4fd8; --best: #2f9e6b; --peer: #b3bccb; --bad: #c2413b; --good: #23815a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9f0; --soft: #9aa5b8; --line: #333b4a; --paper: #14171d; --card: #1c212a;
          --ours: #9d86ff; --best: #4cc38f; --peer: #55607a; --bad: #ff8078; --good: #5fd0a0; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
       font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0; }
p { margin: .3rem 0; } .soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem 1rem; margin: .7rem 0; }
h3 { font-size: 1rem; margin: 0; } .met { color: var(--good); } .missed { color: var(--bad); }
svg { display: block; width: 100%; height: auto; margin-top: .4rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .soft { fill: var(--soft); }
.ours { fill: var(--ours); } .best { fill: var(--best); } .peer { fill: var(--peer); } .axis { stroke: var(--line); }
.line { fill: none; stroke-width: 2; } .ours.line { stroke: var(--ours); } .peer.line { stroke: var(--peer); }
table { border-collapse: collapse; margin-top: .4rem; } td, th { padding: .1rem .7rem; text-align: right; font-weight: normal; }
th { color: var(--soft); } td:first-child, th:first-child { text-align: left; padding-left: 0; }
"""
LABELS, BARS, VALUES, STEP = 130, 560, 110, 20


def bars(row):
    """A bar for each contender, shortest first: shorter is better."""
    entries = dict(row["peers"])
    if row["nebula"] is not None:
        entries["nebula"] = row["nebula"]
    entries = sorted(entries.items(), key=lambda item: item[1])
    if not entries:
        return ""
    highest = max(value for _, value in entries)
    positive = [value for _, value in entries if value > 0]
    wide = bool(positive) and highest / min(positive) > 40
    low = math.log10(min(positive)) - 0.3 if wide else 0

    def length(value):
        if value <= 0 or highest <= 0:
            return 1
        share = (math.log10(value) - low) / (math.log10(highest) - low) if wide else value / highest
        return max(share * BARS, 1)

    parts = []
    for i, (name, value) in enumerate(entries):
        kind = "ours" if name == "nebula" else "best" if name == row["best_peer"] else "peer"
        top = i * STEP
        middle = top + 13
        parts.append(f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end">{html.escape(name)}</text>'
                     f'<rect class="{kind}" x="{LABELS}" y="{top + 3}" width="{length(value):.1f}" height="14" rx="2"/>'
                     f'<text class="soft" x="{LABELS + length(value) + 6:.1f}" y="{middle}">{number(value)}</text>')
    note = f'<text class="soft" x="{LABELS}" y="{len(entries) * STEP + 12}">logarithmic scale</text>' if wide else ""
    height = len(entries) * STEP + (16 if wide else 0)
    words = ", ".join(f"{name} {number(value)}" for name, value in entries)
    return (f'<svg viewBox="0 0 {LABELS + BARS + VALUES} {height}" role="img" '
            f'aria-label="{html.escape(words)}">{"".join(parts)}{note}</svg>')


def hop_strip(hops):
    """Each reading in its order: the machine's modes are visible as levels."""
    if not hops:
        return ""
    width, height, top = LABELS + BARS + VALUES, 60, max(hops)
    dots = "".join(f'<circle class="ours" cx="{(i + 0.5) / len(hops) * width:.1f}" cy="{height - hop / top * (height - 8):.1f}" r="1.6"/>'
                   for i, hop in enumerate(hops))
    return (f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="cache-line hop over the run">'
            f'<line class="axis" x1="0" y1="{height}" x2="{width}" y2="{height}"/>{dots}</svg>')


def row_section(row):
    said = []
    if row["target"]:
        verdict = '<span class="met">met</span>' if row["met"] else '<span class="missed">missed</span>'
        said.append(f'{verdict}: {html.escape(row["target"])}')
    beside = []
    if row["ratio_to_best"] is not None:
        beside.append(f'{row["ratio_to_best"]:.2f} of the best peer, {html.escape(row["best_peer"])}')
    if row.get("hop_ns") is not None:
        beside.append(f"hop {number(row['hop_ns'])} ns")
    if not row["lower_is_better"]:
        beside.append("higher is better")
    if row["foreign_cores"] is not None:
        beside.append(f"other processes {row['foreign_cores']:.2f} cores")
    if beside:
        said.append(f'<span class="soft">{" · ".join(beside)}</span>')
    note = f' <p class="soft">{html.escape(row["note"])}</p>' if row["note"] else ""
    return (f'<section id="{row["id"]}"><h3>{row["id"]} <span class="soft">({html.escape(row["unit"])})</span></h3>'
            f"<p>{' · '.join(said)}</p>{bars(row)}{note}</section>")


CURVE_WIDTH, CURVE_HEIGHT, CURVE_FOOT, CURVE_SIDE = 620, 190, 24, 60


def powers_of_ten(lowest, highest):
    return [10.0**i for i in range(math.ceil(math.log10(lowest) - 0.001), math.floor(math.log10(highest) + 0.001) + 1)]


def curves(growth):
    """Value against number of tasks, both logarithmic: what does not grow is flat."""
    tasks = growth["tasks"]
    values = [value for series in growth["series"].values() for value in series if value]
    if not values or len(tasks) < 2:
        return ""
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
    high = high if high > low else low * 10

    def x(count):
        return CURVE_SIDE + CURVE_WIDTH * math.log(count / tasks[0]) / math.log(tasks[-1] / tasks[0])

    def y(value):
        return 8 + CURVE_HEIGHT * (1 - math.log(value / low) / math.log(high / low))

    parts = []
    for value in powers_of_ten(low, high):
        parts.append(f'<line class="axis" x1="{CURVE_SIDE}" y1="{y(value):.1f}" x2="{CURVE_SIDE + CURVE_WIDTH}" y2="{y(value):.1f}"/>'
                     f'<text class="soft" x="{CURVE_SIDE - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{number(value)}</text>')
    for count in tasks:
        parts.append(f'<text class="soft" x="{x(count):.1f}" y="{CURVE_HEIGHT + CURVE_FOOT}" text-anchor="middle">{number(count)}</text>')
    for name, series in growth["series"].items():
        kind = "ours" if name == "nebula" else "peer"
        points = [(x(count), y(value)) for count, value in zip(tasks, series) if value]
        if not points:
            continue
        line = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
        parts.append(f'<polyline class="{kind} line" points="{line}"/>')
        parts += [f'<circle class="{kind}" cx="{left:.1f}" cy="{top:.1f}" r="3"/>' for left, top in points]
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{points[-1][1] + 4:.1f}">{html.escape(name)}</text>')
    words = "; ".join(f"{name} {', '.join(number(value) for value in series)}" for name, series in growth["series"].items())
    return (f'<svg viewBox="0 0 {LABELS + BARS + VALUES} {CURVE_HEIGHT + CURVE_FOOT + 8}" role="img" '
            f'aria-label="{html.escape(words)}">{"".join(parts)}</svg>')


def growth_section(row_id, growth):
    head = "".join(f"<th>{number(count)}</th>" for count in growth["tasks"])
    body = "".join(f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{number(value)}</td>' for value in series)}</tr>"
                   for name, series in growth["series"].items())
    return (f'<section><h3>{row_id} <span class="soft">({html.escape(growth["unit"])})</span></h3>'
            f'<p class="soft">{html.escape(growth["words"])}</p>{curves(growth)}'
            f"<table><tr><th>tasks</th>{head}</tr>{body}</table></section>")


def growth_table(result):
    lines = []
    for row_id, growth in result.get("growth", {}).items():
        lines.append(f"{row_id + ', ' + growth['unit']:34}" + "".join(f"{number(count):>10}" for count in growth["tasks"]))
        lines += [f"  {name:32}" + "".join(f"{number(value):>10}" for value in series) for name, series in growth["series"].items()]
    return "\n".join(lines)


def page(result, title, groups):
    """\param groups  (first part of the rows' ids, heading, sentence)"""
    machine = result["machine"]
    facts = [f"commit {result['commit']}", result["date"], f"{machine['cpus']} × {machine['model']}", f"Linux {machine['kernel']}"]
    facts += [f"{line} ({names})" for names, line in result["compilers"].items()]
    if result.get("engine"):
        facts.append(f"Godot {result['engine']}")
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
             f"<title>{html.escape(title)}</title><style>{STYLE}</style>",
             f"<h1>{html.escape(title)}</h1>",
             f'<p class="soft">{html.escape(" · ".join(facts))}</p>']
    if result["quick"]:
        parts.append("<p><b>A quick run: few samples, so no figures to quote.</b></p>")
    parts += [f"<p>{html.escape(line)}</p>" for line in summary(result)]
    parts += [f'<p class="soft">{html.escape(name)} is left out: {html.escape(why)}.</p>' for name, why in result["left_out"].items()]
    parts.append('<p class="soft">Shorter bars are better, unless a row says otherwise.</p>')
    for key, heading, words in groups:
        rows = [row for row in result["rows"] if row["id"].split(".")[0] == key]
        if rows:
            parts.append(f'<h2>{heading}</h2><p class="soft">{words}</p>')
            parts += [row_section(row) for row in rows]
    if result.get("growth"):
        parts.append('<h2>With more tasks</h2><p class="soft">Both scales are logarithmic.</p>')
        parts += [growth_section(row_id, growth) for row_id, growth in result["growth"].items()]
    if result.get("hop_ns"):
        parts.append(f'<h2>The machine meanwhile</h2><p class="soft">Nanoseconds for a cache line to hop between the two CPUs, '
                     f"before each run of each contender, from 0 to {number(max(result['hop_ns']))}.</p>{hop_strip(result['hop_ns'])}")
    return "\n".join([*parts, "</html>"]) + "\n"
