"""The report uses the letters, words and colours of the tab: both are read here from their sources."""

from __future__ import annotations

import re

from tb_stability.html_report.heatmap import NONFINITE
from tb_stability.html_report.symptoms import STATUS_NAMES, SYMPTOMS
from tests.distribution import ROOT

SOURCES = ROOT / "frontend" / "src"
VARIABLE = re.compile(r"(--[\w-]+): (#[0-9a-f]{3,6});")


def variables(text: str) -> dict[str, str]:
    return dict(VARIABLE.findall(text))


def test_letters_names_and_meanings() -> None:
    source = (SOURCES / "lib" / "symptoms.ts").read_text(encoding="utf-8")
    entry = re.compile(
        r"^  (\w+): \{\s*letter: '(.)',\s*name: '([^']+)',\s*meaning:\s*(?:'([^']+)'|\"([^\"]+)\"),\s*\}",
        re.M,
    )
    theirs = {kind: (letter, name, a or b) for kind, letter, name, a, b in entry.findall(source)}
    ours = {kind: (s.letter, s.name, s.meaning) for kind, s in SYMPTOMS.items()}
    assert theirs == ours
    assert len({letter for letter, _, _ in ours.values()}) == len(ours)


def test_statuses() -> None:
    source = (SOURCES / "lib" / "status.ts").read_text(encoding="utf-8")
    theirs = re.findall(r"^  (\w+): \{letter: '.', name: '([^']+)'", source, re.M)
    assert sorted(theirs) == sorted(STATUS_NAMES.items())


def test_colours_of_both_themes() -> None:
    light, dark = (SOURCES / "theme.css").read_text(encoding="utf-8").split(":root.dark")
    style = (ROOT / "tb_stability" / "html_report" / "style.css").read_text(encoding="utf-8")
    own_light, own_dark = style.split("@media screen and (prefers-color-scheme: dark)")
    own_dark = own_dark.split("\n}\n")[0]
    for ours, theirs in ((own_light, light), (own_dark, dark)):
        colors, expected = variables(ours), variables(theirs)
        assert len(colors) > 30
        assert colors == {name: expected[name] for name in colors}
        assert {f"--kind-{kind}" for kind in SYMPTOMS} <= colors.keys()
        assert {f"--status-{status}" for status in STATUS_NAMES} <= colors.keys()
    nonfinite = "#{:02x}{:02x}{:02x}".format(*NONFINITE)
    assert variables(own_light)["--nonfinite"] == nonfinite
    assert f".swatch-nonfinite {{ fill: {nonfinite}; }}" in style


def test_the_colours_of_the_heatmap_come_from_the_same_numbers() -> None:
    source = (SOURCES / "lib" / "colormap.ts").read_text(encoding="utf-8")
    own = (ROOT / "tb_stability" / "html_report" / "colormap.py").read_text(encoding="utf-8")
    numbers = set(re.findall(r"\d\.\d{4,}", source))
    assert len(numbers) > 15
    assert numbers <= set(re.findall(r"\d\.\d{4,}", own))
