"""Names of the log format: directory, plugins and tags."""

from __future__ import annotations

RUN_DIRECTORY = "stability"
"""A run's own directory below its log directory, so that the user's event files keep updating live."""

STEPS_PLUGIN = "stability"
"""Plugin name of all arrays; also the name of the tab."""

DOCUMENTS_PLUGIN = "stability_windows"
"""Plugin name of the JSON documents: a name of its own, so that they have a sampling cap of their own."""

SCALARS_PLUGIN = "scalars"
"""TensorBoard's own plugin, for the headline series."""

STEPS_TAG = "stability/steps"
HISTOGRAMS_TAG = "stability/histograms"
ACTIVATIONS_TAG = "stability/activations"
LAYOUT_TAG = "stability/layout"
REPORT_TAG = "stability/report"

HEADLINES = ("loss", "learning_rate", "grad_norm", "update_ratio_max")
"""Series that viewers without the plugin can show. `update_ratio_max` is the largest update norm / weight
norm over the variables of the step."""


def headline_tag(name: str) -> str:
    """The tag of a headline series, such as `stability/loss`."""
    return f"stability/{name}"
