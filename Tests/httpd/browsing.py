# SPDX-License-Identifier: Apache-2.0
"""Chromium under its driver, and what it shows as a picture."""

from processes import ROOT
from selenium import webdriver

OUTPUT = ROOT / ".test-output"


def start_browser(directory):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.add_argument("--user-data-dir=%s" % (directory / "profile"))
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    # For the page that follows a click.
    driver.implicitly_wait(30)
    return driver


def check_fit(browser, address, width, scheme, name):
    """The page is no wider than the window; its picture is in the test's output."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    resize(browser, width, 900)
    browser.get(address)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    # All of the page is in the picture.
    resize(browser, width, browser.execute_script("return document.documentElement.scrollHeight"))
    OUTPUT.mkdir(exist_ok=True)
    assert browser.save_screenshot(str(OUTPUT / ("%s-%d-%s.png" % (name, width, scheme))))


def resize(browser, width, height):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
