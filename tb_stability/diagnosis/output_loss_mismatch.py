"""An output activation that does not fit the loss or the targets."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, STANDSTILLS, Case
from tb_stability.diagnosis.code import get_layer
from tb_stability.diagnosis.words import number, symptom
from tb_stability.model_facts import ModelFacts
from tb_stability.preflight.output_loss import KIND
from tb_stability.report import Fix


def suspect(case: Case) -> Suspect | None:
    """Logits taken for probabilities, softmax over one unit, ReLU before a cross-entropy.

    For it: what the layer and the loss object are, with a symptom; a softmax over one unit is a proof
    by itself. Against it: a softmax in front of `from_logits=True`, of which Keras takes the logits where it
    can; many good steps before the first symptom.
    """
    finding, model = case.finding(KIND), case.model
    if finding is None or model is None or model.loss is None:
        return None
    window = case.first(*STANDSTILLS, *BREAKDOWNS)
    is_constant = model.output_activation == "softmax" and model.output_units == 1
    if window is None and not is_constant:
        return None
    brief = Brief("output_loss_mismatch")
    if is_constant:
        brief.proof(finding.kind, finding.text)
    else:
        brief.strong(finding.kind, finding.text)
    if window is not None and not is_constant:
        brief.strong(window.kind, f"{symptom(window)}.")
        if window.start_step > 100:
            brief.against(window.kind, f"Training was fine for {window.start_step} steps.")
    if model.output_activation == "softmax" and model.loss.from_logits:
        brief.against(
            "from_logits",
            "Where the softmax is the last layer, Keras takes its logits, and nothing is applied twice.",
        )
    higher = case.first("update_ratio_high", "bn_statistics_frozen")
    if higher is not None and window is not None and higher.start_step <= window.start_step:
        brief.doubt(higher.kind, f"{symptom(higher)}.")
    activation, loss = _better(model)
    text, code = _fix(model, activation, loss)
    return brief.close(
        layer=finding.layer,
        first_step=window.start_step if window is not None else 0,
        why=f"Output and loss do not fit. {finding.text}",
        fix=Fix(text, code),
        test=f"re-run with activation={activation!r} in {model.output_layer}",
    )


def _better(model: ModelFacts) -> tuple[str, str]:
    """The activation and the loss that fit each other and what was meant."""
    kind = model.loss.kind if model.loss is not None else ""
    if kind.startswith("Binary") or (kind.endswith("CategoricalCrossentropy") and model.output_units == 1):
        return "sigmoid", "keras.losses.BinaryCrossentropy()"
    if kind.endswith("Crossentropy"):
        return "linear", f"keras.losses.{kind}(from_logits=True)"
    if model.output_activation == "softmax" and model.output_units == 1:
        return "sigmoid", "keras.losses.BinaryCrossentropy()"
    return "linear", "model.loss"


def _fix(model: ModelFacts, activation: str, loss: str) -> tuple[str, str]:
    layer = get_layer(model.output_layer, model)
    code = (
        f"{layer}.activation = keras.activations.{activation}\n"
        f"model.compile(optimizer=model.optimizer, loss={loss})"
    )
    shown = loss.removeprefix("keras.losses.")
    units = number(model.output_units)
    means = "no activation" if activation == "linear" else f"activation={activation!r}"
    return f"Give layer {model.output_layer} ({units} units) {means}, and train with {shown}.", code
