"""The fault corpus: its labels, its recordings, and how they are judged; the figures are not judged."""

from __future__ import annotations

import collections
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_stability.series import Layout, StepValues
from tb_stability.windows import Window

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

SUBSET = ("inputs_nan/mlp/digits/0", "bn_inference_mode/mlp/digits/0", "unfreeze/mlp/digits/0")
"""A planted fault, a custom loop with a fault from the start, and a healthy run whose variables change."""


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmarks, which are scripts beside each other and no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


def detect(cache: Path, *options: str) -> subprocess.CompletedProcess[str]:
    pattern = f"^({'|'.join(SUBSET)})$"
    command = [sys.executable, "detect.py", "--cache", str(cache), "--only", pattern, *options]
    return subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False, timeout=300)


def test_a_subset_is_trained_once_and_replayed_as_it_was(cache: Path, tmp_path: Path, load: Any) -> None:
    first = detect(cache)
    assert first.returncode == 0, first.stderr
    recordings = sorted(cache.iterdir())
    assert len(recordings) == 5, "three programs, and the twins of the two faults"

    second = detect(cache, "--json", str(tmp_path / "f.json"), "--markdown", str(tmp_path / "f.md"))
    assert (second.returncode, sorted(cache.iterdir())) == (0, recordings), second.stderr
    document = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    programs = {x["name"]: x for x in document["programs"]}
    assert sorted(programs) == sorted(SUBSET)
    nan = programs["inputs_nan/mlp/digits/0"]
    assert [(w["kind"], w["start_step"]) for w in nan["right"]] == [("non_finite", 200)]
    assert (nan["onset_error"], nan["overlap"], nan["doubt"]) == (0, 1.0, "")
    frozen = programs["bn_inference_mode/mlp/digits/0"]
    assert frozen["is_layer_right"] is True
    assert document["figures"]["tuned"]["recall"] == 1.0
    assert "| inputs_nan | 1/1 |" in (tmp_path / "f.md").read_text(encoding="utf-8")

    recording = load("faults.recording")
    for folder in recordings:
        one = recording.read(folder)
        assert one.replay().windows == one.live.windows, folder
        assert len(list(one)) in (400, 450), "every step"
        assert all(values.activations for _, values in one), "with its activations"


def test_another_recipe_is_another_recording_and_other_comments_are_not(load: Any, tmp_path: Path) -> None:
    program, recording = load("faults.program"), load("faults.recording")
    recipe = program.Recipe("mlp")
    assert recording.path_of(recipe, tmp_path) == recording.path_of(program.Recipe("mlp"), tmp_path)
    assert recording.path_of(recipe, tmp_path) != recording.path_of(program.Recipe("mlp", seed=1), tmp_path)
    assert recording._meaning('"""A."""\nx = 1  # one') == recording._meaning("x = (\n    1\n)")
    assert recording._meaning("x = 1") != recording._meaning("x = 2")


def test_the_corpus_has_what_it_promises(load: Any) -> None:
    every = load("faults.catalogue").programs()
    faults = [x for x in every if x.truth is not None]
    healthy = [x for x in every if x.truth is None]
    assert len({x.name for x in every}) == len(every)
    assert len({x.kind for x in faults}) >= 14
    assert len(healthy) >= 120
    recipes = [x.recipe for x in healthy]
    recipes += [x.recipe for x in faults if x.kind == "overfitting" and x.twin is None]  # by themselves
    for x in faults:
        assert x.twin is None or (x.twin in recipes and x.twin != x.recipe), x.name
        assert x.truth.onset is None or x.truth.onset < x.recipe.steps, x.name
    assert {x.split for x in faults} == {x.split for x in healthy} == {"tuned", "held_out", "fresh"}
    seeds = collections.defaultdict(set)
    for x in every:
        seeds[x.recipe.architecture].add(x.recipe.seed)
        assert (x.split == "fresh") == (x.recipe.seed in (3, 4)), x.name
    assert all(len(found) == 5 for found in seeds.values())


def test_a_planted_fault_changes_the_planted_steps_alone(load: Any) -> None:
    data, schedules = load("faults.data"), load("faults.schedules")
    seen = set()
    for program in load("faults.planted").planted():
        if program.recipe.architecture != "mlp":
            continue
        own, twin = (data.make_batches(x, "flat") for x in (program.recipe, program.twin))
        rates = [schedules.learning_rates(x) for x in (program.recipe, program.twin)]
        changed = (
            (rates[0] != rates[1]) | ~_equal(own.inputs, twin.inputs) | ~_equal(own.targets, twin.targets)
        )
        truth, last = program.truth, program.recipe.steps - 1
        assert np.flatnonzero(changed)[0] == truth.onset, program.name
        if truth.end is not None:
            assert np.flatnonzero(changed)[-1] == truth.end <= last, program.name
        seen.update(change.kind for change in program.recipe.changes)
    assert seen == {"learning_rate", "inputs", "nan", "labels", "zeros"}


