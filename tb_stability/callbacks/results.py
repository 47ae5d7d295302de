"""What `StabilityCallback` and `StabilityMonitor` tell of their run, while it trains and after."""

from __future__ import annotations

from tb_stability.recorder import Recorder
from tb_stability.report import Cost, Diagnosis, Verdict
from tb_stability.windows import Window


class Results:
    """The results of a run so far, of whoever has its recorder."""

    _recorder: Recorder

    def _catch_up(self) -> None:
        """Hands what was measured so far to the recorder."""
        raise NotImplementedError

    @property
    def windows(self) -> tuple[Window, ...]:
        """The divergence windows so far, open ones included, by `start_step`."""
        self._catch_up()
        return self._recorder.windows

    @property
    def verdict(self) -> Verdict:
        """The answer so far, in one sentence each."""
        self._catch_up()
        return self._recorder.verdict

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Causes of the windows so far, surest first; empty where nothing is wrong or none can be told."""
        self._catch_up()
        return self._recorder.diagnoses

    @property
    def cost(self) -> Cost | None:
        """What recording costs, measured; None before the first steps."""
        return self._recorder.cost
