"""How a run was set up, out of what its log knows of model, optimizer and data: to compare runs by.

`configuration` is for people, `fingerprint` for machines: two runs with one fingerprint are repeated runs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from tb_stability.model_facts import ModelFacts, OptimizerFacts
from tb_stability.report import TensorRange

Setting = str | int | float | None

_DIGITS = 12


def configuration(
    model: ModelFacts | None, first_batch: Sequence[TensorRange] = (), *, batch_size: int | None = None
) -> dict[str, Setting] | None:
    """Returns the settings of a run by name; None where the model was not recorded.

    The names are always the same ones, in the same order. A setting that the run does not have, or that is
    not known, is None. Numbers have six digits, which is what a float32 holds.

    Args:
      model: The model when recording began.
      first_batch: The tensors of the first batch; empty where they were not seen.
      batch_size: Examples of a batch, where it was recorded with the steps.
    """
    if model is None:
        return None
    layers = [layer for layer in model.layers if layer.kind != "InputLayer"]
    loss = model.loss
    return {
        "way": model.way,
        **_of_optimizer(model.optimizer),
        "loss": None if loss is None else loss.kind or "a function of its own",
        "from_logits": None if loss is None or loss.from_logits is None else str(loss.from_logits),
        "batch_size": _batch_size(first_batch, batch_size),
        "input": _tensors(first_batch, "input"),
        "target": _tensors(first_batch, "target"),
        "layers": _counted(layer.kind for layer in layers),
        "activations": _counted(layer.activation for layer in layers if layer.activation != "linear"),
        "initializers": _counted(layer.initializer for layer in layers),
        "dropout": _counted(f"{layer.dropout:g}" for layer in layers if layer.dropout > 0),
        "parameters": model.parameters,
        "precision": model.compute_dtype,
        "steps_per_epoch": model.steps_per_epoch,
        "epochs": model.epochs,
        "digest": model.digest or None,
    }


def fingerprint(
    model: ModelFacts | None, first_batch: Sequence[TensorRange] = (), *, batch_size: int | None = None
) -> str | None:
    """Returns a hash that repeated runs share; None where the model was not recorded, or in too old a log.

    It covers the way of training, everything that is configured of layers, optimizer and loss, the batch
    size, the shapes and types of the data, and the steps of an epoch, which stand for the size of the data
    set. It leaves out seeds, names, the values of weights and data, and for how many epochs a run was to go
    on. What only code knows is not seen: a loop, a `train_step`, another callback that changes the learning
    rate, and of a custom loop the loss, and its batches where no `batch_size` was given.

    Args:
      model: See `configuration`, as for the others.
      first_batch: Likewise.
      batch_size: Likewise.
    """
    if model is None or not model.digest:
        return None
    tensors = [[t.role, t.name, t.shape[1:], t.dtype] for t in first_batch]
    parts = (
        model.way,
        model.digest,
        model.steps_per_epoch,
        _batch_size(first_batch, batch_size),
        tensors,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_DIGITS]


def _of_optimizer(optimizer: OptimizerFacts | None) -> dict[str, Setting]:
    if optimizer is None:
        names = ("optimizer", "learning_rate", "schedule", "momentum", "weight_decay", "clipping")
        return dict.fromkeys((*names, "optimizer_settings"))
    schedule, clips = optimizer.schedule, ("clipnorm", "clipvalue", "global_clipnorm")
    if schedule and optimizer.schedule_settings:
        schedule = f"{schedule}({optimizer.schedule_settings})"
    clipping = [f"{name}={value:g}" for name in clips if (value := getattr(optimizer, name)) is not None]
    return {
        "optimizer": optimizer.kind,
        "learning_rate": _number(optimizer.learning_rate),
        "schedule": schedule or None,
        "momentum": _number(optimizer.momentum) or None,
        "weight_decay": None if optimizer.weight_decay is None else _number(optimizer.weight_decay),
        "clipping": ", ".join(clipping) or None,
        "optimizer_settings": optimizer.settings or None,
    }


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _batch_size(first_batch: Sequence[TensorRange], recorded: int | None) -> int | None:
    """As recorded with the steps, else that of the first batch."""
    if recorded is not None:
        return recorded
    return next((tensor.shape[0] for tensor in first_batch if tensor.shape), None)


def _tensors(first_batch: Sequence[TensorRange], role: str) -> str | None:
    """`28 x 28 x 1 float32`, without the batch; with names where there are several; None without any."""
    texts = []
    for tensor in first_batch:
        if tensor.role == role:
            shape = " x ".join(str(size) for size in tensor.shape[1:])
            name = f"{tensor.name}:" if tensor.name else ""
            texts.append(" ".join(part for part in (name, shape, tensor.dtype) if part))
    return ", ".join(texts) or None


def _counted(names: Iterable[str]) -> str | None:
    """`2 relu, softmax`, in the order in which they come first, without empty names; None for nothing."""
    counts = Counter(name for name in names if name)
    return ", ".join(f"{n} {name}" if n > 1 else name for name, n in counts.items()) or None
