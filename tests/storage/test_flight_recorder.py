"""What is stored of a run, read back as a log would be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_stability.series import VARIABLE_MEASURES, Layout, StepValues, Variable
from tb_stability.storage.flight_recorder import (
    ALARM_BYTES_PER_INTERVAL,
    ALARMS_PER_INTERVAL,
    BYTES_PER_INTERVAL,
    STEPS_AFTER_ALARM,
    STEPS_AFTER_END,
    STEPS_BEFORE_ONSET,
    FlightRecorder,
)
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import Row, pack_step
from tb_stability.summary.step_block import StepBlock, concatenate, keep_newest
from tb_stability.summary.steps import pack_rows, row_bytes, unpack_block
from tb_stability.windows import Window

COLUMNS = RowLayout(Layout(), ("loss",))
ROWS_PER_INTERVAL = 512  # of a row as small as that


def window(kind: str, start: int, end: int | None = None) -> Window:
    return Window(kind, "loss", None, (), start, start, end, start, 1.0, "warning")


class Run:
    """Steps on their way into rows, which are taken now and then.

    Args:
      changed: Windows by the step at which they open or close.
      flush_every: Steps after which all rows are taken.
    """

    def __init__(
        self,
        losses: Sequence[float],
        changed: Mapping[int, Window] | None = None,
        *,
        flush_every: int = 7919,
        first_step: int = 0,
    ) -> None:
        self.recorder = FlightRecorder(COLUMNS)
        self.rows: list[Row] = []
        self.urgent: list[int] = []
        for step, loss in enumerate(losses, first_step):
            windows = [changed[step]] if changed and step in changed else []
            if self.recorder.add(pack_step(step, StepValues({"loss": loss}), COLUMNS), windows):
                self.urgent.append(step)
            if step % flush_every == flush_every - 1:
                self.rows += self.recorder.take_rows(everything=True)
        self.rows += self.recorder.take_rows(everything=True)

    @property
    def block(self) -> StepBlock:
        """The rows, as the viewer reads them."""
        blocks = [unpack_block(pack_rows(b, COLUMNS), b[0].first_step, COLUMNS) for b in blocks_of(self.rows)]
        return concatenate(keep_newest(blocks))

    def exact_steps(self) -> list[int]:
        """The steps that have a row of their own."""
        block = self.block
        return [
            s for s, last in zip(block.steps.tolist(), block.last_steps.tolist(), strict=True) if s == last
        ]


def blocks_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of one kind, in increasing steps."""
    blocks: list[list[Row]] = []
    for row in rows:
        last = blocks[-1][-1] if blocks else row
        if last.last_step < row.first_step and (last.extremes is None) is (row.extremes is None):
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return blocks


def lengths(block: StepBlock) -> list[int]:
    return (block.last_steps - block.steps + 1).tolist()


def test_a_row_stands_for_more_and_more_steps() -> None:
    block = Run([1.0] * 4000).block
    assert lengths(block)[:512] == [1] * 512
    assert lengths(block)[512:1024] == [2] * 512
    assert lengths(block)[1024] == 4
    assert block.step_count == 4000


def test_rows_grow_with_the_logarithm_of_the_run() -> None:
    recorder, counts = FlightRecorder(COLUMNS), []
    for step in range(2**18):
        flapping = [window("loss_spike", step)] if step % 100 == 0 else []
        flapping += [window("loss_spike", step - 1, step - 1)] if step % 100 == 1 else []
        recorder.add(pack_step(step, StepValues({"loss": 1.0}), COLUMNS), flapping)
        if (step + 1).bit_count() == 1:
            counts.append(len(recorder.take_rows(everything=False)))
    most = 2 * ROWS_PER_INTERVAL + ALARMS_PER_INTERVAL * (160 + STEPS_AFTER_ALARM)
    assert max(counts[-6:]) < most
    assert recorder.pending_bytes == 0


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_step_is_lost_or_comes_twice_whatever_happens(data: st.DataObject) -> None:
    # Kills: steps that are dropped or stored twice where an alarm meets a row, a flush, or a new interval.
    steps = data.draw(st.integers(1, 2500))
    alarms = data.draw(st.lists(st.tuples(st.integers(0, steps - 1), st.integers(0, 400)), max_size=6))
    ends = data.draw(st.lists(st.integers(0, steps - 1), max_size=3))
    changed = {step: window("loss_spike", 0, step) for step in ends}
    changed |= {step: window("loss_spike", max(0, step - delay)) for step, delay in alarms}
    losses = np.arange(steps, dtype=np.float64)
    run = Run(losses.tolist(), changed, flush_every=data.draw(st.integers(1, 700)))
    block = run.block
    assert block.steps[0] == 0
    assert block.last_steps[-1] == steps - 1
    assert (block.steps[1:] == block.last_steps[:-1] + 1).all()
    assert block.step_count == steps
    for step, delay in alarms:
        assert run.rows
        first = max(0, step - min(delay + STEPS_BEFORE_ONSET, 127))
        if step in run.urgent:
            assert set(range(first, step + 1)) <= set(run.exact_steps())


