"""Dashboards over many finished clocks: the metric cells as that many would have made them, put there by SQL."""

import time

from program import Program, Psql

# A city's 17 towns, two channels, two entity types and three commitments, on each worked day; ten million clocks are
# four years of them, 50 a cell.
SERIES = """
INSERT INTO bizclock.metric_series
  (version_from, basis, process, commitment, region, channel, entity_type, report_tag, outcome)
SELECT '2019-01-01', 'stop', 'opening', c, (469005100 + r)::text, h, e, '', 'completed'
FROM unnest(ARRAY['opening', 'one_day', 'dereg_notice']) c, generate_series(0, 16) r,
  unnest(ARRAY['online', 'window']) h, unnest(ARRAY['enterprise', 'individual']) e
"""
CELLS = """
INSERT INTO bizclock.metric_cell
  (day, series, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us, overrun_us,
   days_sketch, working_sketch)
SELECT d::date, s.series, 50, 45, 5, 0, 20, 90, 1000000000000, 5000000000000, 0, 5000000,
  ARRAY(SELECT (b << 32) | 10 FROM generate_series(0::bigint, 4) b),
  ARRAY(SELECT ((1500 + s.series % 40 + b * 3) << 32) | 5 FROM generate_series(0::bigint, 9) b)
FROM generate_series('2023-01-02'::timestamp, '2023-01-01'::timestamp + {days} * interval '1 day', '1 day') d,
  bizclock.metric_series s
WHERE extract(isodow FROM d) <= 5
ORDER BY d, s.series
"""
RAW = """
INSERT INTO bizclock.clock
  (case_id, commitment, round, version_from, started_at, started_received_at, due_at, stopped_at, mark_at,
   verdict_recorded_at, working_us, elapsed_us, paused_us, mark_office_us, due_day, stopped_day, mark_day, counted_days,
   extended_days, provisional, breached, early, history, state, verdict, outcome, calendar)
SELECT 'KB' || lpad(n::text, 21, '0'), 'opening', 1, '2019-01-01', t, t, t + interval '2 days', t + interval '1 day',
  t + interval '1 day', t, 36000000000, 86400000000, 0, 0, (t + interval '2 days')::date, (t + interval '1 day')::date,
  (t + interval '1 day')::date, 1, 0, false, false, false, false, 'stopped', 'on_time', 'completed', 'cn'
FROM (SELECT n, '2023-01-02'::timestamptz + n * interval '10 s' AS t FROM generate_series(1, {clocks}) n) g
"""
CASES = """
INSERT INTO bizclock.case_file (case_id, events, process, region, may_be_individual)
SELECT 'KB' || lpad(n::text, 21, '0'), 9, 'opening', (469005100 + n % 17)::text, false
FROM generate_series(1, {clocks}) n
"""
QUESTIONS = {
    "a month by region": """
        SELECT r.region, r.finished, r.on_time_rate FROM dashboard.region_rollup r
        WHERE r.month = '2023-03-01' AND r.digits = 9""",
    "a month by region, with quantiles": """
        SELECT r.region, r.finished, r.on_time_rate, r.p90_counted_days FROM dashboard.region_rollup r
        WHERE r.month = '2023-03-01' AND r.digits = 9""",
    "a year, month by region": """
        SELECT m.month, m.region, sum(m.finished), sum(m.on_time) FROM dashboard.on_time_monthly m
        WHERE m.month BETWEEN '2023-01-01' AND '2023-12-01' GROUP BY m.month, m.region""",
    "all months by region": """
        SELECT m.month, m.region, sum(m.finished), sum(m.on_time) FROM dashboard.on_time_monthly m
        GROUP BY m.month, m.region""",
}
RAW_QUESTION = """
    SELECT date_trunc('month', c.stopped_day), f.region, count(*), count(*) FILTER (WHERE c.verdict = 'on_time')
    FROM bizclock.clock c JOIN bizclock.case_file f ON f.case_id = c.case_id
    WHERE c.verdict IS NOT NULL GROUP BY 1, 2"""


class Dashboard:
    def __init__(self, bench):
        self.bench = bench

    def run(self):
        bench = self.bench
        bench.server.database("dashboard")
        Program(bench.program, bench.server, bench.folder, "dashboard").run("migrate")
        with Psql(bench.server, "dashboard") as psql:
            psql.run(SERIES)
            # 204 series of 50 clocks each worked day.
            psql.run(CELLS.format(days=max(90, round(bench.finished / (204 * 50) * 7 / 5))))
            psql.run("VACUUM ANALYZE bizclock.metric_cell, bizclock.metric_series")
            finished = int(psql.value("SELECT sum(finished) FROM bizclock.metric_cell"))
            cells = int(psql.value("SELECT count(*) FROM bizclock.metric_cell"))
            bench.note(f"{cells:,} cells stand for {finished:,} finished clocks")
            figures = {"finished": finished, "cells": cells, "ms": {}}
            for name, question in QUESTIONS.items():
                figures["ms"][name] = [self._time(psql, question) for _ in range(bench.repeats + 1)][1:]
            if bench.raw:
                psql.run(CASES.format(clocks=finished))
                psql.run(RAW.format(clocks=finished))
                psql.run("VACUUM ANALYZE bizclock.clock, bizclock.case_file")
                figures["raw_ms"] = self._time(psql, RAW_QUESTION)
        return figures

    def _time(self, psql, question):
        begun = time.monotonic()
        psql.run(f"SELECT count(q) FROM ({question}) q")
        return (time.monotonic() - begun) * 1000
