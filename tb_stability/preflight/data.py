"""The size and the order of the data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tb_stability.preflight.premises import Premises
from tb_stability.report import Finding

_FEWEST_EXAMPLES = 8
_LARGEST_SHARE = 0.25
_LEAST_EXAMPLES = 1_000
_CLASS_LOSSES = ("SparseCategoricalCrossentropy", "BinaryCrossentropy")


def inspect(premises: Premises) -> Iterator[Finding]:
    """Batches of very few examples, or of a large part of the data; a first batch of one class only."""
    size, steps = premises.batch_size, premises.model.steps_per_epoch
    if size is not None and size < _FEWEST_EXAMPLES:
        yield Finding(
            "batch_size_small",
            None,
            f"Batches have {size} example{'s' if size > 1 else ''}: each gradient is mostly noise. Usual "
            "are 16 to 512.",
        )
    if size is not None and steps is not None and 0 < steps < 1 / _LARGEST_SHARE and size >= _LEAST_EXAMPLES:
        yield Finding(
            "batch_size_large",
            None,
            f"An epoch is {steps} step{'s' if steps > 1 else ''} of {size} examples: so few updates need "
            "many epochs, and large batches often generalize worse. Usual are 16 to 512.",
        )
    loss = premises.model.loss
    for target in premises.targets:
        is_class = loss is not None and loss.kind in _CLASS_LOSSES and math.prod(target.shape[1:]) == 1
        if is_class and target.shape[0] >= 2 * _FEWEST_EXAMPLES and target.min == target.max:
            yield Finding(
                "data_not_shuffled",
                None,
                f"All {target.shape[0]} examples of the first batch have the same class, {target.min:g}: "
                "the data looks sorted. Shuffle it.",
            )
