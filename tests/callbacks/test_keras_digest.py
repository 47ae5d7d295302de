"""The configuration and the fingerprint of real Keras models: what makes two runs repetitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_stability.callbacks.keras_facts import collect_facts
from tb_stability.configuration import Setting, configuration, fingerprint
from tb_stability.model_facts import ModelFacts
from tb_stability.report import TensorRange
from tests.models import CASES, CONVOLUTIONS, PERCEPTRON

_IMAGE = TensorRange("input", "", (32, 8, 8, 1), "float32", 0.0, 1.0, 0.3, 0, 0)
_LABEL = TensorRange("target", "", (32,), "int32", 0.0, 9.0, 4.4, 0, 0)


def _facts(
    model: keras.Model, optimizer: Any = None, loss: Any = "mse", *, weights: Any = None, **facts: Any
) -> ModelFacts:
    model.compile(keras.optimizers.Adam(1e-3) if optimizer is None else optimizer, loss, weights)
    return collect_facts(model, model.optimizer, **{"way": "fit", "steps_per_epoch": 10, "epochs": 5} | facts)


@pytest.mark.parametrize("name", CASES)
def test_the_same_model_with_another_seed_has_the_same_fingerprint_in_one_process(name: str) -> None:
    """Kills: names with counters (`dense_1` of the second model), seeds, or weights in the hash."""
    case, found = CASES[name], []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        found.append(_facts(case.build(), loss=case.loss))
    assert found[0].layers[-1].layer != found[1].layers[-1].layer
    assert fingerprint(found[0]) == fingerprint(found[1]) is not None
    assert configuration(found[0]) == configuration(found[1])


def _dense(units: int = 8, activation: Any = "relu", rate: float = 0.2, **options: Any) -> keras.Model:
    first = layers.Dense(units, activation, name="first", **options)
    return keras.Sequential([keras.Input((4,)), first, layers.Dropout(rate), layers.Dense(2)])


def _branched(skip: bool) -> keras.Model:
    inputs = keras.Input((4,))
    x = layers.Dense(4, "relu")(inputs)
    return keras.Model(inputs, layers.Add()([layers.Dense(4)(x), x if skip else inputs]))


def _sgd(**options: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(**{"learning_rate": 0.1} | options)


def _huber(delta: float) -> keras.losses.Loss:
    return keras.losses.Huber(delta=delta)


def _cosine(steps: int) -> Any:
    return keras.optimizers.schedules.CosineDecay(0.1, decay_steps=steps)


_CHANGES: dict[str, tuple[Callable[[], ModelFacts], Callable[[], ModelFacts], set[str]]] = {
    "units": (lambda: _facts(_dense()), lambda: _facts(_dense(9)), {"parameters"}),
    "activation": (lambda: _facts(_dense()), lambda: _facts(_dense(activation="tanh")), {"activations"}),
    "function": (
        lambda: _facts(_dense(activation=lambda x: x)),
        lambda: _facts(_dense(activation=lambda x: 2 * x)),
        set(),
    ),
    "dropout": (lambda: _facts(_dense()), lambda: _facts(_dense(rate=0.3)), {"dropout"}),
    "initializer": (
        lambda: _facts(_dense()),
        lambda: _facts(_dense(kernel_initializer="he_normal")),
        {"initializers"},
    ),
    "regularizer": (lambda: _facts(_dense()), lambda: _facts(_dense(kernel_regularizer="l2")), set()),
    "connections": (lambda: _facts(_branched(True)), lambda: _facts(_branched(False)), set()),
    "optimizer": (lambda: _facts(_dense()), lambda: _facts(_dense(), _sgd()), {"optimizer", "learning_rate"}),
    "rate": (
        lambda: _facts(_dense(), _sgd()),
        lambda: _facts(_dense(), _sgd(learning_rate=0.2)),
        {"learning_rate"},
    ),
    "nesterov": (
        lambda: _facts(_dense(), _sgd()),
        lambda: _facts(_dense(), _sgd(nesterov=True)),
        {"optimizer_settings"},
    ),
    "clipping": (lambda: _facts(_dense(), _sgd()), lambda: _facts(_dense(), _sgd(clipnorm=1)), {"clipping"}),
    "schedule": (
        lambda: _facts(_dense(), _sgd(learning_rate=_cosine(100))),
        lambda: _facts(_dense(), _sgd(learning_rate=_cosine(200))),
        {"schedule"},
    ),
    "loss": (lambda: _facts(_dense()), lambda: _facts(_dense(), loss="mae"), {"loss"}),
    "delta": (lambda: _facts(_dense(), loss=_huber(1)), lambda: _facts(_dense(), loss=_huber(2)), set()),
    "loss_weights": (lambda: _facts(_dense()), lambda: _facts(_dense(), weights=[0.5]), set()),
    "way": (lambda: _facts(_dense()), lambda: _facts(_dense(), way="loop"), {"way", "loss"}),
    "data": (
        lambda: _facts(_dense()),
        lambda: _facts(_dense(), steps_per_epoch=20),
        {"steps_per_epoch"},
    ),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_one_setting_that_differs_makes_another_fingerprint_and_is_named(change: str) -> None:
    before, after, names = _CHANGES[change]
    one, again, other = before(), before(), after()
    assert fingerprint(one) == fingerprint(again) != fingerprint(other)
    settings, others = configuration(one), configuration(other)
    assert settings is not None
    assert others is not None
    differ = {name for name, value in settings.items() if value != others[name]}
    assert differ - {"digest", "optimizer_settings"} == names - {"optimizer_settings"}
    assert "digest" in differ or change == "data"


def test_batches_and_data_of_another_size_or_type_are_another_configuration() -> None:
    facts = _facts(_dense())
    small = TensorRange("input", "", (16, 8, 8, 1), "float32", 0.0, 1.0, 0.3, 0, 0)
    large = TensorRange("input", "", (32, 9, 9, 1), "float32", 0.0, 1.0, 0.3, 0, 0)
    bytes_ = TensorRange("input", "", (32, 8, 8, 1), "uint8", 0.0, 255.0, 33.0, 0, 0)
    darker = TensorRange("input", "", (32, 8, 8, 1), "float32", 0.0, 0.5, 0.1, 0, 0)
    known = [fingerprint(facts, (tensor, _LABEL)) for tensor in (_IMAGE, small, large, bytes_)]
    assert len(set(known)) == 4
    assert fingerprint(facts, (darker, _LABEL)) == known[0]
    assert fingerprint(facts, batch_size=8) != fingerprint(facts, batch_size=16)  # of a loop


def test_a_longer_training_is_the_same_configuration() -> None:
    assert fingerprint(_facts(_dense())) == fingerprint(_facts(_dense(), epochs=50))


def test_what_cannot_be_configured_counts_with_its_class() -> None:
    class Odd(keras.layers.Layer):
        def __init__(self, power: Any) -> None:
            super().__init__()
            self.power = power

        def call(self, x: Any) -> Any:
            return x**self.power

        def get_config(self) -> dict[str, Any]:
            raise NotImplementedError

    def made(*members: Any) -> str | None:
        return fingerprint(_facts(keras.Sequential([keras.Input((4,)), *members, layers.Dense(1)])))

    assert made(Odd(2)) == made(Odd(2)) is not None
    assert made(Odd(2)) != made(layers.ReLU())


def test_a_tensor_inside_of_a_model_counts_without_its_values() -> None:
    def made() -> str | None:
        inputs = keras.Input((4,))
        outputs = layers.Dense(4)(inputs) + keras.ops.convert_to_tensor(np.random.rand(4).astype("float32"))
        return fingerprint(_facts(keras.Model(inputs, outputs)))

    assert made() == made()


def test_the_settings_are_flat_and_readable() -> None:
    model = CONVOLUTIONS.fresh(keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0))
    facts = collect_facts(model, model.optimizer, way="fit", steps_per_epoch=11, epochs=3)
    found = configuration(facts, (_IMAGE, _LABEL))
    assert found is not None
    digest = found.pop("digest")
    assert isinstance(digest, str)
    expected: dict[str, Setting] = {
        "way": "fit",
        "optimizer": "SGD",
        "learning_rate": 0.1,
        "schedule": None,
        "momentum": 0.9,
        "weight_decay": None,
        "clipping": "clipnorm=1",
        "optimizer_settings": "nesterov=True",
        "loss": "SparseCategoricalCrossentropy",
        "from_logits": "False",
        "batch_size": 32,
        "input": "8 x 8 x 1 float32",
        "target": "int32",
        "layers": "2 Conv2D, 2 BatchNormalization, 2 ReLU, Add, GlobalAveragePooling2D, Dropout, Dense",
        "activations": "2 relu, softmax",
        "initializers": "3 GlorotUniform",
        "dropout": "0.2",
        "parameters": 770,
        "precision": "float32",
        "steps_per_epoch": 11,
        "epochs": 3,
    }
    assert found == expected
    assert list(found) == list(expected)


def test_a_model_that_was_not_seen_has_neither() -> None:
    assert (configuration(None), fingerprint(None)) == (None, None)
    old = ModelFacts("fit")  # of a version that did not hash
    assert fingerprint(old) is None
    assert configuration(old) is not None


def test_an_optimizer_with_loss_scaling_is_described_by_the_inner_one() -> None:
    model = PERCEPTRON.fresh(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)))
    found = configuration(collect_facts(model, model.optimizer, way="fit"))
    assert found is not None
    assert (found["optimizer"], found["learning_rate"]) == ("Adam", 0.01)
    assert found["optimizer_settings"] == "beta_1=0.9, beta_2=0.999, epsilon=1e-07"


def test_a_pretrained_table_is_not_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: an embedding matrix that becomes lists of lists, or is not put back."""
    table = np.zeros((50, 8), np.float32)
    constant = keras.initializers.Constant(table)
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(50, 8, embeddings_initializer=constant)])
    seen: list[int] = []
    own = keras.initializers.Constant.get_config
    monkeypatch.setattr(
        keras.initializers.Constant, "get_config", lambda self: seen.append(np.ndim(self.value)) or own(self)
    )
    assert _facts(model).digest
    assert set(seen) == {0}
    assert constant.value is table


@keras.saving.register_keras_serializable("tests")
class _TensorScale(layers.Layer):
    def __init__(self, factor: float, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "places": {(0, 1): "a", "b": 2}}


def test_a_layer_of_the_users_own_counts_with_its_settings_whatever_its_name_and_keys() -> None:
    """Kills: any class with "Tensor" in its name taken for a tensor; keys that are no texts."""

    def digest(factor: float) -> str:
        return _facts(keras.Sequential([keras.Input((4,)), _TensorScale(factor), layers.Dense(1)])).digest

    assert digest(1.0) == digest(1.0) != ""
    assert digest(1.0) != digest(9.0)


def test_a_model_that_cannot_be_written_down_has_facts_and_no_fingerprint() -> None:
    class Odd(layers.Dense):
        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "loop": _loop()}

    facts = _facts(keras.Sequential([keras.Input((4,)), Odd(1)]))
    assert facts.layers[-1].kind == "Dense"


def _loop() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    return loop
