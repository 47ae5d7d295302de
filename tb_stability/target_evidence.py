"""What speaks for a window: the scores of each target since its onset."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.window_rules import WindowRules

Scores = npt.NDArray[np.float64]


class TargetEvidence:
    """Evidence of each target, from its first abnormal score on until it is forgotten.

    Args:
      size: Number of targets.
      rules: What the scores count.

    Attributes:
      onset: `[targets]` step of the onset; -1 where there is none.
      total: `[targets]` sum of the abnormal scores since then.
      abnormal_steps: `[targets]` number of them.
      peak, peak_step: `[targets]` the largest, and its step.
    """

    def __init__(self, size: int, rules: WindowRules) -> None:
        self._rules = rules
        self.onset = np.full(size, -1, dtype=np.int64)
        self.total: Scores = np.zeros(size)
        self.abnormal_steps = np.zeros(size, dtype=np.int64)
        self.peak: Scores = np.zeros(size)
        self.peak_step = np.zeros(size, dtype=np.int64)
        self._quiet = np.zeros(size, dtype=np.int64)  # normal steps in a row

    @property
    def has_onset(self) -> bool:
        """Whether a target was abnormal lately."""
        return bool(np.count_nonzero(self.onset >= 0))

    def gather(self, scores: Scores, abnormal: npt.NDArray[np.bool_], *, onset: int, step: int) -> None:
        """Learns the scores of a step, some of which are abnormal.

        Args:
          scores: `[targets]`.
          abnormal: `[targets]`, which of them are abnormal.
          onset: Onset of a target that is abnormal for the first time.
          step: The step.
        """
        self.onset[abnormal & (self.onset < 0)] = onset
        self.total[abnormal] += np.minimum(scores[abnormal], self._rules.most_evidence)
        self.abnormal_steps[abnormal] += 1
        higher = scores > self.peak
        self.peak[higher] = scores[higher]
        self.peak_step[higher] = step
        self._quiet[abnormal] = 0
        self.calm_down(scores)

    def calm_down(self, scores: Scores) -> None:
        """Learns the normal ones of the scores of a step, and forgets targets that were so for long."""
        self._quiet[scores < self._rules.release] += 1
        forgotten = self._quiet > self._rules.grace
        if np.count_nonzero(forgotten):
            self.onset[forgotten] = -1
            for gathered in (self.total, self.abnormal_steps, self.peak):
                gathered[forgotten] = 0
