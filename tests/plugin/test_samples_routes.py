"""`/activations` and `/histograms`: what was sampled at a few steps, as `http_api.md` says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tb_stability.measures.reference import histogram
from tb_stability.series import HISTOGRAM_BINS, Activation, Layout, StepValues, Variable
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import losses, write_run, write_scalars
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server

ACTIVATIONS = (Activation("dense", "tanh", 4), Activation("re_lu", "relu", 8))
LAYOUT = Layout(
    (Variable("dense/kernel", "dense", "kernel", (4, 3)), Variable("out/kernel", "out", "kernel", (3, 1))),
    activations=ACTIVATIONS,
)


def write_samples(log_dir: Path, steps: range) -> None:
    """Activations and histograms whose numbers tell their step, and rows beside them."""
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, LAYOUT, ("loss",))
    writer.write_steps([steps[0]], [StepValues({"loss": 1.0})], LAYOUT, ("loss",))
    for step in steps:
        share = np.float32([[math.nan, step / 100], [step / 50, math.nan]])
        writer.write_activations(step, share)
        counts = np.zeros((2, HISTOGRAM_BINS), np.uint16)
        counts[:, 3] = [step, 2 * step]
        counts[1, 48] = 65535
        writer.write_histograms(step, counts)
    writer.close()


def test_activations_have_their_shares_at_the_sampled_steps(tmp_path: Path) -> None:
    write_samples(tmp_path / "exp1", range(0, 50, 10))
    server = Server(tmp_path)
    header, arrays = decode_frame(server.get("/activations", run="exp1").get_data())
    described = [
        {"layer": "dense", "function": "tanh", "units": 4},
        {"layer": "re_lu", "function": "relu", "units": 8},
    ]
    assert header["activations"] == described
    assert server.get("/layout", run="exp1").get_json()["activations"] == described
    assert arrays["step"].tolist() == [0, 10, 20, 30, 40]
    nothing = [math.nan] * 5
    np.testing.assert_array_equal(arrays["dead_share"], np.float32([nothing, [0, 0.1, 0.2, 0.3, 0.4]]))
    np.testing.assert_array_equal(arrays["saturated_share"], np.float32([[0, 0.2, 0.4, 0.6, 0.8], nothing]))


def test_histograms_are_those_of_the_variables_of_the_layer(tmp_path: Path) -> None:
    write_samples(tmp_path / "exp1", range(0, 50, 10))
    header, arrays = decode_frame(Server(tmp_path).get("/histograms", run="exp1", layer="out").get_data())
    assert arrays.keys() == {"step", "out/kernel"}
    assert arrays["out/kernel"].shape == (5, HISTOGRAM_BINS)
    assert arrays["out/kernel"].dtype == np.uint32
    assert arrays["out/kernel"][:, 3].tolist() == [0, 20, 40, 60, 80]
    assert header["layer"] == "out"


def test_the_bins_are_where_their_description_says(tmp_path: Path) -> None:
    """Reads a histogram by the words of `http_api.md` alone."""
    gradient = [-4.5, 0.0, 0.26, 0.3, 1e-30, 1e9, math.nan, -math.inf, math.inf, math.inf]
    writer = EventFileWriter(str(tmp_path / "exp1"))
    layout = Layout((Variable("a/kernel", "a", "kernel", (10,)),))
    writer.write_layout(0, layout, ("loss",))
    writer.write_steps([0], [StepValues({"loss": 1.0})], layout, ("loss",))
    writer.write_histograms(0, histogram(gradient)[None])
    writer.close()
    header, arrays = decode_frame(Server(tmp_path).get("/histograms", run="exp1", layer="a").get_data())
    lowest, highest = header["bins"]["exponents"]
    exponents = list(range(lowest, highest + 1))
    bins = [
        *(("negative", e) for e in reversed(exponents)),
        ("zero", None),
        *(("positive", e) for e in exponents),
        ("nan", None),
        ("-inf", None),
        ("inf", None),
    ]
    assert list(dict.fromkeys(name for name, _ in bins)) == header["bins"]["order"]
    counts = arrays["a/kernel"][0]
    assert {place: n for place, n in zip(bins, counts.tolist(), strict=True) if n} == {
        ("negative", 2): 1,
        ("zero", None): 1,
        ("positive", lowest): 1,
        ("positive", -2): 2,
        ("positive", highest): 1,
        ("nan", None): 1,
        ("-inf", None): 1,
        ("inf", None): 2,
    }


def test_neighbours_are_added_up_where_there_are_more_samples_than_columns(tmp_path: Path) -> None:
    write_samples(tmp_path / "exp1", range(0, 50, 10))
    _, arrays = decode_frame(
        Server(tmp_path).get("/histograms", run="exp1", layer="out", cols="2").get_data()
    )
    assert arrays["step"].tolist() == [0, 30]
    assert arrays["out/kernel"][:, 3].tolist() == [60, 140]
    assert arrays["out/kernel"][:, 48].tolist() == [3 * 65535, 2 * 65535]  # beyond uint16


def test_a_run_without_samples_has_none(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(3))
    write_scalars(tmp_path / "keras" / "train", "epoch_loss", losses(5))
    server = Server(tmp_path)
    for run in ("exp1", "keras"):
        header, arrays = decode_frame(server.get("/activations", run=run).get_data())
        assert (header["activations"], arrays["step"].shape, arrays["dead_share"].shape) == ([], (0,), (0, 0))
    _, arrays = decode_frame(server.get("/histograms", run="exp1", layer="dense").get_data())
    assert arrays["dense/kernel"].shape == (0, HISTOGRAM_BINS)


@pytest.mark.parametrize(
    ("route", "query", "status", "sentence"),
    [
        ("/activations", {}, 400, "the query needs 'run', as in /activations?run=exp1"),
        ("/activations", {"run": "nope"}, 404, "there is no run 'nope'"),
        ("/histograms", {"run": "exp1"}, 400, "the query needs 'layer'"),
        ("/histograms", {"run": "exp1", "layer": "nope"}, 404, "has no layer 'nope'"),
        ("/histograms", {"run": "exp1", "layer": "bn", "cols": "0"}, 400, "'cols' must be an integer"),
    ],
)
def test_a_wrong_query_is_answered_with_a_sentence(
    tmp_path: Path, route: str, query: dict[str, str], status: int, sentence: str
) -> None:
    write_run(tmp_path / "exp1", range(3))
    answer = Server(tmp_path).get(route, **query)
    assert answer.status_code == status
    assert sentence in answer.get_json()["error"]
