"""What a detector is. Nothing else is in this file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from tb_stability.series import Layout, StepValues
from tb_stability.window_builder import Target, WindowRules

Group = Literal["scalars", "variables", "normalizations", "activations"]
Scores = npt.NDArray[np.float64]


class Detector(Protocol):
    """A symptom as a score; what becomes of scores is decided in `WindowBuilder`.

    A detector is made from the layout of a run and its `RunLoss`, which has
    learned a step before the detector sees it. It sees each step once, in order,
    and never a later one. It has no clock, no randomness and bounded memory,
    and does not change the values that it is given. NaN and Inf are data: numpy warns of nothing
    (`np.errstate`) while it is called.

    Attributes:
      kind: Name of the symptom.
      rules: When its scores become a window.
      warmup: Steps that it must see before a score can be abnormal.
      reads: Group of `StepValues` that it cannot do without: a thinned step, which lacks it, is not shown
        to it.
    """

    kind: str
    rules: WindowRules
    warmup: int
    reads: Group

    @property
    def targets(self) -> Sequence[Target]:
        """What its scores speak of, in network order; empty where the run has no such thing."""
        ...

    @property
    def missing(self) -> str:
        """What the run so far lacks for this symptom to be looked for, in words; empty where nothing is."""
        ...

    def update(self, values: StepValues) -> float | Scores:
        """Returns the score of a step: `[targets]`, or one float that holds for all of them.

        1 is just abnormal. 0 while warming up. NaN where the step says nothing
        about the symptom: not measured, or not finite (only `non_finite`
        speaks about those).
        """
        ...

    def change_layout(self, layout: Layout) -> None:
        """Looks at other variables from the next step on; what is known of the loss stays."""
        ...
