"""`on_alarm` of the callback and the monitor: what happens when a window opens."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Literal

from tb_stability.recorder import Recorder
from tb_stability.report import Diagnosis
from tb_stability.windows import Severity, Window

OnAlarm = Literal["stop"] | Callable[[Window, Diagnosis | None], object] | None
"""`"stop"`, or a function of a window and what leads the diagnoses then, or nothing."""


def check_on_alarm(on_alarm: OnAlarm) -> None:
    """Raises where `on_alarm` is none of the three.

    Raises:
      TypeError: If it is no function, or none of two arguments.
      ValueError: If it is another text than `"stop"`.
    """
    way_out = 'Give "stop", or a function such as: lambda window, diagnosis: print(window, diagnosis).'
    if isinstance(on_alarm, str) and on_alarm != "stop":
        raise ValueError(f'on_alarm must be "stop" or a function: got {on_alarm!r}. {way_out}')
    if on_alarm is None or on_alarm == "stop":
        return
    if not callable(on_alarm):
        raise TypeError(f'on_alarm must be "stop" or a function: got {on_alarm!r}. {way_out}')
    try:
        inspect.signature(on_alarm).bind(None, None)
    except ValueError:
        return  # a builtin that does not say what it takes
    except TypeError as error:
        raise TypeError(
            f"on_alarm must take two arguments, a window and a diagnosis or None: got {on_alarm!r} "
            f"({error}). {way_out}"
        ) from None


class Alarms:
    """Acts on the alarms of one training.

    A function is called for every window that becomes a warning, and again should it become critical.
    `"stop"` holds for critical windows that are open: a warning may pass, and so may what is over.

    Args:
      on_alarm: See `OnAlarm`; what `check_on_alarm` lets pass.
    """

    def __init__(self, on_alarm: OnAlarm) -> None:
        self._on_alarm = on_alarm
        self._seen: set[tuple[str, int, Severity]] = set()
        self._warned: set[str] = set()

    def stop(self, recorder: Recorder, *, alone: bool) -> bool:
        """As `act`; where the training is to stop, the log says so at once.

        Args:
          recorder: What found the windows, and writes the log.
          alone: Whether one process trains. Of several workers none is stopped: the others would wait for it
            for ever.
        """
        if not self.act(recorder):
            return False
        if not alone:
            self._warn("stop", _OTHERS_WAIT)
            return False
        recorder.stop_step = max(0, recorder.next_step - 1)
        recorder.flush()
        return True

    def act(self, recorder: Recorder) -> bool:
        """Acts on what is new; returns whether the training is to stop.

        An exception of the function is one warning, but what ends a program (Ctrl-C) passes.
        """
        if self._on_alarm is None:
            return False
        stops = self._on_alarm == "stop"
        new = [w for w in recorder.windows if w.severity != "info" and _key(w) not in self._seen]
        if stops:
            new = [w for w in new if w.severity == "critical" and w.end_step is None]
        self._seen.update(_key(window) for window in new)
        if callable(self._on_alarm) and new:
            diagnosis = next(iter(recorder.diagnoses), None)
            for window in new:
                self._call(self._on_alarm, window, diagnosis)
        return stops and bool(new)

    def _call(
        self,
        function: Callable[[Window, Diagnosis | None], object],
        window: Window,
        diagnosis: Diagnosis | None,
    ) -> None:
        try:
            function(window, diagnosis)
        except Exception as error:
            sentence = "Stability called on_alarm, which failed; training goes on."
            self._warn("fault", f"{sentence} {type(error).__name__}: {error}")

    def _warn(self, kind: str, sentence: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(sentence, RuntimeWarning, stacklevel=4)


_OTHERS_WAIT = (
    'Stability does not stop this training: on_alarm="stop" works where one process trains; of several '
    "workers, each notices an alarm at a step of its own."
)


def _key(window: Window) -> tuple[str, int, Severity]:
    # A window that goes on after a pause keeps its alarm; its onset may move.
    return window.kind, window.alarm_step, window.severity
