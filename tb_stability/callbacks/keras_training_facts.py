"""Reads the facts of a Keras optimizer and of the loss that a model was compiled with."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import keras

from tb_stability.model_facts import LossFacts, OptimizerFacts


def optimizer_facts(optimizer: Any) -> OptimizerFacts:
    """The facts of an optimizer; of a loss-scaling one, those of the inner one."""
    inner = getattr(optimizer, "inner_optimizer", None)
    scales_loss = inner is not None
    optimizer = optimizer if inner is None else inner
    schedule = getattr(optimizer, "_learning_rate", None)
    is_schedule = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    try:
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    except Exception:  # of the user's own kind
        rate = math.nan
    momentum = getattr(optimizer, "momentum", 0.0)
    return OptimizerFacts(
        kind=type(optimizer).__name__,
        learning_rate=rate,
        schedule=type(schedule).__name__ if is_schedule else "",
        momentum=float(momentum) if isinstance(momentum, (int, float)) else 0.0,
        clipnorm=_number(optimizer, "clipnorm"),
        clipvalue=_number(optimizer, "clipvalue"),
        global_clipnorm=_number(optimizer, "global_clipnorm"),
        weight_decay=_number(optimizer, "weight_decay"),
        scales_loss=scales_loss,
        settings=_settings(optimizer, but=_KNOWN),
        schedule_settings=_settings(schedule) if is_schedule else "",
    )


_KNOWN = (
    *("name", "learning_rate", "momentum", "clipnorm", "clipvalue", "global_clipnorm", "weight_decay"),
    "ema_momentum",  # matters only with use_ema, and then the digest tells
)
"""Settings of an optimizer that have a member of their own."""


def _settings(configured: Any, *, but: Collection[str] = ("name",)) -> str:
    """What is configured in numbers and texts, and what is on: `beta_1=0.9, amsgrad=True`."""
    try:
        config = configured.get_config()
    except Exception:  # of the user's own kind
        return ""
    shown = {
        name: value
        for name, value in config.items()
        if name not in but and isinstance(value, (int, float, str)) and value is not False
    }
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def loss_facts(model: keras.Model) -> LossFacts | None:
    """The facts of the only loss that a model was compiled with; None where there are several, or none."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, (list, tuple)) and len(loss) == 1:
        loss = loss[0]
    if loss is None or isinstance(loss, (list, tuple, dict)):
        return None
    try:
        loss = keras.losses.get(loss)
    except Exception:  # a function of the user's own
        return LossFacts()
    known = _class_of_function(loss) if not isinstance(loss, keras.losses.Loss) else loss
    if known is None or not type(known).__module__.startswith("keras."):
        return LossFacts()
    arguments = getattr(known, "_fn_kwargs", {})
    from_logits = getattr(known, "from_logits", arguments.get("from_logits"))
    return LossFacts(type(known).__name__, None if from_logits is None else bool(from_logits))


def _class_of_function(function: Any) -> Any:
    """The loss object of a function of `keras.losses`, such as that of the string `mse`; None for another."""
    for kind in vars(keras.losses).values():
        if isinstance(kind, type) and issubclass(kind, keras.losses.Loss) and kind is not keras.losses.Loss:
            try:
                made = kind()
            except TypeError:
                continue
            if getattr(made, "_fn", None) is function or getattr(made, "fn", None) is function:
                return made
    return None


def _number(optimizer: Any, name: str) -> float | None:
    value = getattr(optimizer, name, None)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
