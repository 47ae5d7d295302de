"""The tab under axe-core, in both themes: colours, names, roles, focus."""

from __future__ import annotations

import pytest

import setup
from tests.browser.stability_tab import OpenTab
from tests.tensorboard_process import TensorBoardProcess

AXE = setup.FRONTEND_DIR / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def axe_source() -> str:
    """The code of axe-core, one of the frontend's own test tools."""
    setup.install_npm_packages(dev=True)
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(
    demo_server: TensorBoardProcess, open_tab: OpenTab, axe_source: str, theme: str
) -> None:
    tab = open_tab(demo_server, f"?darkMode={'true' if theme == 'dark' else 'false'}#stability")
    tab.frame.evaluate(axe_source)
    find = "axe.run().then(r => r.violations.map(v => [v.id, ...v.nodes.map(n => n.html)]))"
    assert tab.frame.evaluate(find) == []
    tab.cards.first.click()
    tab.main.get_by_text("What the letters mean").click()
    tab.compare("fit")
    tab.wait_until_painted()
    assert tab.frame.evaluate(find) == []
    tab.page.keyboard.press("Escape")
    tab.main.get_by_text("Share", exact=True).click()
    tab.main.get_by_role("button", name="Keys").click()
    tab.wait_until_painted()
    assert tab.frame.evaluate(find) == []
