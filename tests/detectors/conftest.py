"""Detectors and statistics as the monitor calls them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def no_warnings_of_numpy() -> Iterator[None]:
    """NaN and Inf are data."""
    with np.errstate(all="ignore"):
        yield
