"""The facts of a model as JSON: the member `model` of the report.

A layer is written without the members that have their default: most layers have no kernel, and every report
holds all of them.
"""

from __future__ import annotations

import dataclasses

from tb_stability.model_facts import LayerFacts, LossFacts, ModelFacts, NormalizationFacts, OptimizerFacts
from tb_stability.summary import fields


def model_members(model: ModelFacts) -> dict[str, object]:
    """The facts as members of a JSON object, named as in `ModelFacts`; non-finite numbers are strings."""
    members = {name: _json(value) for name, value in dataclasses.asdict(model).items()}
    members["layers"] = [_layer_members(layer) for layer in model.layers]
    return members


def parse_model(document: fields.Object) -> ModelFacts:
    """The inverse of `model_members`; ignores members that it does not know.

    Raises:
      LogFormatError: If the document is damaged.
    """
    optimizer, loss = document.get("optimizer"), document.get("loss")
    return ModelFacts(
        way=fields.get_str(document, "way"),
        layers=tuple(_layer(d) for d in fields.get_objects(document, "layers")),
        normalizations=tuple(_normalization(d) for d in fields.get_objects(document, "normalizations")),
        optimizer=None if optimizer is None else _optimizer(fields.as_object(optimizer, "'optimizer'")),
        loss=None if loss is None else _loss(fields.as_object(loss, "'loss'")),
        output_layer=fields.get_str(document, "output_layer"),
        output_activation=fields.get_str(document, "output_activation"),
        output_units=fields.get_count(document, "output_units"),
        compute_dtype=fields.get_str(document, "compute_dtype"),
        steps_per_epoch=fields.get_optional_int(document, "steps_per_epoch"),
        epochs=fields.get_optional_int(document, "epochs"),
        parameters=fields.get_optional_int(document, "parameters"),
        digest=fields.get_optional_str(document, "digest") or "",
    )


def _json(value: object) -> object:
    if isinstance(value, float):
        return fields.json_float(value)
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    return [_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def _layer_members(layer: LayerFacts) -> fields.Object:
    members = {name: _json(value) for name, value in dataclasses.asdict(layer).items()}
    return {name: value for name, value in members.items() if value != _DEFAULTS.get(name)}


_DEFAULTS: fields.Object = {
    field.name: _json(field.default)
    for field in dataclasses.fields(LayerFacts)
    if field.default is not dataclasses.MISSING
}


def _layer(document: fields.Object) -> LayerFacts:
    document = _DEFAULTS | document
    return LayerFacts(
        layer=fields.get_str(document, "layer"),
        kind=fields.get_str(document, "kind"),
        activation=fields.get_str(document, "activation"),
        next_activation=fields.get_str(document, "next_activation"),
        initializer=fields.get_str(document, "initializer"),
        fan_in=fields.get_count(document, "fan_in"),
        fan_out=fields.get_count(document, "fan_out"),
        weight_std=fields.get_float(document, "weight_std"),
        recurrent_gain=fields.get_float(document, "recurrent_gain"),
        units=fields.get_count(document, "units"),
        use_bias=fields.get_bool(document, "use_bias"),
        bias_mean=fields.get_float(document, "bias_mean"),
        is_normalized=fields.get_bool(document, "is_normalized"),
        has_batch_normalization_next=fields.get_bool(document, "has_batch_normalization_next"),
        trainable=fields.get_bool(document, "trainable"),
        dropout=fields.get_float(document, "dropout"),
    )


def _normalization(document: fields.Object) -> NormalizationFacts:
    return NormalizationFacts(
        layer=fields.get_str(document, "layer"),
        kind=fields.get_str(document, "kind"),
        momentum=fields.get_float(document, "momentum"),
        epsilon=fields.get_float(document, "epsilon"),
        trainable=fields.get_bool(document, "trainable"),
    )


def _optimizer(document: fields.Object) -> OptimizerFacts:
    def optional(name: str) -> float | None:
        return None if document.get(name) is None else fields.get_float(document, name)

    return OptimizerFacts(
        kind=fields.get_str(document, "kind"),
        learning_rate=fields.get_float(document, "learning_rate"),
        schedule=fields.get_str(document, "schedule"),
        momentum=fields.get_float(document, "momentum"),
        clipnorm=optional("clipnorm"),
        clipvalue=optional("clipvalue"),
        global_clipnorm=optional("global_clipnorm"),
        weight_decay=optional("weight_decay"),
        scales_loss=fields.get_bool(document, "scales_loss"),
        settings=fields.get_optional_str(document, "settings") or "",
        schedule_settings=fields.get_optional_str(document, "schedule_settings") or "",
    )


def _loss(document: fields.Object) -> LossFacts:
    from_logits = document.get("from_logits")
    return LossFacts(
        kind=fields.get_str(document, "kind"),
        from_logits=None if from_logits is None else fields.get_bool(document, "from_logits"),
    )
