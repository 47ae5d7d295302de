"""Recorded numbers on their way to the tab: runs of given steps, and frames of a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tb_stability.series import Layout, StepValues
from tb_stability.writers.event_file import EventFileWriter
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server

Arrays = dict[str, np.ndarray]


def frame(server: Server, route: str, **query: str) -> tuple[dict[str, Any], Arrays]:
    answer = server.get(route, **query)
    assert answer.status_code == 200, answer.get_data()
    assert answer.content_type == "application/octet-stream"
    return decode_frame(answer.get_data())


def write_steps(
    log_dir: Path, values: Sequence[StepValues], layout: Layout, scalars: tuple[str, ...] = ()
) -> None:
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, layout, scalars)
    writer.write_steps(range(len(values)), values, layout, scalars)
    writer.close()
