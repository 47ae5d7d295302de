"""Which causes are right for a fault: the truth that `diagnose.py` holds diagnoses against."""

from __future__ import annotations

from collections.abc import Mapping

CAUSES: Mapping[str, tuple[str, ...]] = {
    # Planted at a step.
    "learning_rate_spell": ("learning_rate_too_high",),
    "learning_rate_raised": ("learning_rate_too_high",),
    "learning_rate_oscillation": ("learning_rate_oscillation",),
    "batch_scaled": ("outlier_batch",),
    "labels_shuffled": ("outlier_batch",),
    "input_shift": ("outlier_batch",),
    "inputs_nan": ("invalid_inputs",),
    "overflow_float16": ("reduced_precision_overflow",),
    "log_of_zero": ("undefined_operation",),
    "root_of_zero": ("undefined_operation",),
    # There from the first step.
    "learning_rate_too_high": ("learning_rate_too_high",),
    "learning_rate_too_low": ("learning_rate_too_low",),
    # Planted together: one example a batch, at 50 times the learning rate.
    "batch_size_too_small": ("batch_size_too_small", "learning_rate_too_high"),
    "initialization_too_large": ("initialization_mismatch",),
    "initialization_zero": ("initialization_mismatch",),
    # Depth and function are what vanishes; the weights are smaller than fits them, too.
    "vanishing_gradient": ("vanishing_gradient", "initialization_mismatch"),
    "dying_relu": ("dying_relu",),
    # Weights thirty times too large saturate tanh.
    "saturated_activation": ("saturated_activation", "initialization_mismatch"),
    "gradient_cut": ("gradient_cut",),
    "bn_inference_mode": ("bn_inference_mode",),
    "bn_small_batch": ("bn_small_batch",),
    "bn_momentum": ("bn_momentum",),
    "unscaled_inputs": ("unscaled_inputs",),
    "overfitting": ("overfitting",),
    "labels_random": ("unrelated_targets",),
    "output_loss_mismatch": ("output_loss_mismatch",),
    # Depth or recurrence multiplies; weights larger than fits it are what it multiplies with.
    "exploding_gradient": ("exploding_gradient", "initialization_mismatch"),
}
"""Kind of fault -> causes of which one has to be told. Several where the fault is several things at once."""
