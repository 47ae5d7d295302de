"""Repeated runs of one configuration: how they went, and how far apart they end."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Mapping

from tb_stability.diagnosis.ranking import leading
from tb_stability.report import Diagnosis, Final, RunReport, Status
from tb_stability.tally import BROKEN, runs_by_status

_NOISE = 6.0
"""Times the error of a level that two levels must lie apart: more than 20 runs differ by chance."""

_SHARE = 0.2
"""Share of what training gained: a smaller difference hardly matters."""

_SAME_LENGTH = 0.1
"""Share by which the lengths of runs that are compared may differ."""


@dataclasses.dataclass(frozen=True)
class Spread:
    r"""How far apart the ends of some runs lie, in one series.

    Runs end differently where

        difference > 6 error   and   difference > 0.2 gained

        difference = max(end) - min(end)                     [unit of the loss]
        error      = sqrt(mean(error of an end squared))     [unit of the loss]
        gained     = median(first loss) - median(end)        [unit of the loss]

    The first says that noise within the runs does not explain it, the second that it matters. Multiplying
    all losses by a constant, or adding one, changes neither. Where nothing was gained, or the error is not
    known, nothing is said.

    Attributes:
      runs: The runs that were compared, all of about the same length.
      low, high: The least and the greatest end.
      error: See above; NaN where not known.
      gained: See above.
    """

    runs: tuple[str, ...]
    low: float
    high: float
    error: float
    gained: float

    @property
    def difference(self) -> float:
        """From the least end to the greatest."""
        return self.high - self.low

    @property
    def share(self) -> float:
        """The difference as a share of what was gained; NaN where nothing was."""
        return self.difference / self.gained if self.gained > 0.0 else math.nan

    @property
    def is_wide(self) -> bool:
        """Whether the runs end differently, see above."""
        return self.difference > _NOISE * self.error and self.share > _SHARE

    @property
    def is_narrow(self) -> bool:
        """Whether they end alike: closer together than what would matter."""
        return self.share <= _SHARE


@dataclasses.dataclass(frozen=True)
class SharedCause:
    """A cause that leads in several runs.

    Attributes:
      diagnosis: As the first of them has it.
      runs: All that have it.
    """

    diagnosis: Diagnosis
    runs: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Repeats:
    """Repeated runs.

    Attributes:
      reports: Their reports by name, two at least.
    """

    reports: Mapping[str, RunReport]

    @property
    def statuses(self) -> dict[Status, list[str]]:
        """The names of the runs of each status, worst first."""
        return runs_by_status({name: report.verdict.status for name, report in self.reports.items()})

    @property
    def broken(self) -> dict[Status, list[str]]:
        """Those that went wrong."""
        return {status: names for status, names in self.statuses.items() if status in BROKEN}

    @property
    def sound(self) -> dict[Status, list[str]]:
        """Those that went well."""
        return {status: names for status, names in self.statuses.items() if status in ("healthy", "warning")}

    @property
    def shared_cause(self) -> SharedCause | None:
        """The likely or certain cause that leads in most of the broken runs; None without any."""
        found: dict[str, list[tuple[str, Diagnosis]]] = {}
        for name in (name for members in self.broken.values() for name in members):
            diagnosis = leading(self.reports[name].diagnoses)
            if diagnosis is not None:
                found.setdefault(diagnosis.cause, []).append((name, diagnosis))
        if not found:
            return None
        most = max(found.values(), key=len)
        return SharedCause(most[0][1], tuple(name for name, _ in most))

    @property
    def losses(self) -> Spread | None:
        """The ends of the loss of the sound runs; None where fewer than two can be compared."""
        return self._spread(lambda final: (final.loss, final.loss_error))

    @property
    def val_losses(self) -> Spread | None:
        """Likewise, of the validation loss."""
        return self._spread(lambda final: (final.val_loss, final.val_loss_error))

    @property
    def finals(self) -> dict[str, Final]:
        """Where the sound runs of about the same length stand: of the length that most of them have."""
        lengths = {
            name: self.reports[name].steps.last or 0 for members in self.sound.values() for name in members
        }
        alike = [
            [name for name, other in lengths.items() if abs(other - length) <= _SAME_LENGTH * length]
            for length in sorted(set(lengths.values()), reverse=True)
        ]
        chosen = max(alike, key=len, default=[])  # of two, the longer runs
        finals = {name: self.reports[name].final for name in self.reports if name in chosen}
        return {name: final for name, final in finals.items() if final is not None}

    def _spread(self, end_of: Callable[[Final], tuple[float, float]]) -> Spread | None:
        finals = self.finals
        ends = {name: end_of(final) for name, final in finals.items()}
        ends = {name: end for name, end in ends.items() if math.isfinite(end[0])}
        if len(ends) < 2:
            return None
        levels = [level for level, _ in ends.values()]
        return Spread(
            runs=tuple(ends),
            low=min(levels),
            high=max(levels),
            error=math.sqrt(statistics.fmean(error**2 for _, error in ends.values())),
            gained=statistics.median(finals[name].first_loss for name in ends) - statistics.median(levels),
        )
