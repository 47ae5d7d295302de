"""Runs that this package did not record: their loss, replayed through the detectors.

`keras.callbacks.TensorBoard`, PyTorch's `SummaryWriter` and others write a
loss and sometimes a learning rate as scalars. That is enough for a verdict on
the loss; what is missing is said in words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.restarts import drop_rewritten
from tb_stability.plugin.rows import RunRows
from tb_stability.series import Layout
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.step_block import StepBlock


@dataclasses.dataclass(frozen=True)
class Family:
    """Scalar tags that belong together and count the same steps.

    Attributes:
      loss: Tag of the loss.
      learning_rates: Tags of the learning rate, the first that exists is taken.
      caveat: What the reader has to know of these values; may be empty.
    """

    loss: str
    learning_rates: tuple[str, ...]
    caveat: str = ""


FAMILIES = (
    Family(
        "batch_loss",
        ("batch_learning_rate",),
        "Keras's batch_loss is the mean since the start of the epoch, not that of one batch.",
    ),
    Family("train/loss", ("train/learning_rate", "train/lr", "learning_rate", "lr")),
    Family("Loss/train", ("learning_rate", "lr", "LR")),
    Family("loss/train", ("learning_rate", "lr", "LR")),
    Family("train_loss", ("learning_rate", "lr", "lr-Adam", "lr-SGD")),
    Family("training_loss", ("learning_rate", "lr")),
    Family("loss", ("learning_rate", "lr")),
    Family("Loss", ("learning_rate", "lr", "LR")),
    Family(
        "epoch_loss",
        ("epoch_learning_rate", "epoch_lr"),
        "Its steps are epochs: what happens inside an epoch cannot be seen.",
    ),
)
"""Names that frameworks and tutorials use; the first with a loss in the log is taken, finest steps first."""

FOREIGN_TAGS = frozenset(tag for family in FAMILIES for tag in (family.loss, *family.learning_rates))
"""All of them."""


def read_foreign_rows(experiment: Experiment, folder: str, family: Family, tags: Sequence[str]) -> RunRows:
    """Reads the loss, and the learning rate where it was written at the same steps."""
    names = {"loss": family.loss}
    learning_rate = next((tag for tag in family.learning_rates if tag in tags), None)
    if learning_rate is not None:
        names["learning_rate"] = learning_rate
    points = {name: dict(drop_rewritten(experiment.read_scalars(folder, tag))) for name, tag in names.items()}
    steps = sorted(points["loss"])
    block = StepBlock(
        steps=np.array(steps, np.int64),
        scalars={
            name: np.array([p.get(step, 0.0) for step in steps], np.float32) for name, p in points.items()
        },
        observed={name: np.array([step in p for step in steps], bool) for name, p in points.items()},
        variables={},
        normalizations={},
        variables_observed=np.zeros(len(steps), bool),
        normalizations_observed=np.zeros(len(steps), bool),
    )
    return RunRows(RowLayout(layout=Layout(), scalars=tuple(names)), block)


def foreign_problems(name: str, family: Family) -> tuple[str, ...]:
    """What a run of this family lacks, and how to record it."""
    log_dir = "logs" if name == "." else f"logs/{name}"
    missing = (
        f"This run was not recorded by Stability: it was judged by its {family.loss!r} alone, without "
        "gradients, weights, updates and BatchNormalization. To record them: "
        "from tb_stability import StabilityCallback; "
        f'model.fit(..., callbacks=[StabilityCallback("{log_dir}")])'
    )
    return (missing, family.caveat) if family.caveat else (missing,)
