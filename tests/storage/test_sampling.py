"""Which samples are stored."""

from __future__ import annotations

from tb_stability.storage.sampling import SampleKeeper


def test_their_number_grows_with_the_logarithm_of_the_run() -> None:
    keeper: SampleKeeper[int] = SampleKeeper(16)
    counts = []
    for step in range(0, 32 * 65_536, 32):
        keeper.offer(step, step)
        if step in (32 * 4096 - 32, 32 * 65_536 - 32):
            counts.append(len(keeper.take()))
    assert 16 * 8 <= counts[0] <= 16 * 18
    assert counts[1] <= 16 * 5  # 16 times as long


def test_the_sample_before_an_alarm_and_the_one_after_it_are_stored() -> None:
    keeper: SampleKeeper[str] = SampleKeeper(1)
    for step in range(0, 100):
        keeper.offer(step, f"sample {step}")
    stored = [step for step, _ in keeper.take()]
    assert stored == [0, 2, 6, 14, 30, 62]
    keeper.on_alarm()
    for step in range(100, 110):
        keeper.offer(step, f"sample {step}")
    assert keeper.take() == [(99, "sample 99"), (100, "sample 100")]


def test_a_sample_is_stored_once() -> None:
    keeper: SampleKeeper[str] = SampleKeeper(1)
    keeper.offer(0, "first")
    keeper.on_alarm()
    keeper.on_alarm()
    keeper.offer(1, "second")
    assert [step for step, _ in keeper.take()] == [0, 1]
    assert keeper.take() == []


def test_a_sample_of_another_size_is_not_stored_with_those_of_the_new_one() -> None:
    keeper: SampleKeeper[str] = SampleKeeper(1)
    for step in range(4):
        keeper.offer(step, "small")
    keeper.take()
    keeper.change_size(1)
    keeper.on_alarm()
    keeper.offer(4, "large")
    assert keeper.take() == [(4, "large")]
