"""The child: trains a small model that diverges, and tells its parent what it has done, step by step."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_stability import StabilityCallback, StabilityMonitor
from tests.survival.job import TERMINATED, Job

BATCH = 4
STEP_SECONDS = 0.004
"""Least time that a step takes: what is lost of a killed training is counted in seconds."""

_TOO_HIGH = 40.0
_MEMORY_LEFT = 64 << 20


def train(job: Job, tell: Callable[[bytes], None]) -> None:
    """Trains until the end, or until something happens; `tell` takes a line after every step."""
    _prepare(job)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    first = _read_checkpoint(job, model)
    x = np.random.default_rng(0).normal(size=((job.steps - first) * BATCH, 4)).astype(np.float32)
    try:
        (_fit if job.way == "fit" else _loop)(job, model, x, first, tell)
    finally:
        if job.weights:
            np.savez(job.weights, *model.get_weights())


def _prepare(job: Job) -> None:
    if job.file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_bytes, job.file_bytes))
    if job.user is not None and os.getuid() == 0:
        os.setgid(job.user)
        os.setuid(job.user)
    if job.exits:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    if job.clock:
        chance, real = random.Random(0), time.time
        time.time = lambda: real() + chance.choice((-1e6, 0.0, 1e6))


def _fit(job: Job, model: keras.Model, x: np.ndarray, first: int, tell: Callable[[bytes], None]) -> None:
    callbacks: list[keras.callbacks.Callback] = []
    recorder = None
    if job.writer == "stability":
        callbacks.append(StabilityCallback(job.log_dir))
        recorder = callbacks[0]
    elif job.writer == "default":
        callbacks.append(keras.callbacks.TensorBoard(job.log_dir, update_freq=1))
    user = _User(job, model, first, tell, recorder)
    callbacks.append(keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: user.step()))
    model.fit(x, x[:, :1], batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=callbacks)


def _loop(job: Job, model: keras.Model, x: np.ndarray, first: int, tell: Callable[[bytes], None]) -> None:
    @tf.function
    def train_step(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch, training=True) - batch[:, :1]))
        variables = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    monitor: StabilityMonitor | None = None
    with contextlib.ExitStack() as stack:
        if job.writer == "stability":
            monitor = stack.enter_context(
                StabilityMonitor(job.log_dir, model=model, optimizer=model.optimizer)
            )
        elif job.writer == "default":
            stack.enter_context(tf.summary.create_file_writer(job.log_dir).as_default())
        user = _User(job, model, first, tell, monitor)
        for i, start in enumerate(range(0, len(x), BATCH)):
            loss = train_step(tf.constant(x[start : start + BATCH]))
            if monitor is not None:
                monitor.on_step(loss)
            elif job.writer == "default":
                tf.summary.scalar("batch_loss", loss, step=first + i)
            user.step()


class _User:
    """What the user's own code does after every step."""

    def __init__(
        self, job: Job, model: keras.Model, first: int, tell: Callable[[bytes], None], recording: Any
    ) -> None:
        self._job, self._model, self._tell, self._recording = job, model, tell, recording
        self._steps = first
        self._ended_at = time.perf_counter()

    def step(self) -> None:
        """After a step: checkpoint, learning rate, a word to the parent, and the fault."""
        job = self._job
        self._steps += 1
        windows = [] if self._recording is None else self._recording._recorder.windows
        told = {"step": self._steps, "windows": [[w.kind, w.start_step] for w in windows]}
        self._tell(json.dumps(told).encode() + b"\n")
        if job.checkpoint and self._steps % 10 == 0:
            _write_checkpoint(job, self._model, self._steps)
        if self._steps == job.spike_step:
            self._model.optimizer.learning_rate.assign(_TOO_HIGH)
        if self._steps == job.fault_step and job.fault:
            _FAULTS[job.fault]()
        time.sleep(max(0.0, STEP_SECONDS - (time.perf_counter() - self._ended_at)))
        self._ended_at = time.perf_counter()


def _fail() -> None:
    raise ValueError("the user's own code failed")


def _ask_for_too_much() -> None:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY_LEFT, size + _MEMORY_LEFT))
    bytearray(8 * _MEMORY_LEFT)


_FAULTS: dict[str, Callable[[], None]] = {"error": _fail, "memory": _ask_for_too_much, "abort": os.abort}


def _read_checkpoint(job: Job, model: keras.Model) -> int:
    if not job.checkpoint or not os.path.exists(job.checkpoint):
        return 0
    with np.load(job.checkpoint) as saved:
        steps, *weights = (saved[name] for name in saved.files)
    model.set_weights(weights)
    model.optimizer.iterations.assign(int(steps))
    return int(steps)


def _write_checkpoint(job: Job, model: keras.Model, steps: int) -> None:
    half = f"{job.checkpoint}.half.npz"
    np.savez(half, np.int64(steps), *model.get_weights())
    os.replace(half, job.checkpoint)
