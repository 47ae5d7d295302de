"""Makes the pictures of the README: the tab of a real TensorBoard on the demo's logs.

    python demo/run.py --no-serve && python docs/screenshot.py

Takes the logs of `--logdir` (default: the demo's), and writes into the folder `--out` (default: this one).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser_binary import FLAGS, find_browser
from tests.tensorboard_process import TensorBoardProcess

WIDTH = 1400
"""Of the window, in pixels."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """What is to be seen on one.

    Attributes:
      link: What is opened in the tab.
      height: Of the window, in pixels.
      section: The part of the tab that is scrolled to, by its label; without one, the top.
    """

    link: str
    height: int
    section: str | None = None


# The run that forgot training=True, from its start to some steps behind the NaN.
BROKEN = "p.stability.run=custom_loop&p.stability.from=0&p.stability.to=60"

PICTURES = {
    "stability_tab.png": Picture(BROKEN, 960),
    "stability_layer.png": Picture(f"{BROKEN}&p.stability.layer=bn_1", 940, "Layers over steps"),
    "stability_compare.png": Picture(f"{BROKEN}&p.stability.compare=custom_loop,fit", 940),
}
"""By file name."""


def main() -> None:
    """Starts TensorBoard, opens the links, and saves the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="logs/demo")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--dark", action="store_true", help="TensorBoard's dark mode")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        output = Path(folder, "tensorboard.txt")
        with TensorBoardProcess(Path(arguments.logdir).resolve(), output_file=output) as tensorboard:
            chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
            page = f"{tensorboard.url}?darkMode={str(arguments.dark).lower()}#stability"
            for name, picture in PICTURES.items():
                take(chromium, page, picture, arguments.out / name)
                print(arguments.out / name)
            chromium.close()


def take(chromium: Browser, page_url: str, picture: Picture, file: Path) -> None:
    """Saves one picture."""
    page = chromium.new_page(viewport=ViewportSize(width=WIDTH, height=picture.height))
    page.goto(f"{page_url}&{picture.link}")
    tab = page.frame_locator("iframe")
    tab.locator("main[data-ready][data-painted]").wait_for(timeout=60_000)
    if picture.section is not None:
        section = tab.get_by_role("region", name=picture.section, exact=True)
        section.evaluate("section => section.scrollIntoView()")
    page.wait_for_timeout(1000)  # TensorBoard's own animations
    page.screenshot(path=file)
    page.close()


if __name__ == "__main__":
    main()
