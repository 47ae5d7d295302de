"""Colours of the heatmap: those of the tab (`frontend/src/lib/colormap.ts`), dark blue to pale yellow.

Computed in OKLCH (B. Ottosson, "A perceptual color space for image processing", 2020): lightness rises
linearly, hue turns from blue through green to yellow. Red and violet stay free for what is not finite.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray

_LIGHTNESS = (0.25, 0.95)
_HUE_DEGREES = (280.0, 100.0)
_CHROMA_ENDS, _CHROMA_MIDDLE = 0.07, 0.13

_TAIL = 0.01  # share of the values at either end that do not decide alone where the scale ends
_TAIL_DECADES = 2.0  # they stretch it by this much at most, so that one value does not flatten the rest
_MIN_DECADES = 1.0

Rgb = npt.NDArray[np.uint8]


def color_table(count: int) -> Rgb:
    """`[count, 3]`, red, green and blue from the smallest value to the largest."""
    t = np.linspace(0, 1, count)
    lightness = _LIGHTNESS[0] + t * (_LIGHTNESS[1] - _LIGHTNESS[0])
    chroma = _CHROMA_ENDS + (_CHROMA_MIDDLE - _CHROMA_ENDS) * np.sin(np.pi * t)
    hue = np.radians(_HUE_DEGREES[0] + t * (_HUE_DEGREES[1] - _HUE_DEGREES[0]))
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
    linear = _LMS_TO_RGB @ (_LAB_TO_LMS @ lab) ** 3
    clipped = np.clip(linear, 0, 1)
    curve = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    table: Rgb = np.rint(255 * curve).astype(np.uint8).T
    return table


_LAB_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


@dataclasses.dataclass(frozen=True)
class ColorScale:
    """A logarithmic scale; values outside of it take the colour of its end.

    Attributes:
      min, max: Its ends; above zero.
    """

    min: float
    max: float

    def share(self, values: FloatArray) -> npt.NDArray[np.float64]:
        """Where values lie, from 0 to 1; 0 for zero and less, NaN for NaN."""
        inside = np.clip(values.astype(np.float64), self.min, self.max)
        place: npt.NDArray[np.float64] = np.log(inside / self.min) / np.log(self.max / self.min)
        return place


def color_scale(values: FloatArray) -> ColorScale | None:
    """The scale for these values; zero, negative and non-finite ones have no say. None where none is left."""
    logs = np.sort(np.log10(values[np.isfinite(values) & (values > 0)].astype(np.float64)))
    if not len(logs):
        return None
    lower, upper = logs[round(_TAIL * (len(logs) - 1))], logs[round((1 - _TAIL) * (len(logs) - 1))]
    low = max(logs[0], lower - _TAIL_DECADES)
    high = min(logs[-1], upper + _TAIL_DECADES)
    widen = max(0.0, _MIN_DECADES - (high - low)) / 2
    return ColorScale(float(10 ** (low - widen)), float(10 ** (high + widen)))
