"""The cache: bounded, and safe under TensorBoard's threads."""

from __future__ import annotations

import threading

import pytest

from tb_stability.plugin.cache import VersionedCache


def test_a_value_is_made_once_for_each_version() -> None:
    cache: VersionedCache[int] = VersionedCache(2)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [cache.get("a", version, make) for version in (1, 1, 2, 2, 1)] == [1, 1, 2, 2, 3]


def test_the_key_that_was_used_longest_ago_is_dropped() -> None:
    cache: VersionedCache[str] = VersionedCache(2)
    made: list[str] = []
    for key in ("a", "b", "a", "c", "a", "b"):
        cache.get(key, 1, lambda key=key: made.append(key) or key)
    assert made == ["a", "b", "c", "b"]


def test_after_an_exception_it_tries_again() -> None:
    cache: VersionedCache[int] = VersionedCache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", 1, lambda: 1 // 0)
    assert cache.get("a", 1, lambda: 5) == 5


def test_threads_that_ask_for_one_key_make_it_once_and_do_not_hold_up_others() -> None:
    cache: VersionedCache[int] = VersionedCache(4)
    started, release, made = threading.Event(), threading.Event(), []

    def slow() -> int:
        made.append(1)
        started.set()
        assert release.wait(10)
        return 1

    threads = [threading.Thread(target=cache.get, args=("slow", 1, slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    assert cache.get("other", 1, lambda: 2) == 2  # while "slow" is being made
    release.set()
    for thread in threads:
        thread.join(10)
    assert made == [1]
