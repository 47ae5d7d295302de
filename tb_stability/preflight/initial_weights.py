"""The measured scale of the initial weights against the one that fits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tb_stability.model_facts import LayerFacts, ModelFacts
from tb_stability.preflight.fitting import fitting_of, scale_of, usual_range
from tb_stability.preflight.premises import Premises, and_more
from tb_stability.report import Finding

_FACTOR = 3.0
"""By which a layer's weights may lie outside of the range of the usual initializers."""

_DECADES = 2.0
"""By which the layers together may."""

_RECURRENT_GAIN = 1.5
"""Of a recurrent kernel; what it is multiplied with at every time step grows like its powers."""


def misscaled(model: ModelFacts) -> tuple[LayerFacts, ...]:
    """Returns the hidden layers that no normalization heals, with weights far too large or small."""
    return tuple(layer for layer in model.hidden if not layer.is_normalized and is_misscaled(layer))


def is_misscaled(layer: LayerFacts) -> bool:
    """Whether the weights of a layer began 3 times larger or smaller than a usual initializer makes them."""
    if not layer.has_kernel or math.isnan(layer.weight_std):
        return False
    least, most = usual_range(layer)
    return not least / _FACTOR <= layer.weight_std <= most * _FACTOR


def decades_over_depth(model: ModelFacts) -> float:
    r"""Returns the sum over the hidden layers of log10(measured std / fitting std).

    It is -inf where a kernel is constant. Without normalization the signal grows or shrinks by about that
    many powers of ten from the first layer to the last, and the gradient on its way back.
    """
    scales = [scale_of(layer) for layer in model.hidden if not layer.is_normalized]
    known = [scale for scale in scales if math.isfinite(scale)]
    return -math.inf if 0.0 in known else sum(math.log10(scale) for scale in known)


def _off(layer: LayerFacts) -> float:
    return abs(math.log(scale_of(layer)))


def inspect(premises: Premises) -> Iterator[Finding]:
    """Weights that are constant, far from the fitting scale, or a little off in every one of many layers."""
    model = premises.model
    constant = [layer for layer in model.hidden if layer.weight_std == 0.0]
    if constant:
        first = constant[0]
        yield Finding(
            "initial_weights_constant",
            first.layer,
            f"All weights of layer {first.layer} are equal{and_more(len(constant) - 1)}: its units compute "
            "the same, and stay equal.",
        )
    found = [layer for layer in misscaled(model) if layer.weight_std > 0.0]
    decades = decades_over_depth(model)
    if found:
        worst = max(_off(layer) for layer in found)
        first = next(layer for layer in found if _off(layer) >= worst / 2)
        yield Finding(
            "initial_weights_scale",
            first.layer,
            f"The weights of layer {first.layer} began with a standard deviation of "
            f"{first.weight_std:.3g}{and_more(len(found) - 1)}; {fitting_of(first).kind} would give "
            f"{fitting_of(first).std:.3g}.",
        )
    elif math.isfinite(decades) and abs(decades) >= _DECADES:
        verb = "grows" if decades > 0 else "shrinks"
        yield Finding(
            "initial_weights_scale",
            model.hidden[0].layer,
            f"The initial weights are a little too {'large' if decades > 0 else 'small'} in each of the "
            f"hidden layers: from the first to the last the signal {verb} by about {abs(decades):.1f} "
            "powers of ten.",
        )
    for layer in model.layers:
        if layer.recurrent_gain > _RECURRENT_GAIN:
            yield Finding(
                "recurrent_weights_scale",
                layer.layer,
                f"The recurrent weights of layer {layer.layer} multiply its state by about "
                f"{layer.recurrent_gain:.2g} at every time step; an orthogonal kernel by 1.",
            )
