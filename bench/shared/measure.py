# SPDX-License-Identifier: MIT
"""What the benchmarks' drivers share: statistics, what the machine did meanwhile, the verdict on a row."""
import datetime
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time


def median(values):
    return statistics.median(values)


def percentile(share):
    def pick(values):
        ordered = sorted(values)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    return pick


def share_above(limit):
    return lambda values: sum(value > limit for value in values) / len(values)


def die(sentence):
    sys.stdout.flush()
    print(f"nebula: {sentence}", file=sys.stderr)
    sys.exit(1)


def busy_seconds():
    """CPU that anything took, the host included, since the system started."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = (int(word) for word in file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


class ForeignLoad:
    """What other programs take of the machine, from now on."""

    def __init__(self):
        self.started = time.monotonic()
        self.busy = busy_seconds()
        self.own = own_seconds()

    def seconds(self):
        return time.monotonic() - self.started

    def cores(self):
        foreign = (busy_seconds() - self.busy) - (own_seconds() - self.own)
        return max(foreign, 0) / max(self.seconds(), 0.01)


def arguments(parser, quick):
    r"""Adds what every driver takes.

    \param quick  What its --quick does.
    """
    parser.add_argument("--json", type=pathlib.Path, required=True, help="where the figures go")
    parser.add_argument("--html", type=pathlib.Path, required=True, help="where the page with the plots goes")
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser.parse_args()


def machine():
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpus": os.cpu_count(), "model": model, "kernel": platform.release()}


def first_line(*command):
    try:
        lines = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return lines[0].strip() if lines else None


def commit():
    here = pathlib.Path(__file__).resolve().parent
    sha = first_line("git", "-C", str(here), "rev-parse", "--short=12", "HEAD") or "unknown"
    changed = first_line("git", "-C", str(here), "status", "--porcelain", "--untracked-files=no")
    return sha + ("-changed" if changed else "")


def facts(quick, seconds):
    """What every result says of its run."""
    return {
        "commit": commit(),
        "machine": machine(),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "quick": quick,
        "seconds": round(seconds),
    }


def rounded(value):
    """Four digits are more than the noise leaves."""
    return None if value is None else float(f"{value:.4g}")


def quartiles(values):
    return [rounded(percentile(0.25)(values)), rounded(percentile(0.75)(values))]


def write(path, text):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        die(f"{path} cannot be written: {error.strerror}")


def publish(arguments, result, page, *tables):
    """Writes the figures and the page where the command line wants them, and says what came out."""
    write(arguments.json, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    write(arguments.html, page)
    print(*tables, sep="\n\n")
    print(f"\n{arguments.json} has the figures, {arguments.html} the plots.")


def at_most(limit):
    return lambda ours, best, peers: ours <= limit


def judge(row, values, quartiles_of, foreign=None, hop=None):
    r"""The entry of the JSON file for a row with id, unit, target, met, floor, not_best, baseline and note.

    \param values  {contender: figure}; ours is "nebula". Lower is better.
    """
    peers = dict(values)
    ours = peers.pop("nebula", None)
    measure = {name: value for name, value in peers.items() if name not in row.not_best}
    best_peer = min(measure, key=measure.get, default=None)
    best = measure.get(best_peer)
    ratio = None
    if ours is not None and best is not None:
        floor = max(row.floor, 1e-9)
        ratio = max(ours, floor) / max(best, floor)
    notes = [row.note] if row.note else []
    notes += [f"{name} is not counted as best: {why}." for name, why in row.not_best.items() if name in peers]
    return {
        "id": row.id,
        "unit": row.unit,
        "lower_is_better": getattr(row, "lower_is_better", True),
        "target": row.target,
        "nebula": rounded(ours),
        "peers": {name: rounded(value) for name, value in sorted(peers.items(), key=lambda item: item[1])},
        "ratio_to_best": rounded(ratio),
        "best_peer": best_peer,
        # Nobody's rival: ours is built on it, so a ratio over one is no defeat.
        "baseline": row.baseline,
        "met": ours is not None and bool(row.met(ours, best, peers)),
        "hop_ns": rounded(hop),
        "foreign_cores": rounded(foreign),
        "quartiles": quartiles_of,
        "note": " ".join(notes),
    }
