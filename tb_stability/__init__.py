"""Stability: finds where Keras training is unstable, since which step and in which layer.

Importing this package imports no framework: what needs one is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tb_stability.version import __version__

if TYPE_CHECKING:
    from tb_stability.callbacks.keras import StabilityCallback
    from tb_stability.callbacks.keras_loop import StabilityMonitor
    from tb_stability.runs import load

__all__ = ["StabilityCallback", "StabilityMonitor", "__version__", "load"]

_HOMES = {
    "StabilityCallback": "tb_stability.callbacks.keras",
    "StabilityMonitor": "tb_stability.callbacks.keras_loop",
    "load": "tb_stability.runs",
}


def __getattr__(name: str) -> Any:  # PEP 562: the plugin imports this package, but never Keras
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
