"""What a rule of the preflight looks at. Nothing else is in this file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from tb_stability.model_facts import ModelFacts
from tb_stability.report import Finding, TensorRange


@dataclasses.dataclass(frozen=True)
class Premises:
    """What is known before training has shown anything.

    Attributes:
      model: The model.
      first_batch: The tensors of the first batch; empty where they were not seen.
      batch_size: Examples of a batch; None where not known.
    """

    model: ModelFacts
    first_batch: tuple[TensorRange, ...] = ()
    batch_size: int | None = None

    @property
    def inputs(self) -> tuple[TensorRange, ...]:
        """The inputs of the first batch."""
        return tuple(tensor for tensor in self.first_batch if tensor.role == "input")

    @property
    def targets(self) -> tuple[TensorRange, ...]:
        """The targets of the first batch."""
        return tuple(tensor for tensor in self.first_batch if tensor.role == "target")

    @property
    def total_steps(self) -> int | None:
        """Steps that the run was asked for; None where not known."""
        model = self.model
        if model.steps_per_epoch is None or model.epochs is None:
            return None
        return model.steps_per_epoch * model.epochs


Rule = Callable[[Premises], Iterator[Finding]]
"""Yields what is noteworthy, mostly nothing. Harmless facts stay unsaid."""


def tensor_name(tensor: TensorRange) -> str:
    """`input 'image'`, or `input` where there is one only."""
    return f"{tensor.role} {tensor.name!r}" if tensor.name else tensor.role


def and_more(count: int, noun: str = "layer") -> str:
    """` (and 2 more layers)`; empty for 0."""
    return f" (and {count} more {noun}{'s' if count > 1 else ''})" if count > 0 else ""
