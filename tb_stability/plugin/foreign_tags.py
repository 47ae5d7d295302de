"""Under which names other tools write what we can judge: one table, which a user can extend.

Steps of one **axis** compare with each other. Keras counts epochs in `epoch_*` and batches in `batch_*`, in
one run; all else is taken to count whatever its writer calls a step.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

Axis = Literal["step", "batch", "epoch"]

AXES: tuple[Axis, ...] = ("batch", "step", "epoch")
"""Finest first."""

CAVEATS: Mapping[Axis, str] = {
    "batch": "Its steps are batches. Keras's batch_loss is the mean since the start of the epoch, not that "
    "of one batch.",
    "step": "",
    "epoch": "Its steps are epochs: what happens inside an epoch cannot be seen.",
}
"""What a reader has to know of the values of an axis."""

SERIES = ("loss", "val_loss", "learning_rate", "grad_norm")
"""The series that are looked for; the names are those of `series.SCALARS`."""

_TRAIN = ("train", "training", "Train", "Training")
_VALIDATION = ("val", "valid", "validation", "eval", "Val", "Valid", "Validation", "Eval")
_LOSSES = ("loss", "Loss", "total_loss", "cross_entropy", "nll_loss", "mse", "mae")
_RATES = ("learning_rate", "lr", "LR", "learning-rate", "Learning Rate", "Learning_Rate", "LearningRate")
_NORMS = (
    "grad_norm",
    "gradient_norm",
    "global_grad_norm",
    "total_grad_norm",
    "total_norm",
    "global_norm",
    "grad_norm_total",
    "gnorm",
    "grad_2.0_norm_total",
)
_OPTIMIZERS = ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "NAdam", "RAdam", "Lion", "LBFGS")


class TagsArgumentError(ValueError):
    """What a user gave to extend the table is wrong; the text says how it is written."""


def _split(parts: Iterable[str], names: Iterable[str]) -> Iterable[str]:
    """`train/loss`, `train_loss`, `loss/train`, and so on, by every separator in use."""
    for name, part in itertools.product(names, parts):
        yield from (f"{part}{s}{name}" for s in ("/", "_", ".", " ", "-"))
        yield from (f"{name}{s}{part}" for s in ("/", "_"))


_STEP_LOSSES = (
    # Lightning: one name logged both a step and an epoch. The steps are finer.
    *(f"{name}_step" for name in _split(_TRAIN, ("loss",))),
    "loss_step",
    *_split(_TRAIN, _LOSSES[:3]),
    "trainLoss",
    "loss",
    "Loss",
    "total_loss",
    "losses/total_loss",
    "losses/loss",
    "rollout/loss",
    *_split(_TRAIN, _LOSSES[3:]),
    *(f"{name}_epoch" for name in _split(_TRAIN, ("loss",))),
    "loss_epoch",
    "train/epoch_loss",
)
_STEP_VALIDATION_LOSSES = (
    *_split(_VALIDATION, _LOSSES),
    *(f"{name}_epoch" for name in _split(_VALIDATION, ("loss",))),
    "valLoss",
)
_STEP_RATES = (
    *_RATES,
    *_split(_TRAIN, _RATES),
    *(f"{prefix}lr-{name}" for prefix in ("", "train/") for name in _OPTIMIZERS),  # Lightning's monitor
    *(f"lr-{name}/pg1" for name in _OPTIMIZERS),
    "charts/learning_rate",
    "lr/pg0",
    "lr/0",
)
_STEP_NORMS = (*_NORMS, *_split(_TRAIN, _NORMS), *_split(("grad", "gradients", "Gradients"), ("norm",)))

_KERAS: Mapping[Axis, Mapping[str, tuple[str, ...]]] = {
    axis: {
        "loss": (f"{axis}_loss",),
        "val_loss": (f"{axis}_val_loss",),
        "learning_rate": (f"{axis}_learning_rate", f"{axis}_lr"),
        "grad_norm": (f"{axis}_grad_norm",),
    }
    for axis in ("batch", "epoch")
}

VALIDATION_FOLDER_LOSSES: Mapping[Axis, tuple[str, ...]] = {
    "batch": ("evaluation_loss_vs_iterations",),
    "epoch": ("epoch_loss",),
    "step": tuple(name for name in _STEP_LOSSES if name.lower() in ("loss", "total_loss")),
}
"""The loss in a folder that is the validation of a run: of Keras, or of `SummaryWriter.add_scalars`."""


@dataclasses.dataclass(frozen=True)
class TagTable:
    """The names of each series, by axis; of several that a log has, the first is taken.

    Attributes:
      names: By axis, then by series of `SERIES`.
    """

    names: Mapping[Axis, Mapping[str, tuple[str, ...]]]

    @property
    def all_tags(self) -> frozenset[str]:
        """Every name in it, and those in the folders of a validation."""
        named = (tags for series in self.names.values() for tags in series.values())
        return frozenset(itertools.chain(*named, *VALIDATION_FOLDER_LOSSES.values()))

    def extended(self, added: Mapping[str, Sequence[str]]) -> TagTable:
        """With more names by series; these come first, and count steps."""
        steps = {series: (*added.get(series, ()), *tags) for series, tags in self.names["step"].items()}
        return TagTable({**self.names, "step": steps})


TAGS = TagTable(
    {
        **_KERAS,
        "step": {
            "loss": tuple(dict.fromkeys(_STEP_LOSSES)),
            "val_loss": tuple(dict.fromkeys(_STEP_VALIDATION_LOSSES)),
            "learning_rate": tuple(dict.fromkeys(_STEP_RATES)),
            "grad_norm": tuple(dict.fromkeys(_STEP_NORMS)),
        },
    }
)
"""The names that Keras, PyTorch, Lightning and their tutorials use."""


def parse_tags(text: str) -> dict[str, list[str]]:
    """Parses what a user added: `loss=my/loss,other/loss;learning_rate=my/rate`.

    Raises:
      TagsArgumentError: If it is written in another way.

    Example:
      >>> parse_tags("loss=my/loss, other loss;grad_norm=norm")
      {'loss': ['my/loss', 'other loss'], 'grad_norm': ['norm']}
    """
    added: dict[str, list[str]] = {}
    for part in filter(str.strip, text.split(";")):
        series, separator, tags = part.partition("=")
        names = [tag.strip() for tag in tags.split(",") if tag.strip()]
        if not separator or series.strip() not in SERIES or not names:
            raise TagsArgumentError(
                f"tags must be SERIES=TAG,TAG;SERIES=TAG with a series of {', '.join(SERIES)}: got {part!r}"
            )
        added.setdefault(series.strip(), []).extend(names)
    return added


_SPLIT_FOLDER = re.compile(r"(?:.*loss.*)_(train|training|val|valid|validation|test)", re.IGNORECASE)


def folder_role(last: str) -> Literal["run", "train", "validation"]:
    """What the last part of a folder's name says: that it is a part of the run above, or a run of its own.

    `train` and `validation` are of `keras.callbacks.TensorBoard`, `Loss_train` and `Loss_val` of
    `SummaryWriter.add_scalars`.
    """
    if last in ("train", "validation"):
        return "train" if last == "train" else "validation"
    found = _SPLIT_FOLDER.fullmatch(last)
    if found is None:
        return "run"
    return "train" if found[1].lower().startswith("train") else "validation"
