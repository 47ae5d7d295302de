"""The plugin: routes of `http_api.md`, thin over `reader.py` and `answers.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tensorboard import errors, plugin_util
from tensorboard.backend import http_util
from tensorboard.plugins import base_plugin
from tensorboard.util import tb_logging
from werkzeug import wrappers
from werkzeug.datastructures import MultiDict

from tb_stability.html_report.making import answer_report
from tb_stability.plugin import answers
from tb_stability.plugin.arguments import ArgumentError
from tb_stability.plugin.experiment import HISTOGRAMS_PLUGIN, Experiment
from tb_stability.plugin.foreign_tags import TAGS, parse_tags
from tb_stability.plugin.memory import LARGE_ANSWER_BYTES, give_back
from tb_stability.plugin.reader import RunReader, UnknownNameError
from tb_stability.plugin.static_files import ENTRY_POINT, read_static_file
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN, STEPS_PLUGIN

_TENSORBOARD_SCALAR_CAP = 1000
"""What TensorBoard keeps of an ordinary scalar where no flag says otherwise."""

_FAILED = "The Stability plugin could not answer; the output of TensorBoard says more:"

_METHODS = ("GET", "HEAD")
"""Nothing here writes."""

_JSON = "application/json"
_FRAME = "application/octet-stream"
_HTML = "text/html"

_DOWNLOAD = ("Content-Disposition", 'attachment; filename="stability_report.html"')

Query = MultiDict[str, str]
WsgiApplication = Callable[..., Any]


class StabilityPlugin(base_plugin.TBPlugin):  # type: ignore[misc]  # TensorBoard is not typed
    """The Stability tab."""

    plugin_name = STEPS_PLUGIN

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        caps = context.sampling_hints or {}
        added = parse_tags(getattr(context.flags, "stability_tags", None) or "")
        self._reader = RunReader(
            scalar_cap=caps.get(SCALARS_PLUGIN, _TENSORBOARD_SCALAR_CAP), table=TAGS.extended(added)
        )

    def get_plugin_apps(self) -> dict[str, WsgiApplication]:
        """The routes, below `/data/plugin/stability`."""
        serve_static = wrappers.Request.application(self._serve_static)
        return {
            "/runs": self._route(answers.answer_runs),
            "/layout": self._route(answers.answer_layout),
            "/steps": self._route(answers.answer_steps),
            "/heatmap": self._route(answers.answer_heatmap),
            "/layer": self._route(answers.answer_layer),
            "/activations": self._route(answers.answer_activations),
            "/histograms": self._route(answers.answer_histograms),
            "/report": self._route(answer_report),
            f"/{ENTRY_POINT}": serve_static,
            "/*": serve_static,
        }

    def is_active(self) -> bool:
        """Leaves the question to `data_plugin_names`, which TensorBoard asks without reading anything."""
        return False

    def data_plugin_names(self) -> tuple[str, ...]:
        """The tab is shown where any of these wrote something."""
        return (STEPS_PLUGIN, DOCUMENTS_PLUGIN, SCALARS_PLUGIN, HISTOGRAMS_PLUGIN)

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """Where the tab's code is."""
        return base_plugin.FrontendMetadata(es_module_path=f"/{ENTRY_POINT}", tab_name="Stability")

    def _route(
        self, answer: Callable[[RunReader, Experiment, Query], answers.Answer | str]
    ) -> WsgiApplication:
        """Makes a route of a function from a query to an answer: JSON, a frame, or a page to download.

        Errors become sentences.
        """

        def serve(request: wrappers.Request) -> wrappers.Response:
            if request.method not in _METHODS:
                return _respond_not_allowed(request)
            environ = request.environ
            experiment = Experiment(
                self._provider, plugin_util.experiment_id(environ), plugin_util.context(environ)
            )
            try:
                content = answer(self._reader, experiment, request.args)
            except ArgumentError as error:
                return _respond_error(request, 400, str(error))
            except UnknownNameError as error:
                return _respond_error(request, 404, str(error))
            except LogFormatError as error:
                return _respond_error(request, 422, str(error))
            except errors.PublicError:
                raise  # no permission, no such experiment: TensorBoard answers these
            except Exception as error:
                tb_logging.get_logger().exception("Stability could not answer %s", request.path)
                return _respond_error(request, 500, f"{_FAILED} {type(error).__name__}")
            if isinstance(content, bytes) and len(content) >= LARGE_ANSWER_BYTES:
                give_back()
            if isinstance(content, str):
                return _respond(request, content, _HTML, headers=[_DOWNLOAD])
            return _respond(request, content, _FRAME if isinstance(content, bytes) else _JSON)

        return wrappers.Request.application(serve)

    def _serve_static(self, request: wrappers.Request) -> wrappers.Response:
        """The files of the tab, and a sentence for anything else."""
        if request.method not in _METHODS:
            return _respond_not_allowed(request)
        name = request.path.partition(f"/plugin/{self.plugin_name}/")[2]
        found = read_static_file(name)
        if found is None:
            return _respond_error(request, 404, f"there is no {name[:100]!r} in the Stability plugin")
        return _respond(request, *found)


def _respond(
    request: wrappers.Request,
    content: answers.Answer | str,
    content_type: str,
    code: int = 200,
    headers: Sequence[tuple[str, str]] = (),
) -> wrappers.Response:
    """`http_util.Respond` adds the headers that TensorBoard wants, and compresses text."""
    response: wrappers.Response = http_util.Respond(
        request, content, content_type, code=code, headers=list(headers)
    )
    return response


def _respond_not_allowed(request: wrappers.Request) -> wrappers.Response:
    return _respond_error(request, 405, f"{request.method[:20]} is not supported here: use GET")


def _respond_error(request: wrappers.Request, code: int, sentence: str) -> wrappers.Response:
    return _respond(request, {"error": sentence}, _JSON, code)
