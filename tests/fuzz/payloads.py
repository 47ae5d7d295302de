"""Damaged payloads, given to what decodes them: which errors are allowed, and how much time and memory."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tb_stability.plugin import answers
from tb_stability.plugin.arguments import ArgumentError
from tb_stability.plugin.foreign_histograms import summarize_histogram
from tb_stability.plugin.foreign_index import name_of
from tb_stability.plugin.foreign_layers import parse_histogram_name
from tb_stability.plugin.reader import UnknownNameError, replay_rows
from tb_stability.plugin.rows import decode_rows
from tb_stability.plugin.samples import Activations, Histograms, decode_activations, decode_histograms
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import parse_layout
from tb_stability.summary.metadata import check_plugin_content
from tb_stability.summary.report import parse_report, report_members
from tests.fuzz import mutations
from tests.fuzz.hostile import HOSTILE_TEXTS
from tests.fuzz.logs import Payloads
from tests.plugin.frame import decode_frame
from tests.plugin.histogram_logs import tensorflow_histogram

MOST_SECONDS = 2.0
"""Of processor time: it does not grow where others use the machine."""

MOST_WAIT = 20.0
"""Of time altogether: a machine that is shared takes so long, and so does what waits for something."""

MOST_BYTES = 300 << 20
"""By which the process may grow for a moment, of a log of some kilobytes."""

_SAID = (LogFormatError, ArgumentError, UnknownNameError)
"""Errors whose text is a sentence for the reader."""

HEATMAPS = ("grad_norm", "update_ratio", "weight_norm", "nonfinite", "bn_drift")


class FindingError(AssertionError):
    """Something that must not happen, whatever a log holds."""


@contextlib.contextmanager
def bounded(what: str) -> Iterator[None]:
    """Finds what takes too long, stands still, or takes too much memory (Linux)."""
    status = Path("/proc/self/status")
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
    before, start, used = _memory(status, "VmRSS"), time.perf_counter(), time.process_time()
    yield
    seconds, used = time.perf_counter() - start, time.process_time() - used
    grown = _memory(status, "VmHWM") - before
    if used > MOST_SECONDS or seconds > MOST_WAIT:
        raise FindingError(f"{what} took {seconds:.1f} s, {used:.1f} s of them computing")
    if grown > MOST_BYTES:
        raise FindingError(f"{what} took {grown >> 20} MB")


def _memory(status: Path, name: str) -> int:
    if not status.exists():
        return 0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return 1024 * int(fields[name].split()[0])


@dataclasses.dataclass
class _Reader:
    """Stands in for a `RunReader` whose log is in memory."""

    rows: Any
    histograms: Histograms
    activations: Activations

    def read_rows(self, experiment: object, name: str) -> Any:
        return self.rows

    def read_histograms(self, experiment: object, name: str) -> Histograms:
        return self.histograms

    def read_activations(self, experiment: object, name: str) -> Activations:
        return self.activations


def decoder_case(payloads: Payloads, chance: random.Random) -> bool:
    """Damages one payload and decodes it; whether it was refused with a sentence.

    Raises:
      FindingError: If there was another error, or it took too much.
    """
    kind = chance.choice(tuple(_DECODERS))
    with bounded(kind):
        try:
            _DECODERS[kind](payloads, chance)
        except _SAID as error:
            if not str(error) or len(str(error)) > 2_000:
                raise FindingError(f"{kind}: no sentence: {str(error)[:200]!r}") from error
            return True
    return False


def _decode_report(payloads: Payloads, chance: random.Random) -> None:
    report, _ = parse_report(mutations.mutate_document(payloads.report, chance))
    json.dumps(report_members(report), allow_nan=False).encode()


def _decode_layout(payloads: Payloads, chance: random.Random) -> None:
    parse_layout(mutations.mutate_document(payloads.layout, chance))


def _decode_metadata(payloads: Payloads, chance: random.Random) -> None:
    check_plugin_content(mutations.mutate_bytes(b'{"version": 1}', chance), "stability/steps")


def _decode_run(payloads: Payloads, chance: random.Random) -> None:
    """Rows and samples of a damaged layout or damaged blocks, and every answer made of them."""
    layouts = [(0, payloads.layout.encode())]
    if chance.random() < 0.5:
        text = mutations.mutate_document(payloads.layout, chance)
        layouts = chance.choice(([(0, text)], [*layouts, (30, text)]))
    blocks = [
        (step if chance.random() < 0.8 else chance.choice((0, -1, 2**31, 2**62, step - 1)), block)
        for step, block in payloads.blocks
    ]
    blocks = [
        (step, mutations.mutate_array(block, chance) if chance.random() < 0.5 else block)
        for step, block in blocks
    ]
    rows = decode_rows(layouts, blocks)
    samples = [(0, payloads.histograms), (7, mutations.mutate_array(payloads.histograms, chance))]
    shares = [(0, payloads.activations), (7, mutations.mutate_array(payloads.activations, chance))]
    reader: Any = _Reader(
        rows, decode_histograms(samples, rows.layout), decode_activations(shares, rows.layout)
    )
    experiment: Any = None
    query = {"run": "exp", "cols": str(chance.choice((1, 7, 4000)))}
    _answer(answers.answer_layout, reader, experiment, query)
    _answer(answers.answer_steps, reader, experiment, query)
    _answer(answers.answer_heatmap, reader, experiment, {**query, "measure": chance.choice(HEATMAPS)})
    _answer(answers.answer_activations, reader, experiment, query)
    for layer in rows.layout.layout.layers[:2]:
        _answer(answers.answer_layer, reader, experiment, {**query, "layer": layer or "dense"})
        _answer(answers.answer_histograms, reader, experiment, {**query, "layer": layer or "dense"})
    json.dumps(report_members(replay_rows(rows)), allow_nan=False)


def _answer(
    answer: Callable[..., answers.Answer], reader: Any, experiment: Any, query: dict[str, str]
) -> None:
    with contextlib.suppress(*_SAID):
        content = answer(reader, experiment, query)
        if isinstance(content, bytes):
            decode_frame(content)
        else:
            json.dumps(content, allow_nan=False).encode()


def _decode_name(payloads: Payloads, chance: random.Random) -> None:
    text = chance.choice((*HOSTILE_TEXTS, "gradients/bn1.weight", "model/bn/gamma/histogram"))
    damaged = mutations.mutate_bytes(
        text.encode("utf-8", "surrogatepass") * chance.choice((1, 3, 50)), chance
    )
    name = damaged.decode("utf-8", "replace")
    parse_histogram_name(name)
    name_of(name[:255])


def _decode_histogram(payloads: Payloads, chance: random.Random) -> None:
    histogram = tensorflow_histogram(payloads.blocks[0][1][0, :9])
    summarize_histogram("bn1.weight", mutations.mutate_array(histogram, chance))


_DECODERS: dict[str, Callable[[Payloads, random.Random], None]] = {
    "report": _decode_report,
    "layout": _decode_layout,
    "metadata": _decode_metadata,
    "run": _decode_run,
    "name": _decode_name,
    "histogram": _decode_histogram,
}
