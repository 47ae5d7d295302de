"""Keras 3 code with the names and numbers of a run, that runs as it is given a `model`."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable

from tb_stability.diagnosis.case import Case
from tb_stability.model_facts import ModelFacts, OptimizerFacts

_MOST_LAYERS = 12
_WIDTH = 80
_KNOWN_OPTIMIZERS = frozenset(
    (
        "SGD",
        "RMSprop",
        "Adam",
        "AdamW",
        "Adadelta",
        "Adagrad",
        "Adamax",
        "Nadam",
        "Ftrl",
        "Lion",
        "Lamb",
        "Adafactor",
    )
)
_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")

AS_BEFORE = ")  # and metrics=... as before"
"""The end of a call of `compile`, which forgets the metrics that it is not given."""


def rounded(value: float) -> float:
    """`value` with one significant digit, as people choose learning rates."""
    return float(f"{value:.0e}") if math.isfinite(value) and value > 0 else value


def get_layer(layer: str, model: ModelFacts | None) -> str:
    """An expression for a layer by its path: `model.get_layer("block").get_layer("dense")`."""
    names = layer.split("#")[0].split("/")
    facts = None if model is None else model.find(layer)
    is_cell = facts is not None and facts.kind.endswith("Cell") and len(names) > 1
    expression = "model" + "".join(f'.get_layer("{name}")' for name in (names[:-1] if is_cell else names))
    return expression + ".cell" if is_cell else expression


def for_each(layers: Iterable[str], model: ModelFacts | None, *statements: str) -> str:
    """A loop over layers, a dozen at most, in which `layer` is each of them; empty without any."""
    chosen = list(layers)[:_MOST_LAYERS]
    body = [f"    {statement}" for statement in statements]
    if not chosen:
        return ""
    expressions = [get_layer(layer, model) for layer in chosen]
    if expressions != [f'model.get_layer("{layer}")' for layer in chosen]:
        return "\n".join(["for layer in [", *(f"    {one}," for one in expressions), "]:", *body])
    lines = textwrap.wrap(", ".join(f'"{layer}"' for layer in chosen), _WIDTH, break_on_hyphens=False)
    names = lines[0] if len(lines) == 1 else "\n".join(["", *(f"    {line}" for line in lines), ""])
    return "\n".join([f"for name in [{names}]:", "    layer = model.get_layer(name)", *body])


def optimizer_call(case: Case, **options: object) -> str:
    """The run's optimizer with other options: `keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)`."""
    facts = case.model.optimizer if case.model is not None else None
    kind = facts.kind if facts is not None and facts.kind in _KNOWN_OPTIMIZERS else "Adam"
    known: dict[str, object] = {}
    if facts is not None and facts.kind == kind:
        known = _options(facts, case.observed.learning_rate())
    if any(name in options for name in _CLIPS):  # an optimizer takes one of them only
        known = {name: value for name, value in known.items() if name not in _CLIPS}
    arguments = ", ".join(f"{name}={_literal(value)}" for name, value in (known | options).items())
    return f"keras.optimizers.{kind}({arguments})"


def set_optimizer(case: Case, loss: str = "model.loss", /, **options: object) -> str:
    """A statement that trains with the run's optimizer and other options; `loss` is an expression."""
    call = optimizer_call(case, **options)
    facts = case.model.optimizer if case.model is not None else None
    if facts is not None and facts.schedule and "learning_rate" not in options:
        call = f"{call[:-1]},  # with your {facts.schedule} as its learning_rate\n)"
    if case.is_loop:
        return f"optimizer = {call}"
    return f"model.compile(optimizer={call}, loss={loss}{AS_BEFORE}"


class Expression(str):
    """Text that goes into code as it is, without quotes."""

    __slots__ = ()


def _options(facts: OptimizerFacts, rate: float) -> dict[str, object]:
    rate = facts.learning_rate if math.isnan(rate) else rate
    options: dict[str, object] = {} if math.isnan(rate) else {"learning_rate": rate}
    if facts.momentum:
        options["momentum"] = facts.momentum
    for name in ("weight_decay", *_CLIPS):
        value = getattr(facts, name)
        if value is not None:
            options[name] = value
    return options


def _literal(value: object) -> str:
    if isinstance(value, Expression):
        return str(value)
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
