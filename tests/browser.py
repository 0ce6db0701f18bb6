"""A real browser for tests: Debian's Chromium, headless and without a network, with its console and requests."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    "--force-color-profile=srgb",
)
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


def missing_browser() -> str:
    """Return the reason why there is no browser for tests, or an empty string."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not found (Debian: chromium, chromium-driver)" if missing else ""


def browser_or_skip() -> None:
    """Skip a test without a browser; in continuous integration, fail."""
    if reason := missing_browser():
        if os.environ.get("KG_CI"):
            pytest.fail(reason)
        pytest.skip(reason)


class Browser:
    """Chromium with one page."""

    def __init__(
        self, downloads: Path, *, size: tuple[int, int] = (1440, 900), dark: bool = False, fine: int = 1
    ) -> None:
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, NOWHERE, f"--window-size={size[0]},{size[1]}", f"--force-device-scale-factor={fine}"):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        self.driver: Any = webdriver.Chrome(options=options, service=service)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        motion = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme + motion})
        window = {"width": size[0], "height": size[1], "deviceScaleFactor": fine, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)

    def open(self, path: Path, link: str = "") -> int:
        """Open a page; return the milliseconds until it was drawn."""
        self.driver.get("about:blank")
        self.quiet()
        self.driver.get(path.absolute().as_uri() + link)
        return int(self.wait("return document.documentElement.dataset.ready"))

    def wait(self, script: str, *arguments: Any) -> Any:
        """Return the value of a script once it is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 20, 0.05).until(lambda driver: driver.execute_script(script, *arguments))

    def run(self, script: str, *arguments: Any) -> Any:
        """Return the value of a script."""
        return self.driver.execute_script(script, *arguments)

    def quiet(self) -> tuple[list[str], list[str]]:
        """Return the console messages and the requested URLs since the last call."""
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        requests = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                requests.append(message["params"]["request"]["url"])
        return messages, [url for url in requests if not url.startswith(("data:", "blob:", "about:"))]

    def picture(self, path: Path) -> None:
        """Save a screenshot."""
        self.driver.save_screenshot(str(path))

    def close(self) -> None:
        self.driver.quit()
