"""The figures of the benchmark, and how they are printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

_MEBIBYTE = 2**20


@dataclasses.dataclass
class Figures:
    """What was measured of one variant of one model. Every list may be empty.

    Attributes:
      model, jit, variant: What it is; `base` is the training that nobody watches.
      step_seconds: Of each block, per step.
      ratios: Of each block, its step time over that of the base blocks before and after it.
      epoch_end_seconds: Of each block, what callbacks did after its last step. Part of the step times of
        base and of ours; not of the others, which may write what is not meant for epochs so short.
      log_bytes_per_step: What was written, over the steps of the whole training; of each process.
      start_up_seconds: Of each fresh model, see `capture_training.Started`.
      peak_bytes: Of each fresh process, its peak resident memory.
      cost_texts: What the callback says of itself at the end, and how many windows it opened.
    """

    model: str
    jit: bool
    variant: str
    step_seconds: list[float] = dataclasses.field(default_factory=list)
    ratios: list[float] = dataclasses.field(default_factory=list)
    epoch_end_seconds: list[float] = dataclasses.field(default_factory=list)
    log_bytes_per_step: list[float] = dataclasses.field(default_factory=list)
    start_up_seconds: list[float] = dataclasses.field(default_factory=list)
    peak_bytes: list[int] = dataclasses.field(default_factory=list)
    cost_texts: list[str] = dataclasses.field(default_factory=list)


def merged(figures: Sequence[Figures]) -> list[Figures]:
    """Joins the lists of figures of the same thing, as of several processes."""
    joined: dict[tuple[str, bool, str], Figures] = {}
    for one in figures:
        whole = joined.setdefault((one.model, one.jit, one.variant), Figures(one.model, one.jit, one.variant))
        for name, values in vars(one).items():
            if isinstance(values, list):
                getattr(whole, name).extend(values)
    return list(joined.values())


def report(figures: Sequence[Figures], *, jit: bool) -> str:
    """Returns the tables of one setting of `jit_compile`."""
    by_model: dict[str, dict[str, Figures]] = {}
    for one in figures:
        if one.jit == jit:
            by_model.setdefault(one.model, {})[one.variant] = one
    variants = list(dict.fromkeys(one.variant for one in figures if one.variant != "base"))
    ours = [
        name for name in variants if any(row[name].cost_texts for row in by_model.values() if name in row)
    ]

    steps = [["model", "base step", "base / base", *variants]]
    others = [["model", "start-up", *(f"{x}: start-up" for x in ours), *(f"{x}: memory" for x in ours)]]
    others[0] += [f"{x}: log" for x in variants]
    remarks = []
    for model, row in by_model.items():
        base, nothing = row["base"], Figures(model, jit, "")
        watched = {name: row.get(name, nothing) for name in variants}
        step = f"{1000 * np.median(base.step_seconds):.2f} ms"
        steps.append([model, step, *(_ratio(x.ratios) for x in (base, *watched.values()))])
        others.append([model, f"{np.median(base.start_up_seconds):.2f} s" if base.start_up_seconds else "–"])
        others[-1] += [_relative(watched[x].start_up_seconds, base.start_up_seconds) for x in ours]
        others[-1] += [_more_memory(watched[x].peak_bytes, base.peak_bytes) for x in ours]
        others[-1] += [
            f"{np.median(x.log_bytes_per_step):,.0f} B/step" if x.log_bytes_per_step else "–"
            for x in watched.values()
        ]
        for name in ours:
            remarks += [f"{model}, {name}: {text}" for text in watched[name].cost_texts]
        remarks += [
            f"{model}, {name}: {1000 * np.median(x.epoch_end_seconds):.1f} ms per epoch beside its steps"
            for name, x in watched.items()
            if name not in ours and x.epoch_end_seconds and np.median(x.epoch_end_seconds) > 0.005
        ]
    title = f"jit_compile={jit}"
    return "\n".join(
        [
            f"{title}: step time over that of base, median (quartiles)",
            *_aligned(steps),
            "",
            f"{title}: start-up (tracing, compiling) over base's, peak memory above base's, bytes logged",
            *_aligned(others),
            "",
            *remarks,
        ]
    )


def _ratio(ratios: Sequence[float]) -> str:
    if not ratios:
        return "–"
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    return f"{middle:.3f} ({low:.3f}–{high:.3f})"


def _relative(seconds: Sequence[float], base: Sequence[float]) -> str:
    return f"{np.median(seconds) / np.median(base):.2f} x" if seconds and base else "–"


def _more_memory(peaks: Sequence[int], base: Sequence[int]) -> str:
    return f"{(np.median(peaks) - np.median(base)) / _MEBIBYTE:+.0f} MiB" if peaks and base else "–"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{x:<{w}}" if i == 0 else f"{x:>{w}}" for i, (x, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
