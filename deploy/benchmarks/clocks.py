"""Many open clocks: levels on their instant, all at one instant, the daemon's memory, another calendar."""

import datetime
import json
import os
import time

from loading import Used
from program import Daemon, Program, Psql, hand_over
from server import Failure, wait_until

HOUR = 3600


class Clocks:
    """A database with many open clocks, and a daemon that runs on it."""

    def __init__(self, bench):
        self.bench = bench
        self.server = bench.server
        self.folder = bench.folder

    def _accepted(self, file, prefix, process, count, at):
        """Writes a case's first event for each of `count` cases; `at` gives the time of one by its number."""
        for number in range(count):
            moment = datetime.datetime.fromtimestamp(at(number), datetime.timezone.utc)
            file.write(json.dumps({
                "event_id": "1", "case_id": f"{prefix}{number:07}", "type": "accepted", "process": process,
                "occurred_at": moment.isoformat(timespec="microseconds"), "region": f"469005{number % 200:06}"}) + "\n")

    def run(self):
        bench = self.bench
        self.server.database("clocks")
        program = Program(bench.program, self.server, self.folder, "clocks", f"{bench.files}/policy.yaml")
        program.run("migrate")
        with open(f"{self.folder}/open.ndjson", "w", encoding="utf-8") as file:
            now = time.time()
            self._accepted(file, "O", "open", bench.clocks, lambda number: now - number % HOUR)
        loaded = program.run("ingest", f"{self.folder}/open.ndjson")
        with Psql(self.server, "clocks") as psql:
            psql.run("VACUUM ANALYZE")
            count = int(psql.value("SELECT count(*) FROM bizclock.clock WHERE state = 'running'"))
            if count != bench.clocks:
                raise Failure(f"{count} clocks are open instead of {bench.clocks}")
            bench.note(f"{count:,} clocks are open, loaded in {loaded.seconds:.1f} s")
            figures = {"open": count, "burst_size": bench.burst, "load_peak": loaded.peak}
            # First, while these are all there are.
            figures["restate"] = self._restate(program, psql)
            psql.run("VACUUM ANALYZE")
            with Daemon(program) as daemon:
                wait_until("the daemon's rest", 60, lambda: daemon.is_idle(psql))
                time.sleep(1)
                # What was written so far is on the disk before the levels, which wait for the disk with each commit.
                psql.run("CHECKPOINT")
                os.sync()
                figures["memory_at_rest"] = daemon.memory()[0]
                figures["levels"] = self._levels(program, daemon, psql)
                figures["burst"] = [self._burst(program, daemon, psql, turn) for turn in range(self.bench.bursts)]
                figures["memory_peak"] = daemon.memory()[1]
        return figures

    def _levels(self, program, daemon, psql):
        """Levels fifty to the second, each on an instant of its own."""
        count = self.bench.levels
        path = f"{self.folder}/levels.ndjson"
        begin = time.time() + 10
        with open(path, "w", encoding="utf-8") as file:
            self._accepted(file, "L", "hour", count, lambda number: begin - HOUR + number * 0.02)
        hand_over(path, f"{program.folder}/spool", "levels.ndjson")
        query = "SELECT count(*) FROM bizclock.alert WHERE case_id LIKE 'L%' AND logged_at IS NOT NULL"
        wait_until("levels", 60 + count, lambda: int(psql.value(query)) == count, 0.5)
        line = psql.value(
            "SELECT concat_ws('|', " + ", ".join(
                f"1000 * extract(epoch FROM percentile_cont({part}) WITHIN GROUP (ORDER BY {column} - level_at))"
                for column in ("recorded_at", "logged_at") for part in (0.5, 0.99)) +
            ", count(data_at)) FROM bizclock.alert WHERE case_id LIKE 'L%'")
        recorded50, recorded99, logged50, logged99, late = line.split("|")
        if int(late):
            raise Failure(f"{late} of the levels were reached before their events were projected")
        return {"recorded_p50": float(recorded50), "recorded_p99": float(recorded99), "logged_p50": float(logged50),
                "logged_p99": float(logged99)}

    def _burst(self, program, daemon, psql, turn):
        """Many levels at one instant."""
        count = self.bench.burst
        path = f"{self.folder}/burst.ndjson"
        # Time to load them first.
        due = int(time.time()) + 10 + count // 5000
        with open(path, "w", encoding="utf-8") as file:
            self._accepted(file, f"B{turn}-", "hour", count, lambda _: due - HOUR)
        hand_over(path, f"{program.folder}/spool", f"burst-{turn}.ndjson")
        waiting = f"SELECT count(*) FROM bizclock.clock WHERE case_id LIKE 'B{turn}-%' AND state = 'running'"
        wait_until("the burst's clocks", 120, lambda: int(psql.value(waiting)) == count, 0.2)
        if time.time() >= due:
            raise Failure("the burst's clocks came too late; the machine is too slow for this many")
        used = Used(self.server, "clocks")
        before = daemon.cpu()
        raised = wait_until(
            "the burst's levels", due - time.time() + 120,
            lambda: float(psql.value("SELECT extract(epoch FROM levels_through) FROM bizclock.projector")) >= due)
        wait_until("the burst's lines", 300, lambda: daemon.is_idle(psql), 0.02)
        figures = used.figures(time.time() - due)
        line = psql.value(
            f"SELECT concat_ws('|', count(*), count(logged_at), extract(epoch FROM max(logged_at)) - {due}) "
            f"FROM bizclock.alert WHERE case_id LIKE 'B{turn}-%'")
        alerts, logged, last = line.split("|")
        if int(alerts) != count or int(logged) != count:
            raise Failure(f"{alerts} alerts and {logged} lines of {count} levels")
        return figures | {"recorded": raised - due, "logged": float(last), "cpu": daemon.cpu() - before}

    def _restate(self, program, psql):
        """A holiday moves the due time of every open clock."""
        day = (datetime.date.today() + datetime.timedelta(days=3)).isoformat()
        path = f"{program.folder}/calendar.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write("calendars:\n  - { id: always, time_zone: Asia/Shanghai, week: mon-sun, "
                       f"hours: [\"00:00-24:00\"], days: [{{ date: {day}, kind: holiday, name: a holiday }}], "
                       "published_until: 2110-12-31, fixed_holidays: [] }\n")
        due = "SELECT min(due_at) FROM bizclock.clock WHERE commitment = 'open'"
        before = psql.value(due)
        used = Used(self.server, "clocks")
        usage = program.run("calendar", "apply", path, "--reason", "the benchmark's holiday")
        if psql.value(due) == before:
            raise Failure("the holiday moved no due time")
        return used.figures(usage.seconds) | {"cpu": usage.cpu, "peak": usage.peak}
