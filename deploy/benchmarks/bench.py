#!/usr/bin/env python3
"""Measures bizclock against its targets; deploy/bench runs it, and says how."""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from clocks import Clocks
from dashboard import Dashboard
from loading import Loading
from longrun import LongRun
from rows import rows, table
from server import SETTINGS, Failure, Server, free_bytes

PARTS = ("loading", "micro", "clocks", "dashboard", "long")


class Bench:
    """What to measure, and how much of it."""

    def __init__(self, options):
        full = options.full
        self.program = os.path.abspath(options.program)
        self.micro = options.micro and os.path.abspath(options.micro)
        self.files = os.path.dirname(os.path.abspath(__file__))
        self.parts = options.only or PARTS
        self.events = options.events or (1_000_000 if full else 100_000)
        self.repeats = options.repeats or (5 if full else 3)
        self.clocks = options.clocks or (1_000_000 if full else 100_000)
        self.burst = options.burst or (100_000 if full else 20_000)
        self.bursts = self.repeats if full else 1
        self.levels = 2_000 if full else 500
        self.finished = options.finished or (10_000_000 if full else 1_000_000)
        self.history = options.history or (10_000_000 if full else 200_000)
        # What 200 a second make in a day.
        self.day = options.day or (17_280_000 if full else 240_000)
        self.raw = full
        self.begun = time.monotonic()

    def note(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    def needed_bytes(self):
        """Room at the most: copies of the events with their tables, clocks, and finished clocks where they are made."""
        return 2_500 * self.events + 2_500 * (self.clocks + self.bursts * self.burst) + (
            1_000 if self.raw else 200) * self.finished + 1_000 * (self.history + self.day) + 12_000_000_000

    def run(self, directory):
        if free_bytes(directory) < self.needed_bytes():
            raise Failure(
                f"{directory} has {free_bytes(directory) / 1e9:.0f} GB free, {self.needed_bytes() / 1e9:.0f} are "
                "needed; choose another with --directory, or fewer --events, --clocks, --finished and --day")
        found = {}
        self.folder = tempfile.mkdtemp(prefix="bizclock-bench-", dir=directory)
        os.chmod(self.folder, 0o711)
        try:
            cluster = f"{self.folder}/postgres"
            os.mkdir(cluster, 0o700)
            self.server = Server(cluster)
            try:
                found["postgres"] = self.server.version()
                if "loading" in self.parts or "micro" in self.parts:
                    loading = Loading(self)
                    loading.prepare()
                if "loading" in self.parts:
                    found["loading"] = {
                        "events": loading.events, "turns": loading.run(), "tables": loading.tables}
                if "micro" in self.parts and self.micro:
                    done = subprocess.run([self.micro, loading.input], stdout=subprocess.PIPE, check=True)
                    found["micro"] = json.loads(done.stdout)
                if "clocks" in self.parts:
                    found["clocks"] = Clocks(self).run()
                if "dashboard" in self.parts:
                    found["dashboard"] = Dashboard(self).run()
                if "long" in self.parts:
                    found["long"] = LongRun(self).run()
            finally:
                self.server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return found


def machine(bench):
    """What the figures were measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
         if line.startswith("model name")), platform.machine())
    memory = next(line for line in open("/proc/meminfo", encoding="utf-8") if line.startswith("MemTotal"))
    version = subprocess.run([bench.program, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    commit = subprocess.run(
        ["git", "-C", bench.files, "describe", "--always", "--dirty"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=False)
    return {
        "date": time.strftime("%Y-%m-%d"), "cpu": model, "cores": os.cpu_count(),
        "memory_gib": round(int(memory.split()[1]) / 1024 / 1024), "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2), "bizclock": version.stdout.strip(),
        "commit": commit.stdout.strip(), "settings": SETTINGS}


def number(text):
    value = int(text.replace("_", "").replace(",", ""))
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def main():
    parser = argparse.ArgumentParser(prog="deploy/bench", description="Measures bizclock against its targets.")
    parser.add_argument("--full", action="store_true", help="the sizes of the targets; about 21 minutes")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated")
    parser.add_argument("--events", type=number, help="how many events are loaded")
    parser.add_argument("--repeats", type=number, help="how often")
    parser.add_argument("--clocks", type=number, help="how many clocks are open")
    parser.add_argument("--burst", type=number, help="how many levels are reached at one instant")
    parser.add_argument("--finished", type=number, help="how many finished clocks the dashboards stand on")
    parser.add_argument("--history", type=number, help="how many events the long run begins with")
    parser.add_argument("--day", type=number, help="how many events its day has")
    parser.add_argument("--directory", default=tempfile.gettempdir(), help="where the database is put")
    parser.add_argument("--json", metavar="FILE", help="where all figures are written")
    parser.add_argument("--markdown", action="store_true", help="print the table for a README")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--micro", help=argparse.SUPPRESS)
    options = parser.parse_args()
    # Whatever ends the benchmark, its server ends with it.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(130))
    bench = Bench(options)
    try:
        about = machine(bench)
        found = bench.run(options.directory)
    except (Failure, subprocess.CalledProcessError, OSError) as failure:
        print(f"deploy/bench: {failure}", file=sys.stderr)
        return 70
    judged = rows(found)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": about, "figures": found, "rows": [row._asdict() for row in judged]}, file, indent=1)
    print(table(judged, about, found, markdown=options.markdown))
    return 1 if any(row.met is False for row in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
