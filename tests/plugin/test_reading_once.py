"""What was read once is not read again: only what is new, and once for all who ask at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider

from tests.event_logs import losses, write_run, write_scalars
from tests.plugin.server import Server

REQUESTS = (
    ("/runs", {}),
    ("/layout", {"run": "old"}),
    ("/steps", {"run": "old"}),
    ("/heatmap", {"run": "old", "measure": "grad_norm"}),
    ("/layer", {"run": "old", "layer": "dense"}),
    ("/histograms", {"run": "old", "layer": "dense"}),
    ("/activations", {"run": "old"}),
    ("/steps", {"run": "new"}),
    ("/heatmap", {"run": "new", "measure": "update_ratio"}),
    ("/steps", {"run": "other"}),
)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The runs and tags whose points were read, one after the other."""
    seen: list[tuple[str, str]] = []
    lock = threading.Lock()
    for name in ("read_tensors", "read_scalars"):
        own = getattr(MultiplexerDataProvider, name)

        def counting(self: Any, *arguments: Any, _own: Any = own, run_tag_filter: Any, **more: Any) -> Any:
            with lock:
                seen.extend((run, tag) for run in run_tag_filter.runs for tag in run_tag_filter.tags)
            return _own(self, *arguments, run_tag_filter=run_tag_filter, **more)

        monkeypatch.setattr(MultiplexerDataProvider, name, counting)
    return seen


@pytest.fixture
def server(tmp_path: Path) -> Server:
    write_run(tmp_path / "old")
    write_run(tmp_path / "new", range(50), state="running")
    write_scalars(tmp_path / "other", "loss", losses(20))
    return Server(tmp_path)


def ask_everything(server: Server) -> None:
    for route, query in REQUESTS:
        assert server.get(route, **query).status_code == 200


def test_only_a_run_that_grew_is_read_again(
    tmp_path: Path, server: Server, read: list[tuple[str, str]]
) -> None:
    ask_everything(server)
    assert {run for run, _ in read} == {"old/stability", "new/stability", "other"}
    read.clear()
    ask_everything(server)
    server.reload()
    ask_everything(server)
    assert read == []
    write_run(tmp_path / "new", range(50, 80))
    server.reload()
    ask_everything(server)
    assert {run for run, _ in read} == {"new/stability"}
    assert len(read) == len(set(read))


def test_those_who_ask_at_once_wait_for_one_reading(server: Server, read: list[tuple[str, str]]) -> None:
    with ThreadPoolExecutor(2 * len(REQUESTS)) as clients:
        asked = [clients.submit(server.get, route, **query) for route, query in 2 * REQUESTS]
        answers = [one.result() for one in asked]
    assert {answer.status_code for answer in answers} == {200}
    half = len(REQUESTS)
    assert [a.get_data() for a in answers[:half]] == [a.get_data() for a in answers[half:]]
    steps = [one for one in read if one[1] == "stability/steps"]
    assert sorted(steps) == [("new/stability", "stability/steps"), ("old/stability", "stability/steps")]
