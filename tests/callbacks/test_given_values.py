"""Which update a loss belongs to."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tensorflow as tf

from tb_stability.callbacks.given_values import GivenValues


def test_each_call_belongs_to_the_update_that_it_made() -> None:
    given = GivenValues()
    for update, loss in enumerate([3.0, 2.0], 1):
        given.add({"loss": loss}, tf.constant(update))
    assert given.take(2) == {0: {"loss": 3.0}, 1: {"loss": 2.0}}
    assert not given


def test_calls_without_an_update_belong_to_the_next_one_and_their_losses_are_averaged() -> None:
    """Gradient accumulation over three batches; the fifth call has no update yet."""
    given = GivenValues()
    for updates, loss in [(None, 1.0), (None, 2.0), (1, 6.0), (1, 4.0)]:
        given.add({"loss": loss, "epoch": loss}, updates)
    assert given.take(1) == {0: {"loss": 3.0, "epoch": 6.0}}
    given.add({"loss": 8.0}, 2)
    assert given.take(2) == {1: {"loss": 6.0, "epoch": 4.0}}


def test_a_call_that_made_several_updates_belongs_to_the_last_of_them() -> None:
    given = GivenValues()
    given.add({"loss": 1.0}, 10)
    given.add({"loss": 2.0}, 20)
    assert given.take(20) == {9: {"loss": 1.0}, 19: {"loss": 2.0}}


@pytest.mark.parametrize(
    "loss",
    [
        1.5,
        np.float64(1.5),
        np.float32([1.5]),
        np.array([[1.5]]),
        tf.constant([1.5]),
        tf.constant(1.5, tf.bfloat16),
    ],
)
def test_whatever_is_one_number_is_taken(loss: object) -> None:
    given = GivenValues()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given.add({"loss": loss}, 1)
    assert given.take(1) == {0: {"loss": 1.5}}


@pytest.mark.parametrize("loss", [None, "1.5", {"loss": 1.5}, [1.0, 2.0], np.ones(2), tf.ones([4])])
def test_whatever_is_not_one_number_is_left_out_with_one_warning(loss: object) -> None:
    given = GivenValues()
    with pytest.warns(RuntimeWarning, match="loss as one number"):
        given.add({"loss": loss, "val_loss": 0.5}, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given.add({"loss": loss}, 2)
    assert given.take(2) == {0: {"val_loss": 0.5}, 1: {}}


def test_memory_is_bounded_where_no_update_ever_comes() -> None:
    given = GivenValues()
    for _ in range(5000):
        given.add({"loss": 1.0}, None)
    assert len(given.take_all()) == 1000
