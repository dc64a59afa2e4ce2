# SPDX-License-Identifier: MIT
"""How bench_pool.py talks: progress while it runs, a table for the terminal, a page with plots."""
import html
import math
import time

GROUPS = [
    ("join", "Fork and join", "What a join costs over the plain call, and a tree of a thousand nodes over its serial sum."),
    ("spawn", "Spawning", "Empty tasks in scopes of a thousand, per task."),
    ("scope", "Scopes on an idle pool", "Time over the ideal, with every thread asleep when the scope opens."),
    ("wake", "Waking", "From a spawn on a foreign thread to the start of the task."),
    ("for", "Loops", "A million items of about 5 ns."),
    ("uneven", "Uneven work", "Two thousand tasks of very different lengths."),
    ("idle", "Idle", "What the threads of a pool with nothing to do still do."),
    ("trickle", "A trickle of work", "CPU beyond the work itself, per tick."),
    ("band", "Urgent behind long", "Start of an urgent task while every worker has 5 ms ones."),
    ("frame", "Frames", "How long a frame waits for its urgent jobs, with ten thousand others queued."),
    ("contended", "Beside other programs", "Our time over the fair share of CPUs that others keep busy."),
]


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
    return row["best_peer"] if row["ratio_to_best"] is not None and row["ratio_to_best"] > 1.05 else None


def summary(result):
    met = sum(row["met"] for row in result["rows"])
    lines = [f"{met} of {len(result['rows'])} targets met."]
    behind = [f"{row['id']} ({ahead(row)})" for row in result["rows"] if ahead(row)]
    if behind:
        lines.append(f"A peer is ahead in {', '.join(behind)}.")
    lacking = [row["id"] for row in result["rows"] if row["nebula"] is None]
    if lacking:
        lines.append(f"Nebula has no figure for {', '.join(lacking)}.")
    hops = sorted(result["hop_ns"])
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
    lines.append(paint("1", f"{'':18} {'nebula':>10} {'':9} {'best peer':>10}  {'':16} {'ratio':>6}        target"))
    for row in result["rows"]:
        here = row["id"].split(".")[0]
        if group not in (None, here):
            lines.append("")
        group = here
        best = row["peers"].get(row["best_peer"])
        verdict = paint("32", "met   ") if row["met"] else paint("31", "missed")
        ratio = "–" if row["ratio_to_best"] is None else f"{row['ratio_to_best']:.2f}"
        ratio = paint("33", f"{ratio:>6}") if ahead(row) else f"{ratio:>6}"
        lines.append(f"{row['id']:18} {number(row['nebula']):>10} {row['unit'][:9]:9} {number(best):>10}  "
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
    verdict = '<span class="met">met</span>' if row["met"] else '<span class="missed">missed</span>'
    compared = ""
    if row["ratio_to_best"] is not None:
        compared = f' · {row["ratio_to_best"]:.2f} of the best peer, {html.escape(row["best_peer"])}'
    beside = []
    if row["hop_ns"] is not None:
        beside.append(f"hop {number(row['hop_ns'])} ns")
    if row["foreign_cores"] is not None:
        beside.append(f"other processes {row['foreign_cores']:.2f} cores")
    note = f' <p class="soft">{html.escape(row["note"])}</p>' if row["note"] else ""
    return (f'<section id="{row["id"]}"><h3>{row["id"]} <span class="soft">({html.escape(row["unit"])})</span></h3>'
            f'<p>{verdict}: {html.escape(row["target"])}<span class="soft">{compared} · {", ".join(beside)}</span></p>'
            f"{bars(row)}{note}</section>")


def page(result):
    machine = result["machine"]
    facts = [f"commit {result['commit']}", result["date"], f"{machine['cpus']} × {machine['model']}", f"Linux {machine['kernel']}"]
    facts += [f"{line} ({names})" for names, line in result["compilers"].items()]
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
             f"<title>Nebula's pool and its peers</title><style>{STYLE}</style>",
             "<h1>Nebula’s pool and its peers</h1>",
             f'<p class="soft">{html.escape(" · ".join(facts))}</p>']
    if result["quick"]:
        parts.append("<p><b>A quick run: too few samples for the 99th percentiles.</b></p>")
    parts += [f"<p>{html.escape(line)}</p>" for line in summary(result)]
    parts += [f'<p class="soft">{html.escape(name)} is left out: {html.escape(why)}.</p>' for name, why in result["left_out"].items()]
    parts.append('<p class="soft">Shorter bars are better everywhere.</p>')
    for key, title, words in GROUPS:
        rows = [row for row in result["rows"] if row["id"].split(".")[0] == key]
        if rows:
            parts.append(f'<h2>{title}</h2><p class="soft">{words}</p>')
            parts += [row_section(row) for row in rows]
    parts.append(f'<h2>The machine meanwhile</h2><p class="soft">Nanoseconds for a cache line to hop between the two CPUs, '
                 f"before each run of each contender, from 0 to {number(max(result['hop_ns'], default=0))}.</p>{hop_strip(result['hop_ns'])}</html>")
    return "\n".join(parts) + "\n"
