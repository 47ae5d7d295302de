"""Standing in front of a method for a while, and leaving nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf


@contextlib.contextmanager
def instead(owner: Any, name: str, hook: Callable[..., Any]) -> Iterator[None]:
    """Calls `hook(original, ...)` in place of a method, and puts it back.

    Args:
      owner: An object, of which only this one instance is changed, or a class, of which the method is
        its own; there the first argument behind `original` is the instance.
      name: Name of the method.
      hook: Called with the original first. AutoGraph does not look into it.
    """
    original = getattr(owner, name)

    @tf.autograph.experimental.do_not_convert
    def hooked(*args: Any, **kwargs: Any) -> Any:
        return hook(original, *args, **kwargs)

    if isinstance(owner, type):
        setattr(owner, name, hooked)
        try:
            yield
        finally:
            setattr(owner, name, original)
        return
    # An object's `__dict__`: past the `__setattr__` with which Keras tracks attributes.
    attributes = vars(owner)
    had, own = name in attributes, attributes.get(name)
    attributes[name] = hooked
    try:
        yield
    finally:
        if had:
            attributes[name] = own
        else:
            attributes.pop(name, None)
