"""Layers that no gradient reaches, as a reader hears of them."""

from __future__ import annotations

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.run_facts import RunFacts
from tb_stability.verdict import judge
from tests import synthetic
from tests.test_verdict import LEARNED, STALLED

LAYOUT = synthetic.layout(3)


def test_a_run_that_learns_without_some_of_its_layers_is_a_warning_that_says_which() -> None:
    """Kills: "powers of ten below" where there is nothing to take a logarithm of."""
    run = synthetic.network(synthetic.learning(steps=80), LAYOUT)
    for values in run:
        values.variables["grad_norm"][:2] = np.float32(0.0)
    verdict = replay(enumerate(run), LAYOUT).report().verdict
    assert verdict.status == "warning"
    assert verdict.text == (
        "The loss falls, but something is wrong: no gradient arrives in layer dense_0 from step 19 on."
    )
    assert "the gradient of dense_0 was exactly 0, and other layers had one" in verdict.why
    assert "stop_gradient" in verdict.next


@pytest.mark.parametrize(("facts", "status"), [(LEARNED, "warning"), (STALLED, "not_learning")])
def test_it_depends_on_the_loss_whether_it_learns_all_the_same(facts: RunFacts, status: str) -> None:
    run = synthetic.network(synthetic.learning(steps=80), LAYOUT)
    for values in run:
        values.variables["grad_norm"][:2] = np.float32(0.0)
    (window,) = replay(enumerate(run), LAYOUT).windows
    assert judge([window], facts).status == status
