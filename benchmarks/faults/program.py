"""What a program of the corpus is: how it trains, and what is known to be wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

HELD_OUT_ARCHITECTURES = frozenset({"residual", "mixer"})
HELD_OUT_DATA = frozenset({"diabetes", "waves"})
"""No detector was tuned on these, nor on any program with one of them."""

FRESH_SEEDS = (3, 4)
"""Of programs that were trained and judged after the rules stood: how they do on what is new to them."""

Split = Literal["tuned", "held_out", "fresh"]
Options = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Change:
    """Something that is different for some steps.

    Attributes:
      kind: `learning_rate` (times `amount`), `inputs` (times `amount`), `offset` (inputs plus `amount`),
        `nan` (a share `amount` of the input's entries), `labels` (shuffled in the batch) or `zeros` (the
        first sample of the batch is zero, and so is its target).
      first: First step, counted from 0.
      last: Last step; None: to the end.
      amount: See `kind`.
      every: Only every n-th of those steps.
    """

    kind: Literal["learning_rate", "inputs", "offset", "nan", "labels", "zeros"]
    first: int
    last: int | None = None
    amount: float = 0.0
    every: int = 1

    def steps(self, count: int) -> slice:
        """The steps of a run of `count` that it holds for."""
        return slice(self.first, count if self.last is None else self.last + 1, self.every)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A training, down to its seed; the same recipe gives the same recording.

    Attributes:
      architecture: Module of `networks/`.
      data: Data set of `data.py`.
      seed: Of weights, order of the data, dropout.
      steps: Updates that are recorded.
      batch_size: Examples in a batch.
      network: Options of the architecture's `build`.
      data_options: Options of `data.load`.
      loss: Name in `losses.py`; `auto` is what fits the data.
      optimizer: Class in `keras.optimizers`.
      optimizer_options: Its options, but for the learning rate.
      learning_rate: The rate that `schedule` starts from.
      schedule: Name in `schedules.py`.
      changes: What changes on the way.
      way: Way of training, see `training.py`.
      precision: A dtype policy of Keras.
      validates: Whether the loss of held-back data is measured after every epoch.
      epoch_steps: Steps of an epoch.
    """

    architecture: str = "mlp"
    data: str = "digits"
    seed: int = 0
    steps: int = 400
    batch_size: int = 32
    network: Options = dataclasses.field(default_factory=dict)
    data_options: Options = dataclasses.field(default_factory=dict)
    loss: str = "auto"
    optimizer: str = "Adam"
    optimizer_options: Options = dataclasses.field(default_factory=dict)
    learning_rate: float = 2e-3
    schedule: str = "constant"
    changes: tuple[Change, ...] = ()
    way: str = "fit"
    precision: str = "float32"
    validates: bool = False
    epoch_steps: int = 50


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is wrong with a program.

    Attributes:
      symptoms: Kinds of windows; one of them at least has to be found.
      onset: First wrong step, where the fault was planted at one; None where it is there from the start.
      end: Last wrong step; None: to the end of the run.
      heals: Whether the harm outlasts `end`: until the loss is back where that of the twin is.
      layers: Layers of which one has to be named; empty where it concerns the whole run.
      traceless: Why nothing that is recorded of the training shows it; empty where something does. Such a
        program is listed, and counts neither as found nor as missed.
    """

    symptoms: frozenset[str]
    onset: int | None = None
    end: int | None = None
    heals: bool = False
    layers: frozenset[str] = frozenset()
    traceless: str = ""


@dataclasses.dataclass(frozen=True)
class Program:
    """A training with a name and a label.

    Attributes:
      name: Unique: kind, architecture, data, seed.
      kind: The fault, or of a healthy program what makes it look like one.
      recipe: How it trains.
      truth: What is wrong; None: it is healthy.
      twin: Recipe without the fault; None for a healthy program, or where there is no such thing.
    """

    name: str
    kind: str
    recipe: Recipe
    truth: Truth | None = None
    twin: Recipe | None = None

    @property
    def split(self) -> Split:
        """Whether detectors may be tuned on it."""
        if self.recipe.seed in FRESH_SEEDS:
            return "fresh"
        held_out = self.recipe.architecture in HELD_OUT_ARCHITECTURES or self.recipe.data in HELD_OUT_DATA
        return "held_out" if held_out else "tuned"
