"""A real `tensorboard`, as a user starts it, for tests to ask."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

START_SECONDS = 60.0
"""TensorBoard imports TensorFlow where there is one: 5 s, and several times that on a busy machine."""


class StartTensorBoard(Protocol):
    """The fixture `tensorboard_server`: starts a TensorBoard that ends with the test."""

    def __call__(
        self, logdir: Path, *flags: str, load_fast: str = "auto", python: str | Path = sys.executable
    ) -> TensorBoardProcess:
        """Takes the arguments of `TensorBoardProcess`."""


class TensorBoardProcess:
    """A running TensorBoard; a context manager that ends it.

    Attributes:
      url: Its address with a trailing slash, such as `http://127.0.0.1:43210/`.
    """

    def __init__(
        self,
        logdir: Path,
        *flags: str,
        output_file: Path,
        load_fast: str = "auto",
        python: str = sys.executable,
    ) -> None:
        """Starts TensorBoard on a free port and waits until it answers.

        Args:
          logdir: What it shows.
          *flags: More flags, such as `--samples_per_plugin=stability=5`.
          output_file: Takes what it prints.
          load_fast: `true` for the Rust loader, `false` for the Python loader.
          python: The interpreter of the environment to run it in.
        """
        self._output_file = output_file
        command = [python, "-m", "tensorboard.main"]
        if not any(flag.startswith("--logdir_spec") for flag in flags):  # instead of it
            command += ["--logdir", str(logdir)]
        command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", load_fast, "--reload_interval", "1"]
        with output_file.open("w") as output:
            self._process = subprocess.Popen(
                [*command, *flags],
                cwd=output_file.parent,  # not the checkout: what is installed is what runs
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            self.url = self._wait_for_address()
        except BaseException:
            self.close()
            raise

    @property
    def process_id(self) -> int:
        """Its number, to look at what it takes."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._output_file.read_text(errors="replace")

    def get(self, path: str) -> bytes:
        """Returns the body of `GET path`, such as `data/plugins_listing`; or raises `HTTPError`."""
        with urllib.request.urlopen(self.url + path.lstrip("/"), timeout=30) as response:
            body: bytes = response.read()
            return body

    def get_json(self, path: str) -> Any:
        """Returns the JSON of `GET path`."""
        return json.loads(self.get(path))

    def get_when(self, path: str, ready: Callable[[Any], bool], *, seconds: float = 30.0) -> Any:
        """Returns the JSON of `GET path` once it is `ready`: a loader reads the logs in the background.

        Raises:
          TimeoutError: It was not ready in time; the message has the last answer.
        """
        answer: Any = "no answer"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                answer = self.get_json(path)
            except urllib.error.HTTPError as error:  # also "no such run": it may not be loaded yet
                answer = f"{error}: {error.read()!r}"
            else:
                if ready(answer):
                    return answer
            time.sleep(0.2)
        raise TimeoutError(f"{path} was not ready in {seconds} s: {answer}\n{self.output}")

    def close(self) -> None:
        """Ends the process."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> TensorBoardProcess:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait_for_address(self) -> str:
        """Returns the address that TensorBoard prints when it listens."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            printed = re.search(r"^TensorBoard \S+ at (http://\S+/) ", self.output, re.MULTILINE)
            if printed:
                return printed.group(1)
            if self._process.poll() is not None:
                raise RuntimeError(f"tensorboard ended with {self._process.returncode}:\n{self.output}")
            time.sleep(0.1)
        raise TimeoutError(f"tensorboard did not answer in {START_SECONDS} s:\n{self.output}")
