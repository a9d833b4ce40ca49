"""The program under measurement: its commands, and its daemon."""

import os
import signal
import subprocess
import time

from server import Failure, Psql, cpu, memory, wait_until

CONFIGURATION = """\
database: "{conninfo}"
state_directory: {folder}/state
http: {{ listen: "127.0.0.1:0" }}
feeds: [{{ name: bench, source: bench, kind: spool, directory: {folder}/spool, format: ndjson }}]
{policy}
"""


class Usage:
    """What a command has used: seconds, CPU seconds, MiB at its highest."""

    def __init__(self, seconds, cpu_seconds, peak):
        self.seconds = seconds
        self.cpu = cpu_seconds
        self.peak = peak


class Program:
    """bizclock over one database."""

    def __init__(self, path, server, folder, database, policy=None):
        self.path = path
        self.server = server
        self.database = database
        self.folder = f"{folder}/{database}"
        os.makedirs(f"{self.folder}/spool", exist_ok=True)
        self.configuration = f"{self.folder}/bizclock.yaml"
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(
                conninfo=server.conninfo(database), folder=self.folder, policy=f"policy: {policy}" if policy else ""))

    def run(self, *arguments):
        """Runs a command; what it has used."""
        with open(f"{self.folder}/output", "w+", encoding="utf-8") as output:
            begun = time.monotonic()
            process = subprocess.Popen(
                [self.path, "--config", self.configuration, *arguments], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - begun
            if process.returncode != 0:
                output.seek(0)
                raise Failure(f"bizclock {arguments[0]}: {output.read().strip()[-2000:]}")
        return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Daemon:
    """`bizclock run`, from its first sign of readiness to its end."""

    def __init__(self, program):
        self.program = program
        self.log = f"{program.folder}/log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [program.path, "--config", program.configuration, "run"], stdin=subprocess.DEVNULL, stderr=log)
        try:
            wait_until("the daemon's start", 120, self._is_ready, 0.05)
        except BaseException:
            self.process.kill()
            raise

    def _is_ready(self):
        with open(self.log, encoding="utf-8") as log:
            text = log.read()
        if self.process.poll() is not None:
            raise Failure(f"the daemon has ended: {text[-2000:]}")
        return '"leader.elected"' in text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        return cpu(self.process.pid)

    def memory(self):
        return memory(self.process.pid)

    def is_idle(self, psql):
        """Whether all that is in the ledger is projected, no level waits to be raised and all lines are written; but for
        the summary of a load, which comes two seconds after its end on purpose."""
        return psql.value(
            "SELECT p.position = h.position "
            "AND NOT EXISTS (SELECT FROM bizclock.log_outbox WHERE event <> 'alert.summary') "
            "AND NOT EXISTS (SELECT FROM bizclock.clock WHERE next_level_at <= now()) "
            "FROM bizclock.projector p, bizclock.ledger_head h") == "t"


def hand_over(path, spool, name):
    """Puts a file into a spool directory, whole."""
    os.rename(path, f"{spool}/{name}.part")
    os.rename(f"{spool}/{name}.part", f"{spool}/{name}")


def events_in(psql):
    return int(psql.value("SELECT count(*) FROM bizclock.event"))


__all__ = ["Daemon", "Program", "Psql", "Usage", "events_in", "hand_over"]
