# SPDX-License-Identifier: Apache-2.0
"""GatewayResolveSymlinks: PHP sees a release by its own name, not by the link that leads to it."""

import json

import pytest
from client import get
from httpd import php_handler

SCRIPT = "<?php echo json_encode([$_SERVER['SCRIPT_FILENAME'], $_SERVER['DOCUMENT_ROOT']]);"


@pytest.fixture
def release(directory):
    (directory / "releases" / "1").mkdir(parents=True)
    (directory / "releases" / "1" / "page.php").write_text(SCRIPT)
    (directory / "current").symlink_to(directory / "releases" / "1")
    return directory


@pytest.mark.parametrize("setting, name", [
    ("On", "releases/1"), ("Off", "current"), (None, "current"),
])  # fmt: skip
def test_what_php_is_sent(php, release, start_httpd, setting, name):
    lines = (
        "DocumentRoot %s\n<Directory %s>\nRequire all granted\nOptions FollowSymLinks\n%s"
        "</Directory>\n"
    )
    setting = "GatewayResolveSymlinks %s\n" % setting if setting else ""
    httpd = start_httpd(
        "event", lines % (release / "current", release, setting) + php_handler(php.address)
    )
    seen = [str(release / name / "page.php"), str(release / name)]
    sent = json.loads(get(httpd.port, "/page.php").body)
    assert [path.replace("//", "/") for path in sent] == seen
    # One that is not there is left as it is.
    assert get(httpd.port, "/missing.php").status == 404
    assert "current/missing.php" in httpd.read_log()
