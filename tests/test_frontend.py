"""The frontend's own checks and tests, with the Node that builds it."""

from __future__ import annotations

import pytest

import setup


@pytest.fixture(scope="module", autouse=True)
def _npm_packages() -> None:
    setup.install_npm_packages(dev=True)


def test_the_built_tab_is_of_these_sources() -> None:
    assert setup.tab_is_fresh(), f"frontend/ has changed since the tab was built: run `{setup.BUILD_COMMAND}`"


def test_types_lint_and_format() -> None:
    setup.npm("run", "check")


def test_unit_tests() -> None:
    setup.npm("test")
