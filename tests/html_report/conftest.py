"""Logs that the tests of the report share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_stability.series import NORMALIZATION_VECTORS, Layout, Normalization, Variable
from tests.event_logs import DIVERGED, losses, write_run, write_scalars

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
HOSTILE = (
    f"{SCRIPT}\0</svg></style>'\"&lt;",
    "\u202egnp.exe\u200f",
    "javascript:alert(3)",
    "x" * 10_000,
    "| [a](http://example.com) @someone #1 `c` \x1b[2J",
)
"""Names that are meant to harm whoever shows them."""


def hostile_layout() -> Layout:
    """Layers with these names."""
    variables = tuple(Variable(f"{name}/gamma", name, "gamma", (3,)) for name in HOSTILE)
    normalizations = tuple(Normalization(name, NORMALIZATION_VECTORS, 3, True) for name in HOSTILE)
    return Layout(variables, normalizations)


@pytest.fixture(scope="session")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs: two that broke, a healthy one, one of Keras' own writer, and one with hostile names."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "diverged", losses=DIVERGED)
    write_run(folder / "healthy", range(200))
    write_run(folder / "spike", range(1500), losses=dict.fromkeys((1000, 1001), 40.0))
    for part in ("train", "validation"):
        write_scalars(folder / "keras" / part, "epoch_loss", losses(20))
    write_run(folder / SCRIPT.replace("/", "\u2215"), losses=DIVERGED, layout=hostile_layout())
    return folder
