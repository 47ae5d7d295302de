"""Layers of a run that something else wrote: what the names of its histograms say.

Keras                `model/bn/gamma/histogram`, `.../moving_mean/histogram`     weights, once an epoch
PyTorch, Lightning   `bn1.weight`, `weights/bn1.weight`                          weights
                     `bn1.weight.grad`, `gradients/bn1.weight`                   gradients
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from tb_stability.series import NORMALIZATION_VECTORS, Layout, Normalization, Variable

_GRADIENT = re.compile(r"(?:^|[/._ -])(?:grads?|gradients?)(?=$|[/._ -])", re.IGNORECASE)
_WRAPPER = re.compile(
    r"^(?:weights?|params?|parameters?|histograms?)/|/(?:histogram|weights?_hist|hist|values?)$"
)
_ROLE = re.compile(
    r"^(?:(?P<layer>.*)[/.])?(?P<role>kernel|bias|gamma|beta|moving_mean|moving_variance|embeddings|"
    r"recurrent_kernel|depthwise_kernel|pointwise_kernel|weight|running_mean|running_var|"
    r"in_proj_weight|in_proj_bias|weight_[ih]h_l\d+\w*|bias_[ih]h_l\d+\w*)$"
)
_NORMALIZATION = re.compile(r"(?:^|[/.])(?:\w*norm\w*|(?:\w*_)?bn\d*(?:_\d+)?)(?:[/.]|$)", re.IGNORECASE)

_LONGEST_NAME = 500
"""Characters of a tag that may name a weight: to look through long ones takes the square of their length."""

_VECTORS = {"running_mean": "moving_mean", "running_var": "moving_variance"}
_AFFINE = {"weight": "gamma", "bias": "beta"}


@dataclasses.dataclass(frozen=True)
class HistogramName:
    """What a histogram is of.

    Attributes:
      layer: The layer, such as `model/bn`.
      role: The weight inside it, such as `kernel`, in Keras's words for a normalization.
      is_gradient: Whether it is of the gradient, not of the weight itself.
      is_normalization: Whether the layer normalises.
    """

    layer: str
    role: str
    is_gradient: bool
    is_normalization: bool

    @property
    def variable(self) -> str:
        """Name of the weight."""
        return f"{self.layer}/{self.role}"


def parse_histogram_name(tag: str) -> HistogramName | None:
    """Reads the name of a histogram; None where it names no weight, such as one of activations.

    Example:
      >>> parse_histogram_name("gradients/bn1.weight").variable
      'bn1/gamma'
    """
    if len(tag) > _LONGEST_NAME:
        return None
    bare, gradients = _GRADIENT.subn("", tag)
    bare = _WRAPPER.sub("", _WRAPPER.sub("", bare.strip("/._ -"))).strip("/._ -")
    found = _ROLE.match(bare)
    if found is None:
        return None
    role, layer = found["role"], found["layer"] or "model"
    is_keras = role in NORMALIZATION_VECTORS
    is_normalization = is_keras or role in _VECTORS or bool(_NORMALIZATION.search(layer))
    if is_normalization:
        role = _VECTORS.get(role, _AFFINE.get(role, role) if not is_keras else role)
    return HistogramName(
        layer, "beta" if is_normalization and role == "bias" else role, gradients > 0, is_normalization
    )


@dataclasses.dataclass(frozen=True)
class ForeignLayers:
    """Which histogram is which measure of which variable.

    Attributes:
      layout: The variables with their sizes, in the order in which they are written, and the normalizations.
      weights, gradients: By variable, the tag of its histograms; both empty, or one for every variable.
      vectors: By normalization layer and vector, the tag.
    """

    layout: Layout
    weights: Mapping[str, str]
    gradients: Mapping[str, str]
    vectors: Mapping[tuple[str, str], str]


def arrange_layers(tags: Sequence[str], sizes: Mapping[str, int]) -> ForeignLayers:
    """Makes layers of histograms.

    A weight whose gradients are not there, where those of others are, is not being trained, and is left out.

    Args:
      tags: The tags, in the order in which they are written: that of the network, as a rule.
      sizes: Number of entries of each.
    """
    named = {tag: name for tag in tags if (name := parse_histogram_name(tag)) is not None}
    trained = {t: n for t, n in named.items() if n.role not in ("moving_mean", "moving_variance")}
    gradients = {n.variable: t for t, n in trained.items() if n.is_gradient}
    weights = {n.variable: t for t, n in trained.items() if not n.is_gradient}
    of = {n.variable: (t, n) for t, n in trained.items() if n.is_gradient or n.variable not in gradients}
    names = list(dict.fromkeys(n.variable for n in trained.values()))
    if gradients:
        names = [name for name in names if name in gradients]
    weights = {name: weights[name] for name in names if name in weights}
    if gradients and len(weights) < len(names):
        weights = {}
    biases = {of[name][1].layer: sizes[of[name][0]] for name in names if of[name][1].role in ("bias", "beta")}
    variables = tuple(
        _variable(of[name][1], sizes[of[name][0]], biases.get(of[name][1].layer, 0)) for name in names
    )
    vectors = {
        (n.layer, n.role): t
        for t, n in named.items()
        if n.is_normalization and not n.is_gradient and n.role in NORMALIZATION_VECTORS
    }
    layers = dict.fromkeys(layer for layer, _ in vectors)
    normalizations = tuple(_normalization(layer, vectors, sizes) for layer in layers)
    return ForeignLayers(Layout(variables, normalizations), weights, gradients, vectors)


def _variable(name: HistogramName, size: int, units: int) -> Variable:
    """The size is known, the shape is not: that of a kernel has the units of the bias last."""
    is_vector = name.is_normalization or name.role.startswith("bias") or name.role.endswith("bias")
    last = units if units and size % units == 0 else 1
    return Variable(name.variable, name.layer, name.role, (size,) if is_vector else (size // last, last))


def _normalization(
    layer: str, vectors: Mapping[tuple[str, str], str], sizes: Mapping[str, int]
) -> Normalization:
    own = tuple(vector for vector in NORMALIZATION_VECTORS if (layer, vector) in vectors)
    is_batch = "moving_mean" in own or re.search(r"batch|(?<![a-z])bn", layer, re.IGNORECASE) is not None
    return Normalization(
        layer,
        own,
        sizes[vectors[layer, own[0]]],
        trainable=True,
        kind="BatchNormalization" if is_batch else "normalization",
    )
