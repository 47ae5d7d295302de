"""The report in a real browser: it opens from a disk, runs nothing, asks for nothing, and can be printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tb_stability import load
from tb_stability.cli.main import main


@dataclasses.dataclass
class OpenReport:
    """A report in a browser.

    Attributes:
      page: The page.
      problems: Requests, dialogs, exceptions, and whatever the console said.
    """

    page: Page
    problems: list[str]


@pytest.fixture(scope="module")
def report(browser: Browser, logdir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenReport]:
    """The report of all runs, among them one with hostile names, opened from a file."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    main(["report", str(logdir), "-o", str(file)])
    context = browser.new_context(viewport={"width": 1000, "height": 900}, color_scheme="light")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))

    def see(address: str) -> None:
        if address != file.as_uri() and not address.startswith("data:image/png"):
            problems.append(f"request: {address[:200]}")

    page.on("request", lambda request: see(request.url))
    page.goto(file.as_uri(), wait_until="load")
    yield OpenReport(page, problems)
    context.close()


def test_nothing_runs_and_nothing_is_asked_for(report: OpenReport) -> None:
    report.page.wait_for_load_state("networkidle")
    assert report.problems == []
    assert report.page.locator("script, img, iframe").count() == 0


def test_the_policy_stops_what_would_get_through(report: OpenReport) -> None:
    """Even an element that was not escaped would do nothing. Kills: a policy that is not in force."""
    page = report.page.context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    source = Path(report.page.url.removeprefix("file://")).read_text(encoding="utf-8")
    planted = (
        "<script>document.title = 'ran'</script><img src='http://127.0.0.1:9/x'><p style='color:red'>x</p>"
    )
    page.set_content(source.replace("<header>", f"{planted}<header>", 1))
    assert page.title() != "ran"
    refused = [kind for kind in ("script", "image", "style") if any(kind in text.lower() for text in said)]
    assert refused == ["script", "image", "style"]
    page.close()


def test_every_run_is_shown_and_fits_the_page(report: OpenReport, logdir: Path) -> None:
    page = report.page
    expect(page.locator("section[id]")).to_have_count(len(load(logdir)))
    expect(page.locator("h1")).to_be_visible()
    overflowing = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflowing <= 0  # names of 10,000 characters
    for image in page.locator("svg image").all():
        box = image.bounding_box()
        assert box is not None
        assert box["width"] > 50


def test_it_follows_the_colours_of_the_system_and_prints_light(report: OpenReport) -> None:
    page = report.page
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == "rgb(48, 48, 48)"
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert len(printed) > 20_000
    page.emulate_media(media="screen", color_scheme="light")
