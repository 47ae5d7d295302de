"""The data of the corpus: scikit-learn's bundled sets, synthetic ones, and the batches of a recipe."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import datasets

from faults.program import Recipe

Array = npt.NDArray[Any]

_GRIDS = {"digits": (8, 8), "breast_cancer": (10, 3), "waves": (16, 4), "diabetes": (10, 1), "wine": (13, 1)}
"""Rows and columns of an input, where it is seen as a sequence or an image."""


@dataclasses.dataclass(frozen=True)
class Batches:
    """What a recipe trains on.

    Attributes:
      inputs: `[steps, batch, ...]`, with the changes of the recipe.
      targets: `[steps, batch]` classes, or `[steps, batch, outputs]` numbers.
      validation: Inputs and targets that are not trained on.
      outputs: Number of outputs of the network.
      classes: Number of classes; 0 for a regression.
    """

    inputs: Array
    targets: Array
    validation: tuple[Array, Array]
    outputs: int
    classes: int


def make_batches(recipe: Recipe, view: str) -> Batches:
    """Returns the batches of a recipe, the same ones every time.

    Its `data_options`:
      scale: `unit` (mean 0, deviation 1 over the data; default), `bytes` (0..255) or `raw` (as it comes).
      samples: Number of examples to train on; default: four fifths of all.
      noisy_labels: Share of labels that are random; `each_step` draws new ones for every batch.
      imbalance: Share of examples that are kept of all classes but the first.
      order: `shuffled`, `sorted` (an epoch goes through the classes one by one, half of each batch does so)
        or `curriculum` (from small to large norm of the input).
      reconstruct: The targets are the inputs.

    Args:
      recipe: The recipe.
      view: What a network takes: `flat`, `sequence` or `image`.
    """
    options = dict(recipe.data_options)
    random = np.random.default_rng(recipe.seed)
    inputs, targets, classes = _load(recipe.data)
    inputs = _scaled(inputs, options.get("scale", "unit"))
    order = random.permutation(len(inputs))
    held_back, kept = order[: len(order) // 5], order[len(order) // 5 :]
    kept = kept[: options.get("samples", len(kept))]
    if "imbalance" in options:
        kept = kept[(targets[kept] == 0) | (random.random(len(kept)) < options["imbalance"])]
    noise = options.get("noisy_labels", 0.0)
    if isinstance(noise, float) and noise:
        wrong = kept[random.random(len(kept)) < noise]
        targets = targets.copy()
        targets[wrong] = random.permutation(targets[wrong])
    index = _order(recipe, options.get("order", "shuffled"), inputs, targets, kept, random)
    inputs = inputs.reshape(len(inputs), *_shape(recipe.data, view, inputs.shape[1]))
    x, y = inputs[index], targets[index]
    if noise == "each_step":
        y = random.permuted(y, axis=1) if not classes else random.integers(0, classes, y.shape)
    if options.get("reconstruct"):
        x = x.reshape(*x.shape[:2], -1)
        y, classes = x, 0
    validation = (inputs[held_back], targets[held_back])
    _apply_changes(recipe, x, y, random)
    return Batches(x, y, validation, classes or y.shape[-1], classes)


@functools.cache
def _load(name: str) -> tuple[Array, Array, int]:
    """Inputs `[n, features]`, targets and the number of classes."""
    match name:
        case "digits" | "wine" | "breast_cancer" | "iris":
            inputs, targets = getattr(datasets, f"load_{name}")(return_X_y=True)
            return inputs.astype(np.float32), targets.astype(np.int32), int(targets.max()) + 1
        case "diabetes":
            inputs, targets = datasets.load_diabetes(return_X_y=True)
            return inputs.astype(np.float32), _standardized(targets)[:, None], 0
        case "friedman":
            inputs, targets = datasets.make_friedman1(1000, noise=0.5, random_state=0)
            return inputs.astype(np.float32), _standardized(targets)[:, None], 0
        case "waves":
            return _waves()
    raise ValueError(f"{name!r} is no data set of {__file__}.")


def _waves() -> tuple[Array, Array, int]:
    """Four channels of a noisy sine, 16 samples long; the class is its frequency: 1 to 4 periods."""
    random = np.random.default_rng(0)
    classes = random.integers(0, 4, 1200)
    time = np.arange(16)[None, :, None] / 16
    phase = random.uniform(0, 1, (1200, 1, 4))
    sines = np.sin(2 * np.pi * ((classes + 1)[:, None, None] * time + phase))
    noisy = sines + 0.3 * random.standard_normal(sines.shape)
    return noisy.reshape(1200, 64).astype(np.float32), classes.astype(np.int32), 4


def _standardized(values: Array) -> Array:
    return ((values - values.mean(0)) / (values.std(0) + 1e-6)).astype(np.float32)


def _scaled(inputs: Array, scale: str) -> Array:
    if scale == "unit":
        return (
            _standardized(inputs)
            if inputs.shape[1] < 64
            else _standardized(inputs.reshape(-1)).reshape(inputs.shape)
        )
    if scale == "bytes":
        low, high = inputs.min(0), inputs.max(0)
        return (255 * (inputs - low) / np.maximum(high - low, 1e-6)).astype(np.float32)
    return inputs.copy()


def _shape(data: str, view: str, features: int) -> tuple[int, ...]:
    if view == "flat":
        return (features,)
    rows, columns = _GRIDS.get(data, (features, 1))
    return (rows, columns, 1) if view == "image" else (rows, columns)


def _order(
    recipe: Recipe, order: str, inputs: Array, targets: Array, kept: Array, random: np.random.Generator
) -> Array:
    """`[steps, batch]` examples."""
    size, needed = recipe.batch_size, recipe.steps * recipe.batch_size
    if order == "curriculum":
        kept = kept[np.argsort(np.abs(inputs[kept]).sum(1), kind="stable")]
        reach = np.linspace(0.3, 1.0, needed)
        return kept[(random.random(needed) * reach * len(kept)).astype(np.int64)].reshape(-1, size)
    epochs = [random.permutation(kept) for _ in range(-(-needed // len(kept)))]
    index = np.concatenate(epochs)[:needed].reshape(-1, size)
    if order == "sorted":
        ranked = [epoch[np.argsort(targets[epoch].reshape(-1), kind="stable")] for epoch in epochs]
        by_class = np.concatenate(ranked)[:needed].reshape(-1, size)
        index[:, : size // 2] = by_class[:, : size // 2]
    return index


def _apply_changes(recipe: Recipe, inputs: Array, targets: Array, random: np.random.Generator) -> None:
    for change in recipe.changes:
        steps = change.steps(recipe.steps)
        match change.kind:
            case "inputs":
                inputs[steps] *= change.amount
            case "offset":
                inputs[steps] += change.amount
            case "nan":
                hit = random.random(inputs[steps].shape) < change.amount
                hit[:, 0].reshape(len(hit), -1)[:, 0] = True
                inputs[steps][hit] = np.nan
            case "labels":
                targets[steps] = random.permuted(targets[steps], axis=1)
            case "zeros":
                inputs[steps, 0] = 0.0
                targets[steps, 0] = 0
