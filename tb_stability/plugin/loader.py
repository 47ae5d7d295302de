"""What TensorBoard loads at start: the `tensorboard_plugins` entry point.

An exception in here ends TensorBoard for everybody, so this module imports
nothing of ours before it must, and then under guard.
"""

from __future__ import annotations

import argparse

from tensorboard.plugins import base_plugin
from tensorboard.util import tb_logging

SAMPLES_PER_PLUGIN = {"stability": 1000, "stability_windows": 10}
"""Points that TensorBoard keeps of a tag, where the user's `--samples_per_plugin` does not say otherwise.

A point of `stability` is a block of steps of up to 100 KB: 1000 of them stay below the 256 MiB that the
fast loader can hand over at once. A point of `stability_windows` is complete in itself and the last is
always kept; a few more are for the layouts of a run whose variables changed.
"""


class StabilityLoader(base_plugin.TBLoader):  # type: ignore[misc]  # TensorBoard is not typed
    """Raises our own sampling caps, and loads the plugin."""

    def define_flags(self, parser: argparse.ArgumentParser) -> None:
        """Adds our only flag."""
        parser.add_argument_group("stability plugin").add_argument(
            "--stability_tags",
            metavar="SERIES=TAG,TAG;...",
            type=str,
            default="",
            help="more names under which runs that Stability did not record write their series, such as "
            "'loss=my/loss;learning_rate=my/rate'. Series: loss, val_loss, learning_rate, grad_norm.",
        )

    def fix_flags(self, flags: argparse.Namespace) -> None:
        """Sets our caps; never those of other plugins, nor over what the user gave."""
        for name, samples in SAMPLES_PER_PLUGIN.items():
            flags.samples_per_plugin.setdefault(name, samples)

    def load(self, context: base_plugin.TBContext) -> base_plugin.TBPlugin | None:
        """Returns the plugin, or None where it cannot work: then TensorBoard starts without it."""
        try:
            from tb_stability.plugin.plugin import StabilityPlugin

            return StabilityPlugin(context)
        except Exception as error:  # whatever it is, the other tabs must come up
            tb_logging.get_logger().warning(
                "The Stability tab is not available: %s: %s", type(error).__name__, error
            )
            return None
