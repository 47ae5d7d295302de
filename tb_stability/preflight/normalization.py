"""BatchNormalization: batch size, momentum against the run's length, epsilon, biases in front."""

from __future__ import annotations

from collections.abc import Iterator

from tb_stability.preflight.premises import Premises, and_more
from tb_stability.report import Finding

FEW_EXAMPLES = 8
"""Batch size below which the statistics of a batch are noisy."""

LEFT_OVER = 0.05
"""Share of the initial moving statistics that may be left at the end of a run."""

_LARGE_EPSILON = 0.1


def share_left(momentum: float, steps: int) -> float:
    """Returns the share of the initial moving statistics left after `steps`: momentum ** steps."""
    return float(momentum**steps)


def inspect(premises: Premises) -> Iterator[Finding]:
    """Small batches, moving statistics slower than the run, a large epsilon, useless biases.

    Sources: Ioffe and Szegedy, Batch normalization, 2015, sections 3.1 and 3.2 (statistics, biases); Wu and
    He, Group normalization, 2018, figure 1 (error against batch size).
    """
    model = premises.model
    layers = model.batch_normalizations
    if not layers:
        return
    more = and_more(len(layers) - 1)
    if premises.batch_size is not None and premises.batch_size < FEW_EXAMPLES:
        yield Finding(
            "bn_small_batch",
            layers[0].layer,
            f"Layer {layers[0].layer}{more} normalises over batches of {premises.batch_size}; below "
            f"{FEW_EXAMPLES} examples their mean and variance are mostly noise.",
        )
    total = premises.total_steps
    slow = [n for n in layers if total is not None and share_left(n.momentum, total) > LEFT_OVER]
    if slow and total is not None:
        yield Finding(
            "bn_momentum",
            slow[0].layer,
            f"The moving statistics of layer {slow[0].layer}{and_more(len(slow) - 1)} follow with momentum "
            f"{slow[0].momentum:g}: after the {total} steps of this run "
            f"{100 * share_left(slow[0].momentum, total):.0f} % of their initial values are left.",
        )
    wide = [n for n in layers if n.epsilon > _LARGE_EPSILON]
    if wide:
        yield Finding(
            "bn_epsilon",
            wide[0].layer,
            f"Layer {wide[0].layer}{and_more(len(wide) - 1)} adds epsilon = {wide[0].epsilon:g} to the "
            "variance; usual is 0.001, and a large one keeps the outputs small.",
        )
    biased = [layer for layer in model.layers if layer.has_batch_normalization_next and layer.use_bias]
    if biased:
        yield Finding(
            "bias_before_bn",
            biased[0].layer,
            f"The bias of layer {biased[0].layer}{and_more(len(biased) - 1)} has no effect: "
            "BatchNormalization takes it out again. use_bias=False saves it.",
        )
