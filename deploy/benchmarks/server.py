"""A PostgreSQL cluster of the benchmark's own, statements on it, and what processes have used."""

import os
import pwd
import shutil
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")

# What the figures rest on; printed with them. The first three are what makes a commit last.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "lz4",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
}


class Failure(Exception):
    """What keeps the benchmark from going on, in words."""


def server_programs():
    folder = os.environ.get("BIZCLOCK_POSTGRES_BIN")
    if folder:
        return folder
    root = "/usr/lib/postgresql"
    versions = sorted((v for v in os.listdir(root) if v.isdigit()), key=int) if os.path.isdir(root) else []
    if not versions:
        raise Failure("PostgreSQL's server programs are not installed; install the Debian package postgresql")
    return f"{root}/{versions[-1]}/bin"


class Server:
    """Started in a folder of its own, reached by a socket there, and thrown away at the end."""

    def __init__(self, folder):
        self.programs = server_programs()
        self.folder = folder
        self.data = f"{folder}/data"
        self.demote = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to be root.
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self.demote = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._run(["initdb", "-D", self.data, "-U", "bench", "-E", "UTF8", "--locale=C", "--auth=trust", "-N"])
        with open(f"{self.data}/postgresql.auto.conf", "a", encoding="utf-8") as conf:
            for name, value in SETTINGS.items():
                conf.write(f"{name} = '{value}'\n")
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\n")
        self.start()

    def _run(self, command):
        done = subprocess.run(
            [f"{self.programs}/{command[0]}", *command[1:]], cwd="/", **self.demote, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"{command[0]} failed: {done.stdout.strip()}")

    def start(self):
        self._run(["pg_ctl", "-D", self.data, "-l", f"{self.folder}/log", "-w", "start"])
        with open(f"{self.data}/postmaster.pid", encoding="utf-8") as file:
            self.pid = int(file.readline())

    def stop(self):
        self._run(["pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop"])

    def conninfo(self, database):
        return f"host={self.folder} user=bench dbname={database}"

    def version(self):
        with Psql(self, "postgres") as psql:
            return psql.value("SHOW server_version")

    def cpu(self):
        """CPU seconds of all server processes so far, those that have ended included."""
        total = cpu(self.pid, children=True)
        for child in children(self.pid):
            total += cpu(child)
        return total

    def database(self, name, template=None):
        """A fresh database in place of the one of that name; everything before it is on disk."""
        with Psql(self, "postgres") as psql:
            psql.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            psql.run(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
            psql.run("CHECKPOINT")


class Psql:
    """A psql that stays: one statement after the other, without a process for each."""

    def __init__(self, server, database):
        self.process = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", server.conninfo(database)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def run(self, statement):
        """The lines that a statement gives, columns parted by |."""
        try:
            self.process.stdin.write(statement + ";\n\\echo .\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Failure(f"psql: {self.process.stderr.read().strip()}")
            if line == ".\n":
                return lines
            lines.append(line.rstrip("\n"))

    def value(self, statement):
        lines = self.run(statement)
        return lines[0] if lines else ""


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
        except FileNotFoundError:
            pass
    return found


def cpu(pid, children=False):
    """CPU seconds of a process; of those of its children that have ended, too, if asked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    ticks = int(fields[11]) + int(fields[12])
    if children:
        ticks += int(fields[13]) + int(fields[14])
    return ticks / TICK


def memory(pid):
    """(now, highest) memory of a process in MiB."""
    values = {}
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                values[name] = int(rest.split()[0]) / 1024
    return values["VmRSS"], values["VmHWM"]


def wait_until(what, seconds, condition, pause=0.005):
    """Asks until it is so; the time at which it was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return time.time()
        time.sleep(pause)
    raise Failure(f"{what}: not within {seconds} s")


def free_bytes(folder):
    return shutil.disk_usage(folder).free
