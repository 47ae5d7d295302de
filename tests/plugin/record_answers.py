"""Records what the routes answer, for the tests of the tab: `recorded_answers.json`.

    python tests/plugin/record_answers.py

The log is that of a real training, which a learning rate far too large breaks, and of a run that something
else wrote. `test_http_api.py` checks that the server still answers in these shapes, and
`frontend/tests/recorded.test.ts` reads the file. Record it anew where a member is added, renamed or dropped.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).with_name("recorded_answers.json")
STEPS = 40

REQUESTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/runs", {}),
    ("/layout", {"run": "fit"}),
    ("/steps", {"run": "fit", "cols": "4"}),
    ("/heatmap", {"run": "fit", "measure": "update_ratio", "from": "8", "to": "15", "cols": "4"}),
    ("/layer", {"run": "fit", "layer": "bn", "cols": "2"}),
    ("/activations", {"run": "fit"}),
    ("/histograms", {"run": "fit", "layer": "out", "cols": "2"}),
    ("/layout", {"run": "nope"}),
    ("/heatmap", {"run": "fit", "measure": "colour"}),
)


def write_log(logdir: Path) -> None:
    """Two runs of one configuration, which diverge, and one of another tool."""
    import keras

    from tb_stability import StabilityCallback
    from tests.event_logs import losses, write_scalars

    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(4, name="hidden"),
        keras.layers.BatchNormalization(name="bn"),
        keras.layers.ReLU(name="relu"),
        keras.layers.Dense(1, name="out"),
    ]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(keras.optimizers.SGD(30.0), "mse")
    x = np.random.default_rng(0).normal(size=(8 * STEPS, 3)).astype(np.float32)
    callback = StabilityCallback(logdir / "fit")
    model.fit(x, x.sum(axis=1), batch_size=8, verbose=0, shuffle=False, callbacks=[callback])
    shutil.copytree(logdir / "fit", logdir / "again")
    write_scalars(logdir / "other", "loss", losses(20))


def ask(logdir: Path) -> list[dict[str, Any]]:
    """The answers to `REQUESTS`; `body` is JSON, or a frame in base64."""
    from tests.plugin.server import Server

    server, answers = Server(logdir), []
    for route, query in REQUESTS:
        answer = server.get(route, **query)
        is_json = answer.content_type == "application/json"
        body = answer.get_json() if is_json else base64.b64encode(answer.get_data()).decode()
        answers.append({"route": route, "query": query, "status": answer.status_code, "body": body})
    return answers


def main() -> None:
    """Records them anew."""
    with tempfile.TemporaryDirectory() as folder:
        write_log(Path(folder) / "logs")
        answers = ask(Path(folder) / "logs")
    text = json.dumps(answers, indent=1, ensure_ascii=False).replace(folder, "")
    RECORDED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
