"""What the user is warned of while a training is recorded."""

from __future__ import annotations

LOST = ": too many ran without a call of on_step. Call it after every update or call of your tf.function."

WORKER_IS_MISSING = (
    "Stability does not record: several workers train together, and not all of them have a StabilityCallback "
    "or StabilityMonitor. Give it to every worker; the first one writes the log."
)

NO_UPDATE = (
    "Stability saw no update of the optimizer, so only a loss that was given is recorded. Either the step "
    "was traced before the StabilityMonitor was made (make it before the first call of your tf.function), "
    "or another optimizer is applied (with several use one StabilityMonitor for each), or all updates were "
    "skipped because their gradients were not finite (with loss scaling), or a loop of your own calls only "
    "some methods of a StabilityCallback (use a StabilityMonitor there)."
)
