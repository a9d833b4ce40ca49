"""Loading: against PostgreSQL's own COPY of the same rows into the ledger's table and key."""

import datetime
import os
import subprocess
import time

from program import Daemon, Program, Psql, events_in, hand_over
from server import wait_until

BATCH = 5000


class Loading:
    """The same events over and over, each time into a fresh database, the ways of loading in turn."""

    def __init__(self, bench):
        self.bench = bench
        self.server = bench.server
        self.folder = bench.folder
        self.input = f"{self.folder}/events.ndjson"
        self.rows = f"{self.folder}/events.copy"
        self.tables = {}

    def prepare(self):
        bench = self.bench
        with open(self.input, "w", encoding="utf-8") as file:
            # A case has nine events. As many a day as a million make in half a year, whatever the number: how often a
            # batch meets a cell or a case again depends on it.
            last = datetime.date(2026, 6, 30)
            first = last - datetime.timedelta(days=max(1, round(180 * bench.events / 1_000_000)))
            subprocess.run(
                [bench.program, "simulate", "--cases", str(bench.events // 9), "--seed", "1", "--from",
                 first.isoformat(), "--to", last.isoformat()], stdout=file, check=True)
        self.server.database("template")
        Program(bench.program, self.server, self.folder, "template").run("migrate")
        self.server.database("source", "template")
        Program(bench.program, self.server, self.folder, "source").run("ingest", "--retrospective", self.input)
        with Psql(self.server, "source") as psql:
            self.events = events_in(psql)
            psql.run(f"\\copy (SELECT * FROM bizclock.event ORDER BY position) TO '{self.rows}' (FORMAT binary)")
        self.server.database("source")

    def run(self):
        """One turn of each way; figures a turn."""
        turns = []
        for number in range(self.bench.repeats):
            copy = self.copy()
            backfill = self.backfill()
            live = self.live()
            turns.append({"copy": copy, "backfill": backfill, "live": live})
            self.bench.note(
                f"loading, turn {number + 1}: COPY {self.rate(copy)}, backfill {self.rate(backfill)}, "
                f"live {self.rate(live)}, verify {self.events / backfill['verify']:,.0f} events/s")
        return turns

    def rate(self, turn):
        return f"{self.events / turn['seconds']:,.0f}"

    def copy(self):
        self.server.database("copy", "template")
        used = Used(self.server, "copy")
        begun = time.monotonic()
        with open(self.rows, "rb") as rows:
            subprocess.run(
                ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.server.conninfo("copy"), "-c",
                 "\\copy bizclock.event FROM STDIN (FORMAT binary)"], stdin=rows, check=True)
        return used.figures(time.monotonic() - begun)

    def backfill(self):
        self.server.database("backfill", "template")
        program = Program(self.bench.program, self.server, self.folder, "backfill")
        used = Used(self.server, "backfill")
        usage = program.run("ingest", "--retrospective", self.input)
        figures = used.figures(usage.seconds) | {"cpu": usage.cpu, "peak": usage.peak}
        # What has just been written is on its way to the disk; to fold it again is another matter.
        with Psql(self.server, "backfill") as psql:
            psql.run("CHECKPOINT")
        verify = program.run("verify")
        return figures | {"verify": verify.seconds, "verify_peak": verify.peak}

    def live(self):
        self.server.database("live", "template")
        program = Program(self.bench.program, self.server, self.folder, "live")
        subprocess.run(["split", "-l", str(BATCH), "-a", "4", self.input, f"{program.folder}/part-"], check=True)
        parts = sorted(name for name in os.listdir(program.folder) if name.startswith("part-"))
        with Daemon(program) as daemon, Psql(self.server, "live") as psql:
            idle = daemon.memory()[0]
            # What came with the rules is not the events'.
            rules = tables(psql)
            used = Used(self.server, "live")
            before = daemon.cpu()
            begun = time.monotonic()
            for part in parts:
                hand_over(f"{program.folder}/{part}", f"{program.folder}/spool", f"{part}.ndjson")
            spool = f"{program.folder}/spool"
            wait_until(
                "live loading", 1800,
                lambda: not any(name.endswith(".ndjson") for name in os.listdir(spool)) and daemon.is_idle(psql), 0.02)
            figures = used.figures(time.monotonic() - begun)
            figures |= {"cpu": daemon.cpu() - before, "peak": daemon.memory()[1], "idle": idle}
            grown = {name: size - rules[name] for name, size in tables(psql).items()}
            self.tables = dict(sorted(grown.items(), key=lambda entry: -entry[1]))
        return figures


def tables(psql):
    """The bytes of each table with its indexes."""
    lines = psql.run(
        "SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c "
        "WHERE c.relnamespace = 'bizclock'::regnamespace AND c.relkind = 'r'")
    return {name: int(size) for name, size in (line.split("|") for line in lines)}


class Used:
    """What the server uses from now on."""

    def __init__(self, server, database):
        self.server = server
        self.database = database
        self.cpu = server.cpu()
        self.wal = self._wal()

    def _wal(self):
        with Psql(self.server, self.database) as psql:
            return int(psql.value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def figures(self, seconds):
        return {"seconds": seconds, "wal": self._wal() - self.wal, "server_cpu": self.server.cpu() - self.cpu}
