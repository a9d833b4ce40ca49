"""The table of targets: what was measured, beside what is wanted."""

import collections
import statistics

Row = collections.namedtuple("Row", "what measured target met")


def median(turns, value):
    return statistics.median(value(turn) for turn in turns)


def rows(found):
    """A row for each target that was measured; `met` is nothing where a figure has no target."""
    judged = []

    def add(what, measured, target=None, met=None):
        judged.append(Row(what, measured, target or "–", met))

    if "loading" in found:
        loading(found["loading"], add)
    if "micro" in found:
        micro(found["micro"], add)
    if "clocks" in found:
        clocks(found["clocks"], add)
    if "dashboard" in found:
        dashboard(found["dashboard"], add)
    if "long" in found:
        long_run(found["long"], add)
    return judged


def loading(part, add):
    turns, events = part["turns"], part["events"]

    def rate(way):
        return events / median(turns, lambda turn: turn[way]["seconds"])

    def ratio(way):
        # Within a turn, for the machine may be slower in one than in another.
        return median(turns, lambda turn: turn["copy"]["seconds"] / turn[way]["seconds"])

    add(f"A3: COPY of {events:,} events", f"{rate('copy'):,.0f} events/s")
    for way, what, least in (
            ("backfill", "backfill: NDJSON → ledger, clocks, cells", 0.75),
            ("live", "live: 5,000-event batches, all projected", 0.45)):
        add(what, f"{ratio(way):.2f} × A3 ({rate(way):,.0f} events/s)", f"≥ {least} × A3", ratio(way) >= least)
    for way in ("copy", "backfill", "live"):
        wal = median(turns, lambda turn: turn[way]["wal"]) / events
        add(f"WAL per event, {'A3' if way == 'copy' else way}", f"{wal:,.0f} B", *(
            () if way == "copy" else ("≤ 350 B", wal <= 350)))
    for way in ("backfill", "live"):
        own = median(turns, lambda turn: turn[way]["cpu"]) / events * 1e6
        server = median(turns, lambda turn: turn[way]["server_cpu"]) / events * 1e6
        add(f"CPU per event, {way}", f"{own:.1f} µs bizclock, {server:.1f} µs server")
        add(f"memory at its highest, {way}", f"{median(turns, lambda turn: turn[way]['peak']):.0f} MB")
    server = median(turns, lambda turn: turn["copy"]["server_cpu"]) / events * 1e6
    add("CPU per event, A3", f"{server:.1f} µs server")
    verify = events / median(turns, lambda turn: turn["backfill"]["verify"])
    add("verify: the whole ledger folded again and compared",
        f"{verify:,.0f} events/s, {median(turns, lambda turn: turn['backfill']['verify_peak']):.0f} MB",
        "≥ 200,000 events/s", verify >= 200_000)
    idle = median(turns, lambda turn: turn["live"]["idle"])
    add("daemon's memory, idle", f"{idle:.0f} MB", "≤ 40 MB", idle <= 40)
    size = sum(part["tables"].values()) / events
    largest = ", ".join(f"{name} {bytes_ / events:.0f}" for name, bytes_ in list(part["tables"].items())[:4])
    add("room per event, live", f"{size:,.0f} B ({largest})")


def micro(part, add):
    times = part["foundation_decode_ns"] / part["decode_ns"]
    add("JSON decode, one core", f"{times:.0f} × JSONDecoder ({part['decode_ns']:,.0f} ns an event)", "≥ 20 ×",
        times >= 20)
    add("due date with pauses, one core",
        f"{part['due_with_pauses_ns']:.0f} ns ({part['due_ns']:.0f} ns without)", "≤ 20 ns",
        part["due_with_pauses_ns"] <= 20)
    add("fold, one core", f"{part['fold_ns']:,.0f} ns an event")
    add("bucket of the duration sketch", f"{part['sketch_ns']:.1f} ns")