def test_windows_are_held_against_the_truth(load: Any) -> None:
    judging, program = load("detect_judging"), load("faults.program")
    truth = program.Truth(frozenset({"loss_spike", "dead_units"}), 100, 109, layers=frozenset({"a"}))
    windows = (
        _window("loss_spike", 20, 21, 22),  # before anything was wrong
        _window("loss_spike", 98, 103, 107),
        _window("dead_units", 103, 104, 111, layer="a/inner"),
        _window("dead_units", 90, 106, None, layer="b"),  # to the end of the run, step 119
        _window("loss_plateau", 100, 101, None),  # of another kind
        _window("loss_spike", 99, 100, 101, severity="info"),
    )
    outcome = judging.Outcome("n", "k", "mlp", "tuned", False, 120, "unstable", windows)
    found = judging.compare(outcome, truth, 119)
    assert (found.right, found.false_alarms) == (windows[1:4], windows[:1])
    assert (found.onset_error, found.delay, found.is_layer_right) == (2, 3, True)
    assert found.overlap == pytest.approx(10 / 30)

    missed = judging.compare(outcome, program.Truth(frozenset({"non_finite"}), 100), 119)
    assert (missed.right, missed.onset_error, missed.overlap) == ((), None, 0.0)
    standing = judging.compare(outcome, program.Truth(frozenset({"loss_spike"})), 119)
    assert (standing.false_alarms, standing.overlap) == ((), None)


def test_steps_that_loss_scaling_skipped_do_not_count(load: Any) -> None:
    judging, program = load("detect_judging"), load("faults.program")
    truth = program.Truth(frozenset({"non_finite"}), 250, 257)
    counted = judging._as_counted(truth, 1)
    assert (counted.onset, counted.end) == (249, 256)
    assert judging._as_counted(program.Truth(frozenset()), 1).onset is None


def test_harm_ends_when_the_loss_is_back_where_that_of_the_twin_is(load: Any) -> None:
    judging, program = load("detect_judging"), load("faults.program")
    twin = np.linspace(2.0, 1.0, 200)
    own = twin.copy()
    own[100:150] += 1.0
    own[170] += 9.0  # a single step is noise
    own[180:] += 0.2  # less than a quarter of what was learned
    truth = program.Truth(frozenset(), 100, 110, heals=True)

    def healed(losses: Any) -> int | None:
        step: int | None = judging.healed_step(_recording(load, losses), _recording(load, twin), truth)
        return step

    assert healed(own) == 149
    assert healed(twin) == 110
    assert healed(twin + 1.0) is None
    assert healed(np.where(np.arange(200) < 100, twin, np.nan)) is None


def test_figures_count_faults_and_alarms_apart(load: Any) -> None:
    judging, tables = load("detect_judging"), load("detect_tables")
    alarm = _window("loss_spike", 5, 6, 7)
    outcomes = [
        judging.Outcome("f1", "k", "mlp", "tuned", False, 100, "unstable", (alarm,), (alarm,), (), 3, 9, 0.5),
        judging.Outcome("f2", "k", "mlp", "tuned", False, 100, "healthy", ()),
        judging.Outcome("f3", "k", "mlp", "tuned", False, 100, "healthy", (), traceless="a reason"),
        judging.Outcome("h1", "cosine", "mlp", "tuned", True, 400, "warning", (alarm,), (), (alarm,)),
        judging.Outcome("h2", "cosine", "mlp", "tuned", True, 600, "healthy", ()),
    ]
    figures = tables.figures(outcomes)
    assert (figures["recall"], figures["onset_error_median"], figures["delay_p90"]) == (0.5, 3, 9)
    assert (figures["false_alarms_per_run"], figures["false_alarms_per_10000_steps"]) == (0.5, 10.0)
    assert figures["healthy_runs_with_alarm"] == 1
    assert [row[0] for row in tables.misses(outcomes).rows] == ["f2"]
    assert [row[0] for row in tables.traceless(outcomes).rows] == ["f3"]
    assert [row[0] for row in tables.false_alarms(outcomes).rows] == ["h1"]
    assert tables.recall_by_fault(outcomes, "tuned").rows[0][:3] == ["k", "1/2", "1/2"]


def test_the_cost_of_the_monitor_is_measured(load: Any) -> None:
    monitor = load("monitor")
    time = monitor.update_microseconds(monitor.dense_layout(8), 20)
    assert 0 < time.least <= time.median
    memory = monitor.memory_bytes(8, (400, 1600))
    assert 0 < memory[1600] < 2 * memory[400]


def _recording(load: Any, losses: Any) -> Any:
    recording = load("faults.recording")
    steps = [(step, StepValues({"loss": float(loss)})) for step, loss in enumerate(losses)]
    return recording.Recording([recording.Segment(Layout(), steps)], None)


def _equal(a: Any, b: Any) -> Any:
    """`[steps]`, whether a step is the same in both."""
    return (a.reshape(len(a), -1) == b.reshape(len(b), -1)).all(1)


def _window(
    kind: str, start: int, alarm: int, end: int | None, *, layer: str | None = None, severity: Any = "warning"
) -> Window:
    return Window(kind, "loss", layer, (), start, alarm, end, alarm, 2.0, severity)
