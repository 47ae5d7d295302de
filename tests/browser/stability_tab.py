"""The Stability tab as its reader meets it: a page of a real browser, and what can be seen and done there."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, Locator, Page, Request, expect

from tests.tensorboard_process import TensorBoardProcess

LOAD_MS = 30_000
"""TensorBoard's page is 5 MB of JavaScript; a busy machine takes its time."""

KNOWN_MESSAGES = ("WARNING: Multiple instances of Three.js being imported.",)
"""What TensorBoard's own page writes to the console."""

KIND_NAMES = {
    "non_finite": "Not finite",
    "loss_spike": "Loss spike",
    "loss_divergence": "Loss divergence",
    "loss_oscillation": "Loss oscillation",
    "loss_plateau": "Loss plateau",
    "exploding_gradient": "Exploding gradient",
    "vanishing_gradient": "Vanishing gradient",
    "update_ratio_high": "Updates too large",
    "update_ratio_low": "Updates too small",
    "dead_units": "Dead units",
    "saturated_units": "Saturated units",
    "bn_drift": "BatchNormalization drift",
    "bn_statistics_frozen": "BatchNormalization statistics frozen",
    "generalization_gap": "Generalization gap",
}
"""What the tab calls each kind of window."""


VALUE_AXIS_WIDTH = 56
"""Left of the plot, in a chart's canvas."""


