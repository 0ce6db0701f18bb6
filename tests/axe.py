"""Checks of pages for accessibility with axe-core (https://github.com/dequelabs/axe-core), for tests only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser

FILE = Path(__file__).parent.parent / "tools" / "bundle" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
_RUN = "const done = arguments[0]; axe.run(document).then((found) => done(found.violations));"


def axe_or_skip() -> None:
    """Skip a test without axe-core; in continuous integration, fail."""
    if not FILE.exists():
        reason = "axe-core is not installed (npm ci --prefix tools/bundle)"
        if os.environ.get("KG_CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def findings(browser: Browser) -> list[str]:
    """Return the serious findings on the page of a browser: the rule, the element and what to do."""
    browser.run(FILE.read_text("utf-8"))
    browser.driver.set_script_timeout(60)
    violations: list[dict[str, Any]] = browser.driver.execute_async_script(_RUN)
    return [
        f"{item['id']} ({item['impact']}): {node['html'][:200]} {' '.join(node['failureSummary'].split())[:300]}"
        for item in violations
        if item["impact"] in SERIOUS
        for node in item["nodes"][:3]
    ]
