"""Findings: what is noteworthy about model, optimizer and data before training. One subject a file."""

from __future__ import annotations

from tb_stability.preflight import (
    data,
    initial_weights,
    initializer_activation,
    input_values,
    learning_rate,
    normalization,
    optimizer,
    output_loss,
)
from tb_stability.preflight.premises import Premises, Rule
from tb_stability.report import Finding

RULES: tuple[Rule, ...] = (
    input_values.inspect,
    output_loss.inspect,
    initial_weights.inspect,
    initializer_activation.inspect,
    learning_rate.inspect,
    normalization.inspect,
    optimizer.inspect,
    data.inspect,
)
"""In the order in which their findings are shown."""


def inspect(premises: Premises) -> tuple[Finding, ...]:
    """Returns the findings of all rules."""
    return tuple(finding for rule in RULES for finding in rule(premises))
