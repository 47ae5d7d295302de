"""Nobody gets in: what the routes answer whatever is asked of them, and what the package does not contain."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tb_stability.series import Layout, Variable
from tests.event_logs import write_run
from tests.fuzz.hostile import HOSTILE_TEXTS
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tb_stability"

HOSTILE_FOLDERS = (
    "<script>alert(1)<",
    "=cmd|' C'!A0",
    "\x1b[31mred",
    "\u202egnp.exe",
    "a b#%2e?&run=x",
    "'; DROP TABLE runs; --",
    "..evil",
    "x" * 200,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A run with hostile names of layers, and runs with hostile names."""
    logdir = tmp_path_factory.mktemp("logs")
    names = [name for name in HOSTILE_TEXTS if name]
    layout = Layout(tuple(Variable(f"{name}/kernel", name, "kernel", (2,)) for name in names))
    write_run(logdir / "exp", range(3), layout=layout)
    for folder in HOSTILE_FOLDERS:
        write_run(logdir / folder, range(3))
    return Server(logdir)


def test_hostile_names_of_layers_are_data_in_every_route(server: Server) -> None:
    layers = [layer["name"] for layer in server.get("/layout", run="exp").get_json()["layers"]]
    assert set(layers) == set(HOSTILE_TEXTS) - {""}
    header, _ = decode_frame(server.get("/heatmap", run="exp", measure="grad_norm").get_data())
    assert header["layers"] == layers
    for layer in layers:
        if layer != "\ud800":  # which no request can have
            for route in ("/layer", "/histograms"):
                answer = server.get(route, run="exp", layer=layer)
                assert answer.status_code == 200
                assert decode_frame(answer.get_data())[0]["layer"] == layer


@pytest.mark.parametrize("folder", HOSTILE_FOLDERS)
def test_hostile_names_of_runs_are_data_in_every_route(server: Server, folder: str) -> None:
    assert folder in [run["run"] for run in server.get("/runs").get_json()["runs"]]
    assert server.get("/layout", run=folder).get_json()["run"] == folder
    for route in ("/steps", "/activations"):
        assert decode_frame(server.get(route, run=folder).get_data())[0]["run"] == folder
    refused = server.get("/layout", run=folder + "x")
    assert (refused.status_code, refused.content_type) == (404, "application/json")


ROUTES = (
    *("/runs", "/layout?run=exp", "/steps?run=exp", "/heatmap?run=exp&measure=grad_norm"),
    *("/layer?run=exp&layer=.", "/activations?run=exp", "/histograms?run=exp&layer=.", "/report?run=exp"),
    *("/index.js", "/nope", "/layout", "/steps?run=<script>alert(1)</script>"),
)


def test_the_list_of_routes_is_complete(server: Server) -> None:
    asked = {route.partition("?")[0] for route in ROUTES}
    assert set(server.plugin.get_plugin_apps()) - {"/*"} <= asked


@pytest.mark.parametrize("route", ROUTES)
def test_every_answer_says_what_it_is_and_is_not_to_be_sniffed(server: Server, route: str) -> None:
    path, _, query = route.partition("?")
    answer = server.request(path, query)
    assert answer.status_code in (200, 400, 404)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kind = answer.headers["Content-Type"].partition(";")[0]
    if kind == "text/html":  # the report: to download, and inert
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert b"<script>alert" not in answer.get_data()
    else:
        assert kind in ("application/json", "application/octet-stream", "text/javascript")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_no_route_takes_anything_but_get(server: Server, method: str) -> None:
    for route in server.plugin.get_plugin_apps():
        answer = server.request(route, "run=exp", method=method)
        assert (route, answer.status_code) == (route, 405)
        assert "use GET" in answer.get_json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("/../plugin.py", "/..%2fplugin.py", "/%2e%2e%2fplugin.py", "/..%252fplugin.py", "/..%5cplugin.py"),
        *("//etc/passwd", "/%2fetc%2fpasswd", "/static/../plugin.py", "/index.js/../../plugin.py"),
        *("/index.js%00.py", "/%00", "/frontend.sha256", "/" + "../" * 50 + "etc/passwd", "/" + "a" * 20_000),
    ],
)
def test_no_path_leads_out_of_the_tab(server: Server, path: str) -> None:
    answer = server.request(path)
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert len(answer.get_data()) < 500


_FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "code", "pty"}
_FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "literal_eval"}


def forbidden(source: str) -> list[str]:
    """What a module has that could run what a log says."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in _FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _FORBIDDEN_MODULES:
            found.append(node.module or "")
        elif isinstance(node, ast.Call):
            is_name = isinstance(node.func, ast.Name)
            name = node.func.id if is_name else getattr(node.func, "attr", "")  # type: ignore[attr-defined]
            is_module_call = is_name or name in {"system", "popen", "literal_eval"}
            if name in _FORBIDDEN_CALLS and is_module_call:
                found.append(name)
            if name == "load" and getattr(getattr(node.func, "value", None), "id", "") in ("np", "numpy"):
                found.append("np.load")
            found += [f"{k.arg}=True" for k in node.keywords if k.arg in ("shell", "allow_pickle")]
    return found


def test_nothing_in_the_package_runs_what_it_reads() -> None:
    modules = list(PACKAGE.rglob("*.py"))
    assert len(modules) > 100
    assert {path.name: forbidden(path.read_text()) for path in modules if forbidden(path.read_text())} == {}


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from marshal import loads", "eval(text)", "os.system(x)", "np.load(path)"),
        *("np.load(path, allow_pickle=True)", "subprocess.run(x, shell=True)", "__import__(name)"),
    ],
)
def test_what_would_run_it_is_found(line: str) -> None:
    assert forbidden(line) != []


_RUNS_TEXT = re.compile(
    r"\.(?:inner|outer)HTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\("
    r"|new Function\b|javascript:|srcdoc"
)


def test_nothing_in_the_tab_makes_elements_or_code_of_text() -> None:
    files = [path for path in (ROOT / "frontend" / "src").rglob("*") if path.suffix in (".ts", ".tsx")]
    assert len(files) > 30
    assert [path.name for path in files if _RUNS_TEXT.search(path.read_text())] == []
    assert _RUNS_TEXT.search("node.innerHTML = name") is not None
