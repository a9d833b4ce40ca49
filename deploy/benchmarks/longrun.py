"""Years of events, then a day of a great city in time-lapse: whether any step grows with what is there already."""

import itertools
import os
import subprocess
import time

from loading import Used, tables
from program import Daemon, Program, Psql, hand_over
from server import Failure, wait_until

PARTS = 10
HOURS = 24


class LongRun:
    """History in ten parts, and after it a day in 24, each as fast as it can be taken."""

    def __init__(self, bench):
        self.bench = bench
        self.server = bench.server
        self.folder = bench.folder
        self.sizes = [bench.history // PARTS] * PARTS + [bench.day // HOURS] * HOURS

    def run(self):
        self.server.database("long")
        program = Program(self.bench.program, self.server, self.folder, "long")
        program.run("migrate")
        files = self.parts(program.folder)
        history = []
        for number, path in enumerate(itertools.islice(files, PARTS)):
            used = Used(self.server, "long")
            usage = program.run("ingest", "--retrospective", path)
            os.unlink(path)
            history.append(used.figures(usage.seconds) | {"cpu": usage.cpu, "memory": usage.peak})
            self.bench.note(f"long run, history {number + 1} of {PARTS}: {self.sizes[0] / usage.seconds:,.0f} events/s")
        with Psql(self.server, "long") as psql:
            rooms = [room(psql)]
        day = self.day(program, files)
        with Psql(self.server, "long") as psql:
            rooms.append(room(psql))
            vacuums = int(psql.value("SELECT sum(autovacuum_count) FROM pg_stat_user_tables"))
        return {
            "history": history, "day": day, "history_part": self.sizes[0], "day_part": self.sizes[-1], "room": rooms,
            "autovacuums": vacuums}

    def parts(self, folder):
        """One file after the other, made when it is asked for: nothing else runs then."""
        # A case has nearly nine events, and more than eight.
        cases = sum(self.sizes) // 8
        simulate = subprocess.Popen(
            [self.bench.program, "simulate", "--cases", str(cases), "--seed", "3", "--from", "2021-01-01",
             "--to", "2026-06-30"], stdout=subprocess.PIPE)
        try:
            for number, size in enumerate(self.sizes):
                path = f"{folder}/part-{number:02}"
                with open(path, "wb") as file:
                    lines = 0
                    for line in itertools.islice(simulate.stdout, size):
                        file.write(line)
                        lines += 1
                if lines < size:
                    raise Failure(f"the simulator gave {lines} of {size} events")
                yield path
        finally:
            simulate.kill()
            simulate.wait()

    def day(self, program, files):
        spool = f"{program.folder}/spool"
        hours = []
        with Daemon(program) as daemon, Psql(self.server, "long") as psql:
            for number, path in enumerate(files):
                used, before = Used(self.server, "long"), daemon.cpu()
                begun = time.monotonic()
                hand_over(path, spool, f"hour-{number:02}.ndjson")
                wait_until(
                    "an hour of the day", 1800,
                    lambda: not any(name.endswith(".ndjson") for name in os.listdir(spool)) and daemon.is_idle(psql),
                    0.02)
                seconds = time.monotonic() - begun
                now, peak = daemon.memory()
                hours.append(
                    used.figures(seconds) | {"cpu": daemon.cpu() - before, "memory": now, "peak": peak})
                self.bench.note(
                    f"long run, hour {number + 1} of {HOURS}: {self.sizes[-1] / seconds:,.0f} events/s, {now:.0f} MB")
        return hours


def room(psql):
    """The events there are, and the bytes they and all that follows from them take."""
    return {"events": int(psql.value("SELECT position FROM bizclock.ledger_head")), "bytes": sum(tables(psql).values())}


__all__ = ["LongRun"]
