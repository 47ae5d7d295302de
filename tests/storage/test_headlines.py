"""The headline series."""

from __future__ import annotations

import numpy as np

from tb_stability.series import StepValues
from tb_stability.storage.headlines import headline_interval, headline_values


def test_they_get_rarer_as_a_run_gets_longer() -> None:
    """At most 500 more points each time the run doubles."""
    written = [step for step in range(20_000) if step % headline_interval(step) == 0]
    assert written[:3] == [0, 1, 2]
    assert len(written) < 1000 + 5 * 501
    assert max(np.diff(written)) == 32


def test_the_ratio_is_finite_where_weights_are_zero() -> None:
    values = StepValues(
        {"loss": 1.0, "batch_size": 32.0},
        {"weight_norm": np.array([0.0, 2.0], np.float32), "update_norm": np.array([1.0, 0.5], np.float32)},
    )
    assert headline_values(values) == {"loss": 1.0, "update_ratio_max": 0.25}
