"""When it is time to write."""

from __future__ import annotations

from tb_stability.storage.flight_recorder import ALARMS_PER_INTERVAL
from tb_stability.storage.pace import PROMPT_REPORTS, Pace

DAYS = 24 * 3600


def flushes(seconds: int) -> int:
    """How often a run of this length is flushed that asks every 160 ms."""
    pace, count, now = Pace(0.0), 0, 0.0
    while now < seconds:
        now += 0.16
        if pace.is_flush_due(now):
            pace.flushed(now, with_report=False)
            count += 1
    return count


def test_a_young_run_is_flushed_every_few_seconds_and_one_of_days_some_hundred_times() -> None:
    """With `--samples_per_plugin` as we set it, TensorBoard drops blocks above 1000."""
    assert 60 <= flushes(60) <= 72
    blocks = flushes(3 * DAYS)
    assert 350 < blocks < 500
    # 5 ms a step; an alarm adds a block of spans and one of steps, and cuts the next block in two.
    doublings = int(3 * DAYS * 200 / 32).bit_length()
    alarms = 3 * ALARMS_PER_INTERVAL * doublings
    assert blocks + alarms < 900


def test_a_run_that_is_killed_in_its_first_seconds_keeps_a_good_part_of_them() -> None:
    pace, flushed = Pace(0.0), 0.0
    for now in (0.01 * i for i in range(1, 1000)):
        if pace.is_flush_due(now):
            pace.flushed(now, with_report=False)
            flushed = now
        assert now - flushed <= 0.031 + 0.05 * now


def test_the_first_steps_are_written_at_once() -> None:
    assert Pace(100.0).is_flush_due(100.0)


def test_a_changed_report_is_written_at_once_until_a_run_flaps() -> None:
    pace, written = Pace(0.0), 0
    for second in range(1, DAYS):
        if pace.is_report_due(second, changed=True):
            pace.reported(second)
            written += 1
            if written == PROMPT_REPORTS:
                assert second == PROMPT_REPORTS
    assert written < 1000


def test_where_nothing_changed_a_young_run_is_flushed_more_often_than_it_is_reported() -> None:
    """Kills: a report of some kilobytes with every few rows; one that is old when somebody looks."""
    pace, reports, reported = Pace(0.0), [], 0.0
    for now in (0.01 * i for i in range(1, 30_000)):
        if pace.is_flush_due(now):
            due = pace.is_report_due(now, changed=False)
            pace.flushed(now, with_report=due)
            reported = now if due else reported
            reports.append(due)
        assert now - reported <= 10.1 + max(3.0, now / 50)
    assert reports[0]
    assert 0.1 < sum(reports[:60]) / 60 < 0.4