def is_near(
    pixels: npt.NDArray[np.int64], color: tuple[int, int, int], distance: int = 60
) -> npt.NDArray[np.bool_]:
    """Tells which pixels have a colour, more or less: lines are blended at their edges."""
    near: npt.NDArray[np.bool_] = np.abs(pixels - color).sum(axis=-1) <= distance
    return near


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a link has to bring back.

    Attributes:
      run: The selected run.
      window: The text of the selected window's heading, or None.
      steps: First and last step in view.
      layer: The selected layer.
      measure: That of the heatmap.
    """

    run: str
    window: str | None
    steps: tuple[int, int]
    layer: str
    measure: str


class StabilityTab:
    """The tab in a page of its own.

    Attributes:
      page: TensorBoard's page.
      main: The tab inside of it.
      problems: What went wrong so far: errors and warnings in the console but `KNOWN_MESSAGES`, exceptions
        that nothing caught, requests to another host. The fixture `open_tab` fails a test that leaves any.
    """

    def __init__(self, context: BrowserContext, host: str) -> None:
        """Makes an empty page. `host` is the only one that it may talk to, such as `127.0.0.1:6006`."""
        self.page: Page = context.new_page()
        self.main: Locator = self.page.frame_locator("iframe[src*='name=stability']").get_by_role("main")
        self.problems: list[str] = []
        self._host = host
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("request", self._see_request)
        self.page.on("websocket", lambda socket: self.problems.append(f"web socket: {socket.url}"))

    def wait_until_painted(self) -> None:
        """Returns when all that the last action asked for is loaded and drawn."""
        expect(self.main).to_have_attribute("data-ready", "", timeout=LOAD_MS)
        # The mark of the state before goes in the frame after an action: two frames later it is gone.
        frame = "done => requestAnimationFrame(done)"
        self.main.evaluate(f"() => new Promise({frame}).then(() => new Promise({frame}))")
        expect(self.main).to_have_attribute("data-painted", "", timeout=LOAD_MS)

    @property
    def frame(self) -> Frame:
        """The document of the tab."""
        (frame,) = (frame for frame in self.page.frames if "name=stability" in frame.url)
        return frame

    @property
    def hash(self) -> str:
        """What the address bar has after `#`."""
        return urlsplit(self.page.url).fragment

    def section(self, name: str) -> Locator:
        """A part of the tab, by its label."""
        return self.main.get_by_role("region", name=name, exact=True)

    @property
    def verdict(self) -> Locator:
        """The answer for the selected run."""
        return self.section("Verdict")

    @property
    def runs(self) -> Locator:
        """The buttons of the run picker."""
        return self.main.get_by_role("group", name="Run", exact=True).get_by_role("button")

    def select_run(self, name: str) -> None:
        """Picks a run, and returns when the tab is about it."""
        self.runs.and_(self.main.get_by_title(f"{name}: ")).click()
        expect(self.verdict.locator(".run-name")).to_have_text(name)

    def compare(self, run: str) -> None:
        """Compares the selected run with another one; the table of all runs stays open."""
        self.main.get_by_text("Compare 5 runs").click()
        self.main.get_by_role("checkbox", name=f"Compare {run}", exact=True).check()

    @property
    def comparison(self) -> Locator:
        """What tells the compared runs apart."""
        return self.section("Comparison")

    @property
    def cards(self) -> Locator:
        """The list of the windows of the selected run."""
        return self.section("Windows of this run").locator("ol").get_by_role("button")

    def card(self, kind: str) -> Locator:
        """The card of the only window of a kind."""
        return self.cards.filter(has=self.page.get_by_text(KIND_NAMES[kind], exact=True))

    def bars(self, run: str) -> list[str]:
        """The labels of the bars in the lane of a run."""
        lane = (
            self.section("Windows of all runs")
            .locator(".lane")
            .filter(has=self.page.get_by_role("button").get_by_text(run, exact=True))
        )
        expect(lane).to_have_count(1)
        return [bar.get_attribute("aria-label") or "" for bar in lane.locator(".bar").all()]

    def chart(self, title: str, *, of: str = "Charts") -> Locator:
        """A chart, by its title, of the run or of the `Selected layer`."""
        return self.section(of).locator(f'figure[aria-label^="{title}:"]')

    @property
    def heatmap(self) -> Locator:
        """The canvas with the layers over steps."""
        return self.section("Layers over steps").get_by_role("img", name="Layers:")

    @property
    def measure(self) -> Locator:
        """The choice of the heatmap's measure."""
        return self.section("Layers over steps").get_by_role("combobox", name="Measure")

    @property
    def layer_names(self) -> list[str]:
        """The names that stand beside the heatmap, from top to bottom."""
        return self.section("Layers over steps").locator(".layer-names bdi").all_inner_texts()

    @property
    def layer(self) -> Locator:
        """The choice of the layer that is shown."""
        return self.main.get_by_role("combobox", name="Selected layer")

    def range_end(self, name: str) -> Locator:
        """The grip of the `First` or `Last` step in view."""
        return self.main.get_by_role("slider", name=f"{name} step in view")

    def shown(self) -> Shown:
        """Returns what is selected, as the reader sees it."""
        pressed = self.cards.and_(self.main.locator("[aria-pressed=true]"))
        ends = [int(self.range_end(end).get_attribute("aria-valuenow") or -1) for end in ("First", "Last")]
        return Shown(
            run=self.verdict.locator(".run-name").inner_text(),
            window=pressed.locator("strong").inner_text() if pressed.count() else None,
            steps=(ends[0], ends[1]),
            layer=self.layer.input_value(),
            measure=self.measure.input_value(),
        )

    def color(self, variable: str) -> tuple[int, int, int]:
        """The red, green and blue of a colour of the style sheet, such as `--nonfinite`."""
        value = self.frame.evaluate(
            "name => getComputedStyle(document.documentElement).getPropertyValue(name)", variable
        )
        red, green, blue = bytes.fromhex(value.strip().lstrip("#"))
        return red, green, blue

    def pixels(self, canvas: Locator) -> npt.NDArray[np.int64]:
        """Reads a canvas back, `[height, width, 3]`."""
        answer: dict[str, Any] = canvas.evaluate(
            """canvas => {
                const {width, height} = canvas;
                const copy = new OffscreenCanvas(width, height);  // many reads make Chromium warn, and slow
                const context = copy.getContext('2d', {willReadFrequently: true});
                context.drawImage(canvas, 0, 0);
                const {data} = context.getImageData(0, 0, width, height);
                let bytes = '';
                for (let i = 0; i < data.length; i += 8192)
                    bytes += String.fromCharCode(...data.subarray(i, i + 8192));
                return {width, height, bytes: btoa(bytes)};
            }"""
        )
        flat = np.frombuffer(base64.b64decode(answer["bytes"]), np.uint8).astype(np.int64)
        return flat.reshape(answer["height"], answer["width"], 4)[:, :, :3]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.text not in KNOWN_MESSAGES:
            self.problems.append(f"console {message.type}: {message.text} {message.location}")

    def _see_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != self._host:
            self.problems.append(f"request to another host: {request.url}")


class OpenTab(Protocol):
    """The fixture `open_tab`."""

    def __call__(self, server: TensorBoardProcess, link: str = "#stability") -> StabilityTab:
        """Opens a link of a server in a browser that never saw it; returns the painted tab."""


class NewTab(Protocol):
    """The fixture `new_tab`."""

    def __call__(self, server: TensorBoardProcess) -> StabilityTab:
        """Makes a page that may talk to this server, and opens nothing yet."""
