"""The class of an initializer against the activation function behind it."""

from __future__ import annotations

from collections.abc import Iterator

from tb_stability.preflight.fitting import RECTIFIERS, SQUASHERS, fitting_of
from tb_stability.preflight.premises import Premises, and_more
from tb_stability.report import Finding

_HE = frozenset(("HeNormal", "HeUniform"))
_GLOROT = frozenset(("GlorotNormal", "GlorotUniform"))


def inspect(premises: Premises) -> Iterator[Finding]:
    """ReLU behind Glorot, tanh or sigmoid behind He, SELU behind either; where nothing normalises.

    Glorot is the default of Keras. Behind a ReLU it halves the variance in every layer: harmless in a few
    layers, not in twenty. So this is information.

    Source: He et al., Delving deep into rectifiers, 2015, section 2.2.
    """
    found = [
        layer
        for layer in premises.model.hidden
        if not layer.is_normalized
        and (
            (layer.next_activation in RECTIFIERS and layer.initializer in _GLOROT)
            or (layer.next_activation in SQUASHERS and layer.initializer in _HE)
            or (layer.next_activation == "selu" and layer.initializer in _GLOROT | _HE)
        )
    ]
    if found:
        first = found[0]
        yield Finding(
            "initializer_activation_mismatch",
            first.layer,
            f"Layer {first.layer} has {first.next_activation} behind "
            f"{first.initializer}{and_more(len(found) - 1)}; {fitting_of(first).kind} keeps the variance of "
            "the signal there.",
        )
