"""Makes the picture of the README: the tab of a real TensorBoard on the demo's logs.

    python demo/run.py --no-serve && python docs/screenshot.py

Takes the logs of `--logdir` (default: the demo's), and writes the file of `--out` (default: the README's).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright

from tests.browser_binary import FLAGS, find_browser
from tests.tensorboard_process import TensorBoardProcess

LINK = "p.stability.run=custom_loop&p.stability.from=0&p.stability.to=60"
"""The run that forgot training=True, from its start to some steps behind the NaN."""


def main() -> None:
    """Starts TensorBoard, opens the link, and saves the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="logs/demo")
    parser.add_argument("--out", default=str(ROOT / "docs" / "stability_tab.png"))
    parser.add_argument("--link", default=LINK, help="what is opened in the tab")
    parser.add_argument("--dark", action="store_true", help="TensorBoard's dark mode")
    parser.add_argument("--width", type=int, default=1400)
    parser.add_argument("--height", type=int, default=1180)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        output = Path(folder, "tensorboard.txt")
        with TensorBoardProcess(Path(arguments.logdir).resolve(), output_file=output) as tensorboard:
            chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
            page = chromium.new_page(
                viewport={"width": arguments.width, "height": arguments.height},
                color_scheme="dark" if arguments.dark else "light",
            )
            page.goto(f"{tensorboard.url}?darkMode={str(arguments.dark).lower()}#stability&{arguments.link}")
            tab = page.frame_locator("iframe")
            tab.locator("main[data-ready][data-painted]").wait_for(timeout=60_000)
            page.wait_for_timeout(1000)  # TensorBoard's own animations
            page.screenshot(path=arguments.out)
            chromium.close()
    print(arguments.out)


if __name__ == "__main__":
    main()
