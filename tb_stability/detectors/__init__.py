"""All detectors. To add one: write its file, and add its class to `DETECTORS`."""

from __future__ import annotations

from collections.abc import Callable

from tb_stability.detectors.bn_drift import BnDrift
from tb_stability.detectors.bn_statistics_frozen import BnStatisticsFrozen
from tb_stability.detectors.dead_units import DeadUnits
from tb_stability.detectors.detector import Detector
from tb_stability.detectors.exploding_gradient import ExplodingGradient
from tb_stability.detectors.generalization_gap import GeneralizationGap
from tb_stability.detectors.loss_divergence import LossDivergence
from tb_stability.detectors.loss_oscillation import LossOscillation
from tb_stability.detectors.loss_plateau import LossPlateau
from tb_stability.detectors.loss_spike import LossSpike
from tb_stability.detectors.non_finite import NonFinite
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.detectors.saturated_units import SaturatedUnits
from tb_stability.detectors.update_ratio_high import UpdateRatioHigh
from tb_stability.detectors.update_ratio_low import UpdateRatioLow
from tb_stability.detectors.vanishing_gradient import VanishingGradient
from tb_stability.series import Layout

DETECTORS: tuple[Callable[[Layout, RunLoss], Detector], ...] = (
    NonFinite,
    LossSpike,
    LossDivergence,
    LossOscillation,
    LossPlateau,
    ExplodingGradient,
    VanishingGradient,
    UpdateRatioHigh,
    UpdateRatioLow,
    DeadUnits,
    SaturatedUnits,
    BnDrift,
    BnStatisticsFrozen,
    GeneralizationGap,
)
"""Each makes a detector for a run, with the default parameters."""