def clocks(part, add):
    open_, levels, bursts, restate = part["open"], part["levels"], part["burst"], part["restate"]
    add(f"level instant → alert committed and logged, {open_:,} open clocks",
        f"p50 {levels['logged_p50']:.1f} ms, p99 {levels['logged_p99']:.1f} ms", "p99 ≤ 50 ms",
        levels["logged_p99"] <= 50)
    recorded = statistics.median(burst["recorded"] for burst in bursts)
    logged = statistics.median(burst["logged"] for burst in bursts)
    add(f"{part['burst_size']:,} clocks due at one instant, {open_:,} open",
        f"recorded {recorded:.2f} s, logged {logged:.2f} s", "≤ 1 s, ≤ 5 s", recorded <= 1 and logged <= 5)
    add(f"daemon's memory, {open_:,} open clocks",
        f"{part['memory_at_rest']:.0f} MB, {part['memory_peak']:.0f} MB at its highest", "≤ 250 MB",
        part["memory_peak"] <= 250)
    add(f"calendar change restating {open_:,} open clocks", f"{restate['seconds']:.1f} s", "≤ 15 s",
        restate["seconds"] <= 15)


def dashboard(part, add):
    for name, times in part["ms"].items():
        took = statistics.median(times)
        add(f"dashboard over {part['finished']:,} finished clocks: {name}", f"{took:.0f} ms", "≤ 150 ms", took <= 150)
    if "raw_ms" in part:
        add("the same from the clocks themselves", f"{part['raw_ms'] / 1000:.1f} s")


def long_run(part, add):
    """The end beside the beginning. Of the day's memory and pace the first quarter is left out: caches fill."""
    # Of a few thousand events each step takes a moment, and shows nothing.
    is_long = part["history_part"] >= 500_000
    for name, what in (("history", "events of history"), ("day", "events of a day")):
        steps, size = part[name], part[f"{name}_part"]
        total = sum(step["seconds"] for step in steps)
        quarter = len(steps) // 4
        first, last = steps[quarter:2 * quarter], steps[-quarter:]
        pace = median(first, lambda step: step["seconds"]) / median(last, lambda step: step["seconds"])
        add(f"long run: {size * len(steps):,} {what}",
            f"{size * len(steps) / total:,.0f} events/s, the last quarter {pace:.2f} × the second",
            *(("≥ 0.8 ×", pace >= 0.8) if is_long else ()))
        add(f"its WAL per event, {name}", f"{sum(step['wal'] for step in steps) / size / len(steps):,.0f} B")
    hours = part["day"]
    quarter = len(hours) // 4
    first = median(hours[quarter:2 * quarter], lambda hour: hour["memory"])
    last = median(hours[-quarter:], lambda hour: hour["memory"])
    add("the daemon's memory through the day", f"{first:.0f} MB in the second quarter, {last:.0f} MB in the last, "
        f"{max(hour['peak'] for hour in hours):.0f} MB at its highest",
        *(("≤ 1.1 ×", last <= 1.1 * first) if is_long else ()))
    before, after = part["room"]
    grown = (after["bytes"] - before["bytes"]) / (after["events"] - before["events"])
    add("room per event after history, and of the day",
        f"{before['bytes'] / before['events']:,.0f} B, {grown:,.0f} B ({part['autovacuums']} sweeps by autovacuum)")


def table(judged, about, found, markdown):
    words = {True: "met", False: "missed", None: ""}
    cells = [(row.what, row.measured, row.target, words[row.met]) for row in judged]
    settings = ", ".join(f"{name}={value}" for name, value in about["settings"].items())
    where = (
        f"{about['date']}, {about['cores']} cores of {about['cpu']}, {about['memory_gib']} GB, Linux {about['kernel']}, "
        f"PostgreSQL {found['postgres']}, bizclock {about['bizclock']} ({about['commit']}), load before "
        f"{about['load_before']}; {settings}")
    if markdown:
        lines = ["| what | measured | target | |", "|---|---|---|---|"]
        lines += ["| " + " | ".join(cell) + " |" for cell in cells]
        return "\n".join(lines) + f"\n\n{where}."
    widths = [max(len(cell[column]) for cell in cells) for column in range(3)]
    lines = ["  ".join([cell[0].ljust(widths[0]), cell[1].ljust(widths[1]), cell[2].ljust(widths[2]), cell[3]]).rstrip()
             for cell in cells]
    return "\n".join(lines) + f"\n\n{where}"
