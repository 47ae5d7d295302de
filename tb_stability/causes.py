"""What causes are called: the one table for log, terminal and tab."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "batch_size_too_small": "Batches too small",
    "bn_inference_mode": "BatchNormalization in inference mode",
    "bn_momentum": "BatchNormalization momentum too high for this run",
    "bn_small_batch": "Batches too small for BatchNormalization",
    "clipping_too_tight": "Clipping too tight",
    "dying_relu": "Dying ReLU",
    "exploding_gradient": "Exploding gradient",
    "gradient_cut": "Gradient cut off",
    "initialization_mismatch": "Initial weights that do not fit",
    "invalid_inputs": "NaN or Inf in the data",
    "learning_rate_oscillation": "Learning rate that goes up and down",
    "learning_rate_too_high": "Learning rate too high",
    "learning_rate_too_low": "Learning rate too low",
    "no_update": "No weight changes",
    "outlier_batch": "Batch unlike the others",
    "output_loss_mismatch": "Output and loss that do not fit",
    "overfitting": "Overfitting",
    "reduced_precision_overflow": "Overflow in float16",
    "run_to_run_variance": "Repeated runs that differ",
    "saturated_activation": "Saturated activation",
    "undefined_operation": "Operation undefined for a batch",
    "unrelated_targets": "Targets unrelated to the inputs",
    "unscaled_inputs": "Unscaled inputs",
    "unscaled_targets": "Unscaled targets",
    "validation_mismatch": "Validation data unlike the training data",
    "vanishing_gradient": "Vanishing gradient",
}
"""Cause -> title: a few words, without a verb."""


def title(cause: str) -> str:
    """Returns the title of a cause: `Learning rate too high`; one of a newer log is its name in words."""
    return TITLES.get(cause, cause.replace("_", " ").capitalize())
