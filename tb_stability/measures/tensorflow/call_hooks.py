"""Standing in front of one method of many objects, for a while: of layers, of optimizers.

`instead` does it for one object or class, and makes its hook anew every time: for what is traced once. Here
the hooks are made once and only put in place for every step, which takes about a microsecond an object: a
model has many layers, and in eager training every step goes through them. Several observers can stand in
front of one object, which `instead` must leave in the order in which it came.
"""

from __future__ import annotations

import contextlib
import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_HOOKED: weakref.WeakKeyDictionary[Any, dict[str, _Method]] = weakref.WeakKeyDictionary()
"""The methods of each layer that we stood in front of at some time, by name."""


class CallHooks:
    """Calls `around(object, original, ...)` in place of a method of some objects, layers mostly.

    Several can stand in front of one layer, and leave in any order.

    Args:
      layers: The layers. They are not kept alive.
      method: Name of the method.
      around: Called with the layer and the original method, bound, in front of the arguments.
    """

    def __init__(self, layers: Sequence[Any], method: str, around: Callable[..., Any]) -> None:
        self._around = around
        self._methods = [
            _HOOKED.setdefault(layer, {}).setdefault(method, _Method(layer, method)) for layer in layers
        ]

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Stands in front inside of the `with` block."""
        entered: list[_Method] = []
        try:
            for method in self._methods:
                method.enter(self._around)
                entered.append(method)
            yield
        finally:
            for method in entered:
                method.leave(self._around)


class _Method:
    """One method of one layer, and all who stand in front of it."""

    def __init__(self, layer: Any, name: str) -> None:
        self._layer = weakref.ref(layer)
        self._name = name
        self._arounds: list[Callable[..., Any]] = []
        self._own: Any = None

        # A plain function, and not one that AutoGraph is told to leave alone: what it calls is the user's.
        def hooked(*args: Any, **kwargs: Any) -> Any:
            return self._call(args, kwargs)

        self._hooked = hooked

    def enter(self, around: Callable[..., Any]) -> None:
        layer = self._layer()
        if layer is not None and not self._arounds:
            # The layer's `__dict__`: past the `__setattr__` with which Keras tracks attributes.
            self._own = vars(layer).get(self._name)
            vars(layer)[self._name] = self._hooked
        self._arounds.append(around)

    def leave(self, around: Callable[..., Any]) -> None:
        self._arounds.remove(around)
        layer = self._layer()
        if layer is None or self._arounds or vars(layer).get(self._name) is not self._hooked:
            return
        if self._own is None:
            del vars(layer)[self._name]
        else:
            vars(layer)[self._name] = self._own
        self._own = None

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        layer = self._layer()
        run = self._own or types.MethodType(getattr(type(layer), self._name), layer)
        for around in self._arounds:
            run = _wrap(around, layer, run)
        return run(*args, **kwargs)


def _wrap(around: Callable[..., Any], layer: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: around(layer, run, *args, **kwargs)
