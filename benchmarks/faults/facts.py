"""What a callback would have known of the model and the first batch of a recipe, without training it.

The recordings have the steps only. The facts are collected anew where the code that collects them changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import tb_stability
from faults.program import Recipe
from faults.recording import path_of
from tb_stability.report import RunReport, Steps, Verdict
from tb_stability.summary.report import dump_report, parse_report

_PACKAGE = Path(tb_stability.__file__).parent
_SOURCES = (
    *("callbacks/keras_facts.py", "callbacks/keras_layer_facts.py", "callbacks/keras_training_facts.py"),
    *("model_facts.py", "measures/tensorflow/first_batch.py", "measures/tensorflow/layout.py"),
)
_OWN_SOURCE = "facts_collecting.py"


def facts_path(recipe: Recipe, cache: Path) -> Path:
    """Where the facts of a recipe are kept."""
    total = hashlib.sha256()
    for source in (*(_PACKAGE / name for name in _SOURCES), Path(__file__).with_name(_OWN_SOURCE)):
        total.update(source.read_bytes())
    return cache / "facts" / f"{path_of(recipe, cache).name}-{total.hexdigest()[:8]}.json"


def write_facts(facts: RunReport, path: Path) -> None:
    """Keeps them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump_report(facts, "ended"), encoding="utf-8")


def read_facts(recipe: Recipe, cache: Path) -> RunReport:
    """Returns a report that has `model` and `first_batch`, and nothing else.

    Raises:
      FileNotFoundError: If they were not collected.
    """
    return parse_report(facts_path(recipe, cache).read_text(encoding="utf-8"))[0]


def empty_report() -> RunReport:
    """A report that says nothing."""
    return RunReport(Steps(None, None, 0, 0), (), Verdict("unknown", "", "", ""), ())