def test_spikes_and_nan_of_one_step_are_in_the_row_of_their_step() -> None:
    random = np.random.default_rng(0)
    losses = random.uniform(1, 2, 60_000)
    odd = np.sort(random.choice(60_000, 30, replace=False))
    losses[odd] = np.resize([1e6, -1e6, math.nan], 30)
    block = Run(losses.tolist(), flush_every=7001).block
    spread = block.spread
    assert spread is not None
    rows = np.searchsorted(block.steps, odd, side="right") - 1
    for row, step in zip(rows.tolist(), odd.tolist(), strict=True):
        if math.isnan(losses[step]):
            assert math.isnan(block.scalars["loss"][row])
        else:
            assert losses[step] in (spread.low.scalars["loss"][row], spread.high.scalars["loss"][row])
    calm = np.setdiff1d(np.arange(len(block)), rows)
    assert np.isfinite(block.scalars["loss"][calm]).all()
    assert spread.high.scalars["loss"][calm].max() < 2


def test_around_an_alarm_every_step_is_stored_as_it_was() -> None:
    onset, alarm, end = 30_000, 30_020, 30_080
    changed = {alarm: window("loss_divergence", onset), end: window("loss_divergence", onset, end)}
    losses = np.random.default_rng(1).uniform(1, 2, 40_000).astype(np.float32)
    run = Run(losses.tolist(), changed)
    expected = range(onset - STEPS_BEFORE_ONSET, end + STEPS_AFTER_END)
    assert run.urgent == [alarm]
    assert [s for s in run.exact_steps() if s > 600] == list(expected)
    block = run.block.between(expected[0], expected[-1])
    assert block.scalars["loss"].tolist() == losses[expected[0] : expected[-1] + 1].tolist()


@pytest.mark.parametrize("onset", [70_000, 70_040, 70_080])
def test_rows_from_before_the_onset_do_not_hold_what_came_after_it(onset: int) -> None:
    """Kills: steps that enter the open row before it is known whether an alarm wants them."""
    losses = [1.0] * onset + [100.0] * 80
    block = Run(losses, {onset + 60: window("loss_spike", onset)}, flush_every=64_000).block
    spread = block.spread
    assert spread is not None
    assert spread.high.scalars["loss"][block.last_steps < onset].max() == 1


def test_a_window_that_stays_open_stores_single_steps_only_for_a_while() -> None:
    run = Run([1.0] * 60_000, {20_000: window("loss_plateau", 20_000)})
    exact = [s for s in run.exact_steps() if s > 600]
    assert exact == list(range(20_000 - STEPS_BEFORE_ONSET, 20_000 + STEPS_AFTER_ALARM))


def test_an_onset_long_ago_is_stored_as_far_as_the_ring_reaches_back() -> None:
    run = Run([1.0] * 60_000, {20_000: window("loss_plateau", 100)})
    first = min(s for s in run.exact_steps() if s > 600)
    assert 127 <= 20_000 - first <= 160


def test_a_second_kind_soon_after_stores_no_step_twice() -> None:
    changed = {20_000: window("loss_spike", 20_000), 20_010: window("non_finite", 20_005)}
    run = Run([1.0] * 20_100, changed)
    exact = [row.first_step for row in run.rows if row.extremes is None and row.first_step > 600]
    assert exact == list(range(20_000 - STEPS_BEFORE_ONSET, 20_100))
    assert run.urgent == [20_000, 20_010]


def test_a_run_that_flaps_is_followed_up_some_times_each_doubling() -> None:
    opens = range(10_000, 20_000, 500)
    changed = {s: window("loss_spike", s) for s in opens}
    changed |= {s + 1: window("loss_spike", s, s) for s in opens}
    run = Run([1.0] * 20_000, changed)
    doublings = run.recorder.interval.bit_length() - 1
    assert ALARMS_PER_INTERVAL < len(run.urgent) <= ALARMS_PER_INTERVAL * 2 < len(opens)
    assert doublings == 5


def test_the_single_steps_of_a_large_model_are_bounded_in_bytes() -> None:
    layout = Layout(tuple(Variable(f"v{i}", f"v{i}", "kernel", (1,)) for i in range(2000)))
    columns = RowLayout(layout, ("loss",))
    recorder = FlightRecorder(columns)
    measured = dict.fromkeys(VARIABLE_MEASURES, np.ones(2000, np.float32))
    values = pack_step(0, StepValues({"loss": 1.0}, measured), columns)
    size, spans = 0, 0
    for step in range(400):
        at = type(values)(step, values.mask, values.scalars, values.variables, None)
        changed = [window("loss_spike", step)] if step % 10 == 0 else []
        recorder.add(at, changed)
        for row in recorder.take_rows(everything=False):
            size += row_bytes(columns, is_span=False) if row.extremes is None else 0
            spans += row_bytes(columns, is_span=True) if row.extremes else 0
    assert recorder.interval <= 16
    # 32 rows at interval 1, then at least 64 single steps each time that the interval doubles
    assert size <= (32 + 64 * 4) * row_bytes(columns, is_span=False)
    assert 64 * row_bytes(columns, is_span=False) > ALARM_BYTES_PER_INTERVAL
    assert 32 * row_bytes(columns, is_span=True) > BYTES_PER_INTERVAL


@pytest.mark.parametrize("gap", [5, 2**25])
def test_steps_that_are_missing_are_not_counted(gap: int) -> None:
    recorder = FlightRecorder(COLUMNS)
    steps = [*range(520), *range(520 + gap, 530 + gap)]
    for step in steps:
        recorder.add(pack_step(step, StepValues({"loss": 1.0}), COLUMNS))
    rows = recorder.take_rows(everything=True)
    assert sum(row.count for row in rows) == len(steps)
    assert rows[-1].last_step == steps[-1]
    assert all(before.last_step < after.first_step for before, after in itertools.pairwise(rows))
    for row in rows:
        pack_rows([row], COLUMNS)
