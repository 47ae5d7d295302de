"""What measuring probably costs."""

from __future__ import annotations

from tb_stability.measures.tensorflow.probe import added_seconds


def test_more_entries_more_variables_and_slow_reductions_cost_more_and_everything_costs_most() -> None:
    """Kills: a cost that leaves out the entries, the operations, or XLA."""
    small = added_seconds([1000], large=0, is_slow=False)
    assert 0.0 < small[0] < small[1] < 0.01
    for dearer in (
        added_seconds([100_000_000], large=1, is_slow=False),
        added_seconds([1000] * 1000, large=0, is_slow=False),
        added_seconds([10_000_000], large=0, is_slow=True),
    ):
        assert dearer[0] > 4 * small[0]
        assert dearer[1] > 4 * small[1]
