"""Damaged files and hostile queries, given to the routes of the plugin and to `tb-stability check`."""

from __future__ import annotations

import contextlib
import io
import json
import random
from pathlib import Path
from urllib.parse import quote

from google.protobuf.message import DecodeError

from tb_stability.cli.main import main
from tests.fuzz import mutations
from tests.fuzz.hostile import HOSTILE_TEXTS
from tests.fuzz.logs import records, write_records
from tests.fuzz.payloads import HEATMAPS, FindingError, bounded
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server

_PATHS = (
    *("/runs", "/layout", "/steps", "/heatmap", "/layer", "/activations", "/histograms", "/report", "/nope"),
    *("/index.js", "/../plugin.py", "/%2e%2e/plugin.py", "/..%5cplugin.py", "/%00", "//etc/passwd"),
    *("/chunks/..%2f..%2floader.py", "/" + "a" * 5_000 + ".js", "/runs/../runs", "/.%2fruns"),
)
_NAMES = ("run", "layer", "measure", "from", "to", "cols", "tag", "", "__class__")
_VALUES = (
    *(
        "exp",
        "dense",
        "bn",
        "grad_norm",
        "0",
        "1",
        "4000",
        "4001",
        "-1",
        "1e3",
        "9" * 5_000,
        "\u0663",
        "1_000",
    ),
    *("..", "exp/..", "./exp", "exp/stability", ".", "/", "NaN", "exp\0"),
    *(text for text in HOSTILE_TEXTS if text != "\ud800"),
)


def damage_file(source: Path, target: Path, chance: random.Random) -> None:
    """Writes a damaged copy of an event file: its bytes, or its events with checksums that are right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if chance.random() < 0.3:
        target.write_bytes(mutations.mutate_bytes(source.read_bytes(), chance))
        return
    events = list(records(source.read_bytes()))
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(events))
        events[at] = mutations.mutate_event(events[at], chance)
    if chance.random() < 0.2:
        chance.shuffle(events)
    write_records(target, events)


def paths_of(run: str, layers: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Every route that reads a run."""
    named = {"run": run}
    return [
        ("/runs", {}),
        ("/layout", named),
        ("/steps", {**named, "cols": "50"}),
        *(("/heatmap", {**named, "measure": measure}) for measure in HEATMAPS),
        ("/activations", named),
        ("/report", named),
        *(("/layer", {**named, "layer": layer}) for layer in layers),
        *(("/histograms", {**named, "layer": layer}) for layer in layers),
    ]


def check_answer(path: str, status: int, content_type: str, body: bytes) -> None:
    """Raises FindingError where an answer is neither one nor a sentence."""
    if status >= 500:
        raise FindingError(f"{path} was answered with {status}: {body[:300]!r}")
    if content_type.startswith("application/octet-stream"):
        decode_frame(body)
    elif content_type.startswith("text/html"):
        if status != 200 or not body.startswith(b"<!doctype html>") or b"<script>alert" in body:
            raise FindingError(f"{path} was answered with {status} and a page: {body[:300]!r}")
    elif not isinstance(document := json.loads(body), dict) or (status >= 400 and not document.get("error")):
        raise FindingError(f"{path} was answered with {status} and no sentence: {body[:300]!r}")


def is_loaded(logdir: Path) -> bool:
    """Whether TensorBoard's Python loader takes a directory: it ends at a record that is no event."""
    try:
        Server(logdir)
    except DecodeError:
        return False
    return True


def routes_case(logdir: Path, run: str = "exp") -> int:
    """Asks every route of a log directory on the Python loader; returns the number of answers."""
    try:
        with bounded("loading"):
            server = Server(logdir)
    except DecodeError:  # TensorBoard's Python loader ends at a record that is no event
        return 0
    found = paths_of(run, ["dense", "bn", "bn1"])
    for route, query in found:
        with bounded(route):
            answer = server.get(route, **query)
            check_answer(route, answer.status_code, answer.content_type or "", answer.get_data())
    return len(found)


def command_case(logdir: Path, format: str) -> int:
    """Runs `tb-stability check`; returns its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with bounded("check"), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["check", str(logdir), "--format", format])
    if code not in (0, 1, 2) or "Traceback" in err.getvalue() or (code == 2 and not err.getvalue().strip()):
        raise FindingError(f"check ended with {code}: {err.getvalue()[:300]!r}")
    if "\x1b" in (out.getvalue() if format == "text" else "") + err.getvalue():
        raise FindingError("check printed an escape code")
    return code


def query_case(server: Server, chance: random.Random) -> int:
    """Sends one hostile query; returns the status of the answer."""
    pairs = [(chance.choice(_NAMES), chance.choice(_VALUES)) for _ in range(chance.randint(0, 4))]
    if chance.random() < 0.7:
        pairs.insert(0, ("run", "exp"))
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    if chance.random() < 0.2:
        query = mutations.mutate_bytes(query.encode(), chance).decode("latin-1").replace("#", "")
    path = chance.choice(_PATHS)
    with bounded(path):
        answer = server.request(path, query)
    body = answer.get_data()
    if answer.status_code == 200 and path == "/index.js":
        return 200
    check_answer(f"{path}?{query}"[:200], answer.status_code, answer.content_type or "", body)
    if b"class StabilityPlugin" in body or b"root:" in body:
        raise FindingError(f"{path} was answered with a file of the system")
    return answer.status_code
