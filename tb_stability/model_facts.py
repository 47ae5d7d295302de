"""What is known of a model, its optimizer and its data before training: facts, judged elsewhere.

An adapter reads them from the framework's real objects (a layer's activation function, an initializer,
the loss), never from names. They are written into the log, so that a log alone can be judged.
"""

from __future__ import annotations

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class LayerFacts:
    """A layer without layers inside.

    Attributes:
      layer: Its path, as in the layout of the run.
      kind: Its class, such as `Dense`; of a subclass the class of Keras that it derives from.
      activation: Name of its activation function; `""` where it has none, or one that Keras does not know.
      next_activation: The first function that its output goes through: its own, or, where that is linear, the
        one of the next layer that has one, past normalization, dropout, pooling and reshaping. `""` where
        that is not known, as in a subclassed model.
      initializer: Class of the kernel's initializer, such as `GlorotUniform`; `""` where it has none.
      fan_in, fan_out: Inputs and outputs of a unit; 0 where it has no kernel.
      weight_std: Standard deviation of the kernel's entries when recording began; NaN without a kernel.
      recurrent_gain: Standard deviation of the recurrent kernel's entries times the root of its longer
        side: 1 for an orthogonal one; NaN where it has none.
      units: Size of its output's last axis; 0 where not known.
      use_bias: Whether it has a bias.
      bias_mean: Mean of the bias when recording began; NaN without one.
      is_normalized: Whether a normalization layer comes before the next kernel.
      has_batch_normalization_next: Whether BatchNormalization takes its output as it is.
      trainable: Whether it is trained.
      dropout: Share of entries that it drops in training; 0 where it drops none.
    """

    layer: str
    kind: str
    activation: str = ""
    next_activation: str = ""
    initializer: str = ""
    fan_in: int = 0
    fan_out: int = 0
    weight_std: float = math.nan
    recurrent_gain: float = math.nan
    units: int = 0
    use_bias: bool = False
    bias_mean: float = math.nan
    is_normalized: bool = False
    has_batch_normalization_next: bool = False
    trainable: bool = True
    dropout: float = 0.0

    @property
    def has_kernel(self) -> bool:
        """Whether it multiplies its input with a kernel."""
        return self.fan_in > 0


@dataclasses.dataclass(frozen=True)
class NormalizationFacts:
    """A normalization layer.

    Attributes:
      layer: Its path, as in the layout.
      kind: Its class, such as `BatchNormalization`.
      momentum: Share of the old moving statistics that a step keeps; NaN where it has none.
      epsilon: Added to the variance.
      trainable: False where it is frozen on purpose.
    """

    layer: str
    kind: str
    momentum: float = math.nan
    epsilon: float = math.nan
    trainable: bool = True

    @property
    def is_batch_normalization(self) -> bool:
        """Whether it normalises over the batch."""
        return self.kind == "BatchNormalization"


@dataclasses.dataclass(frozen=True)
class OptimizerFacts:
    """The optimizer; inside of a loss-scaling one, the inner one.

    Attributes:
      kind: Its class, such as `Adam`.
      learning_rate: When recording began; NaN where not known.
      schedule: Class of its schedule; `""` where the rate is a number.
      momentum: Of SGD and RMSprop; 0 for others.
      clipnorm, clipvalue, global_clipnorm: Its clipping; None where it does not clip so.
      weight_decay: None where it has none.
      scales_loss: Whether the loss is scaled (mixed precision).
      settings: Its other settings that are numbers or on, for display: `beta_1=0.9, beta_2=0.999`.
      schedule_settings: Likewise, those of its schedule.
    """

    kind: str
    learning_rate: float = math.nan
    schedule: str = ""
    momentum: float = 0.0
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    weight_decay: float | None = None
    scales_loss: bool = False
    settings: str = ""
    schedule_settings: str = ""

    @property
    def clips(self) -> bool:
        """Whether it clips gradients in any way."""
        return any(x is not None for x in (self.clipnorm, self.clipvalue, self.global_clipnorm))


@dataclasses.dataclass(frozen=True)
class LossFacts:
    """The loss that the model was compiled with.

    Attributes:
      kind: Its class, such as `SparseCategoricalCrossentropy`; `""` for a function of the user's own.
      from_logits: Whether it expects logits; None where it has no such argument.
    """

    kind: str = ""
    from_logits: bool | None = None


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """A model as it was when recording began.

    Attributes:
      way: `fit`, or `loop` for a custom loop.
      layers: All layers without layers inside, in network order.
      normalizations: The normalization layers among them.
      optimizer: The optimizer; None where not known.
      loss: The loss; None in a custom loop, and where there are several.
      output_layer: The only layer whose output is the model's; `""` where not known, or there are several.
      output_activation: Name of the last function of the model; `""` where not known.
      output_units: Size of the output's last axis; 0 where not known.
      compute_dtype: Type that the layers compute in, such as `float16`.
      steps_per_epoch: Steps of an epoch; None where not known.
      epochs: Number of epochs that were asked for; None where not known.
      parameters: Number of entries of all trainable weights; None where not known.
      digest: Hash of everything that is configured of layers, optimizer and loss, without names, seeds and
        values of weights; `""` where not known.
    """

    way: str
    layers: tuple[LayerFacts, ...] = ()
    normalizations: tuple[NormalizationFacts, ...] = ()
    optimizer: OptimizerFacts | None = None
    loss: LossFacts | None = None
    output_layer: str = ""
    output_activation: str = ""
    output_units: int = 0
    compute_dtype: str = "float32"
    steps_per_epoch: int | None = None
    epochs: int | None = None
    parameters: int | None = None
    digest: str = ""

    def find(self, layer: str | None) -> LayerFacts | None:
        """Returns the layer of this path; None where there is none."""
        return next((facts for facts in self.layers if facts.layer == layer), None)

    @property
    def kernels(self) -> tuple[LayerFacts, ...]:
        """The layers with a kernel, embeddings left out: those have no fan-in."""
        return tuple(layer for layer in self.layers if layer.has_kernel)

    @property
    def hidden(self) -> tuple[LayerFacts, ...]:
        """The layers with a kernel without the one of the output, which is the last where it is not known."""
        name = self.output_layer or (self.kernels[-1].layer if self.kernels else "")
        return tuple(layer for layer in self.kernels if layer.layer != name)

    @property
    def batch_normalizations(self) -> tuple[NormalizationFacts, ...]:
        """The BatchNormalization layers that are trained."""
        return tuple(n for n in self.normalizations if n.is_batch_normalization and n.trainable)
