"""What histograms and their names tell, against the numbers that they were made of."""

from __future__ import annotations

import numpy as np
import pytest

from tb_stability.plugin import histogram_statistics as statistics
from tb_stability.plugin.foreign_layers import arrange_layers, parse_histogram_name
from tb_stability.plugin.foreign_tags import TAGS, TagsArgumentError, parse_tags
from tests.plugin.histogram_logs import tensorflow_histogram

VALUES = {
    "normal": np.random.default_rng(0).normal(size=500),
    "uniform": np.random.default_rng(1).uniform(2, 3, size=64),
    "one": np.array([0.25]),
    "constant": np.full(12, 3.0),
    "zero": np.zeros(7),
}


@pytest.mark.parametrize("name", VALUES)
def test_numbers_of_a_histogram_are_near_those_it_was_made_of(name: str) -> None:
    values = VALUES[name]
    histogram = statistics.as_histogram(tensorflow_histogram(values))
    assert histogram is not None
    width = np.ptp(values) / 30
    assert statistics.entry_count(histogram) == values.size
    assert statistics.l2_norm(histogram) == pytest.approx(
        np.linalg.norm(values), abs=width * values.size**0.5
    )
    assert statistics.mean(histogram) == pytest.approx(values.mean(), abs=width)
    assert statistics.largest_magnitude(histogram) == np.abs(values).max()
    entries = statistics.sorted_entries(histogram)
    np.testing.assert_allclose(entries, np.sort(values), atol=width + 1e-12)


def test_what_was_not_finite_is_not_finite() -> None:
    for bad in (np.nan, np.inf):
        histogram = statistics.as_histogram(tensorflow_histogram(np.array([1.0, bad])))
        assert histogram is not None
        assert np.isnan(statistics.l2_norm(histogram))
    # As SummaryWriter.add_histogram writes it: counts of the finite numbers, and an edge that is not.
    assert np.isnan(statistics.l2_norm(np.array([[np.nan, 0.0, 3.0], [0.0, 1.0, 2.0]])))


@pytest.mark.parametrize("array", [np.zeros((3, 2)), np.zeros(3), np.array([["a", "b", "c"]])])
def test_what_is_no_histogram_is_none(array: np.ndarray) -> None:
    assert statistics.as_histogram(array) is None


def test_the_distance_is_that_of_the_nearest_order() -> None:
    start = np.linspace(0.9, 1.1, 64)
    moved = start[::-1] + 0.5
    first, second = (statistics.sorted_entries(tensorflow_histogram(v)) for v in (start, moved))
    assert statistics.distance(first, first, 64) == 0
    assert statistics.distance(first, second, 64) == pytest.approx(0.5 * 8, rel=1e-6)
    assert np.isnan(statistics.distance(first, np.zeros(0), 64))


@pytest.mark.parametrize(
    ("tag", "variable", "is_gradient", "is_normalization"),
    [
        ("sequential/dense/kernel/histogram", "sequential/dense/kernel", False, False),
        ("bn/moving_mean/histogram", "bn/moving_mean", False, True),
        ("layer1.0.bn1.weight", "layer1.0.bn1/gamma", False, True),
        ("layer1.0.conv1.weight.grad", "layer1.0.conv1/weight", True, False),
        ("gradients/fc.bias", "fc/bias", True, False),
        ("grads/fc.weight", "fc/weight", True, False),
        ("fc.weight_grad", "fc/weight", True, False),
        ("weights/fc.weight", "fc/weight", False, False),
        ("subnet.weight", "subnet/weight", False, False),  # no "bn"
        ("norm1.running_var", "norm1/moving_variance", False, True),
        ("rnn.weight_hh_l0", "rnn/weight_hh_l0", False, False),
    ],
)
def test_the_name_of_a_histogram_says_what_it_is_of(
    tag: str, variable: str, is_gradient: bool, is_normalization: bool
) -> None:
    name = parse_histogram_name(tag)
    assert name is not None
    assert (name.variable, name.is_gradient, name.is_normalization) == (
        variable,
        is_gradient,
        is_normalization,
    )


@pytest.mark.parametrize(
    "tag", ["outputs", "conv1/activations", "grad", "weighted_outputs", "gradient_norms"]
)
def test_other_names_are_no_weights(tag: str) -> None:
    assert parse_histogram_name(tag) is None


def test_a_weight_without_a_gradient_where_others_have_one_is_left_out() -> None:
    tags = ["frozen.weight", "fc.weight", "fc.weight.grad"]
    layers = arrange_layers(tags, dict.fromkeys(tags, 6))
    assert [variable.name for variable in layers.layout.variables] == ["fc/weight"]
    assert (layers.weights, layers.gradients) == ({"fc/weight": "fc.weight"}, {"fc/weight": "fc.weight.grad"})


@pytest.mark.parametrize("text", ["loss", "colour=red", "loss=", "loss=a;=b"])
def test_added_names_that_are_written_wrongly_are_refused(text: str) -> None:
    with pytest.raises(TagsArgumentError, match="tags must be SERIES=TAG"):
        parse_tags(text)


def test_no_name_stands_for_two_series_of_an_axis() -> None:
    for axis, series in TAGS.names.items():
        tags = [tag for names in series.values() for tag in names]
        assert len(tags) == len(set(tags)), axis
