"""TensorBoard's own WSGI application with our plugin in it, on the Python loader."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import werkzeug.test
from tensorboard.backend import application
from tensorboard.backend.event_processing.data_ingester import (
    DEFAULT_SIZE_GUIDANCE,
    DEFAULT_TENSOR_SIZE_GUIDANCE,
)
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.base_plugin import TBContext
from werkzeug.wrappers import Response

from tb_stability.plugin.loader import SAMPLES_PER_PLUGIN
from tb_stability.plugin.plugin import StabilityPlugin

ROUTE = "/data/plugin/stability"


class Server:
    """Serves one log directory.

    Args:
      logdir: Where the runs are.
      samples_per_plugin: Sampling caps; by default those of our loader.
      tags: The value of `--stability_tags`; None leaves all flags away, as an application of somebody else.
    """

    def __init__(
        self,
        logdir: Path,
        samples_per_plugin: Mapping[str, int] = SAMPLES_PER_PLUGIN,
        tags: str | None = None,
    ) -> None:
        self._logdir = str(logdir)
        self._multiplexer = EventMultiplexer(
            size_guidance=DEFAULT_SIZE_GUIDANCE,
            tensor_size_guidance={**DEFAULT_TENSOR_SIZE_GUIDANCE, **samples_per_plugin},
        )
        provider = MultiplexerDataProvider(self._multiplexer, self._logdir)
        self.plugin = StabilityPlugin(
            TBContext(
                flags=None if tags is None else argparse.Namespace(stability_tags=tags),
                data_provider=provider,
                logdir=self._logdir,
                sampling_hints={"scalars": 1000, **samples_per_plugin},
            )
        )
        self._client = werkzeug.test.Client(
            application.TensorBoardWSGI([self.plugin], data_provider=provider), Response
        )
        self.reload()

    def reload(self) -> None:
        """Reads what was written since."""
        self._multiplexer.AddRunsFromDirectory(self._logdir)
        self._multiplexer.Reload()

    def get(self, route: str, **query: str) -> Response:
        """Requests a route of our plugin; the query is quoted."""
        return self._client.get(ROUTE + route, query_string=query)

    def request(self, path: str, query: str = "", method: str = "GET") -> Response:
        """Requests a path below our plugin, with a query as it stands."""
        return self._client.open(ROUTE + path, query_string=query, method=method)

    def post(self, route: str) -> Response:
        return self._client.post(ROUTE + route)

    def listing(self) -> dict[str, dict[str, object]]:
        """TensorBoard's list of plugins."""
        found: dict[str, dict[str, object]] = self._client.get("/data/plugins_listing").get_json()
        return found
