"""The verdict of a run without a symptom: whether that can be told at all, and what it still lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tb_stability.advice import PHRASES, spoken_span
from tb_stability.report import Verdict
from tb_stability.run_facts import RunFacts
from tb_stability.windows import Window

FEWEST_STEPS = 10
"""Steps below which a run without a symptom is not yet called healthy."""

_SEEN_ENOUGH = 50  # steps after which a loss that has not fallen is worth a word
_WITHOUT_BOUND = 1e6  # times the size of the first loss, below zero
_HARDLY = 0.02  # of the first loss, below which a reader sees no fall


def judge_symptom_free(windows: Sequence[Window], facts: RunFacts) -> Verdict:
    """Returns the verdict of a run whose windows are all `info`."""
    if not facts.measured or facts.observed < FEWEST_STEPS:
        seen = f"Steps seen: {facts.observed}"
        what = seen if facts.measured or not facts.observed else f"{seen}, without a loss or gradients"
        return Verdict(
            status="unknown",
            text="There is not enough to judge this run by.",
            why=f"{what}; a verdict needs at least {FEWEST_STEPS} steps with a loss or gradients.",
            next="Train for longer, or record the run with StabilityCallback."
            if facts.observed
            else "Wait for its first step; if it has ended, the error that it printed says why.",
        )
    loss = "No loss was recorded"
    if math.isfinite(facts.first_loss):
        loss = f"The loss went from {facts.first_loss:.3g} to {facts.recent_loss:.3g}"
        if facts.loss_stands_still and facts.recent_loss < facts.best_loss:  # the last values are a lucky few
            loss = f"The loss began at {facts.first_loss:.3g}, and its best level is {facts.best_loss:.3g}"
    minor = f"; {len(windows)} minor events passed without harm" if len(windows) > 1 else ""
    if len(windows) == 1:
        drifted = windows[0].kind == "loss_divergence"
        phrase = "the loss rose again" if drifted else PHRASES.get(windows[0].kind, "a minor event")
        minor = f"; {phrase} {spoken_span(windows[0])}, without harm"
    but, then = _reservation(windows, facts)
    return Verdict(
        status="healthy",
        text=f"Training is stable over the {facts.observed} steps seen{but}.",
        why=f"{loss}, and no check found a symptom{minor}.",
        next=then,
    )


def _reservation(windows: Sequence[Window], facts: RunFacts) -> tuple[str, str]:
    """What a stable run still lacks, as the end of a sentence, and what to do then."""
    rate = f" (now {facts.learning_rate:.3g})" if math.isfinite(facts.learning_rate) else ""
    if -facts.recent_loss > _WITHOUT_BOUND * abs(facts.first_loss) > 0.0:
        return (
            ", but the loss falls without bound",
            "Check the sign of the loss: it should have a least value.",
        )
    if any(w.kind == "loss_divergence" and w.end_step is None for w in windows):
        return (
            ", but the loss drifts back from its best",
            f"In a GAN or with a policy gradient this is usual. Else lower the learning rate{rate}.",
        )
    if facts.loss_stands_still and facts.observed < _SEEN_ENOUGH:
        return "", "Train for longer: the loss has not fallen yet."
    if facts.loss_stands_still and not facts.loss_has_gained:
        fell_at_first = facts.first_loss - facts.recent_loss > _HARDLY * abs(facts.first_loss)
        since = " since the first steps" if fell_at_first else ""
        return (
            f", but the loss has not fallen{since}",
            f"Unless this loss is as low as it can be: check the learning rate{rate}, the labels, "
            "and the activations and initialization of the layers.",
        )
    return "", "Nothing to do."
