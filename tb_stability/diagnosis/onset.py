"""When a symptom began, for the causes that are there from the first step."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief
from tb_stability.diagnosis.case import STANDSTILLS
from tb_stability.windows import Window


def weigh_late(brief: Brief, window: Window, what: str) -> None:
    """Weighs a first symptom that came late against a cause that was there from the start.

    A breakdown comes at once. A network may learn a little, with its last layer, before it stands still.

    Args:
      brief: Of the cause.
      window: The first symptom.
      what: What was there from the start, as the start of a clause in the plural.
    """
    text = f"The first symptom is at step {window.start_step}; {what} show at once."
    if window.kind in STANDSTILLS:
        brief.doubt(window.kind, text)
    else:
        brief.against(window.kind, text)
