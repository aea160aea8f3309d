"""Links, cookies and headers give nothing away, and nobody's upload is kept before it is known whose it is."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.processes.installation import ROOT, SECRET, free_port
from tests.services import program

pytestmark = pytest.mark.slow
PUBLIC = "https://packages.example.org"


@pytest.fixture(scope="module")
def package(target) -> tuple[str, str]:
    """The paths of a status page and of its download."""
    found = target.caller().post_form("/package_datastore", target.form()).json
    page = found["status_url"].removeprefix(PUBLIC)
    link = target.installation.wait(lambda: target.installation.download_link(page))
    return page, link.removeprefix(PUBLIC)


def test_capability_links_are_told_to_nobody_and_kept_by_nobody(target, package):
    page, link = package
    for path in (page, f"{page}state", link):
        found = target.caller().get(path)
        assert found.status == 200
        assert found.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in found.headers["X-Robots-Tag"]
    assert "no-store" in target.caller().get(page).headers["Cache-Control"]


def test_buttons_are_not_pressed_from_other_sites(target, package):
    for site in ("cross-site", "same-site"):
        for button in ("cancel", "again", "order"):
            assert target.caller().call("POST", f"{package[0]}{button}", Sec_Fetch_Site=site).status == 403
    for button in ("cancel", "again", "order"):
        assert target.caller().get(f"{package[0]}{button}").status == 405


def test_cookies_go_over_tls_only_and_scripts_do_not_see_them(target):
    found = target.caller().get("/admin/login/")
    cookies = found.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
        assert "SameSite" in cookie


def test_every_answer_has_the_headers_that_browsers_heed(target):
    for path in ("/", "/admin/login/", "/api/v1/", "/nowhere", "/requests/nowhere/"):
        headers = target.caller().get(path).headers
        assert headers["Strict-Transport-Security"].startswith("max-age=3600")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert not re.search(r"gunicorn|\d", headers["Server"])
        assert "X-Powered-By" not in headers


def test_another_host_in_the_header_gets_into_no_link(target):
    assert target.caller().get("/", Host="evil.example.com").status == 400
    found = target.caller().post_form("/package_datastore", target.form(), X_Forwarded_Host="evil.example.com")
    assert found.json["status_url"].startswith(PUBLIC)


# ------------------------------------------------------------------ behind nginx


@pytest.fixture(scope="module")
def nginx(target, tmp_path_factory):
    """The example's nginx in front of the portal. Gives somebody who comes through it."""
    server = program("nginx")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    site = (ROOT / "nginx.conf").read_text()
    for here, there in (
        ("http://web:8000", target.installation.url),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/var/log/nginx", str(folder)),
        ("/etc/nginx/tls", f"{folder}/tls"),
        ("/portal/var/packages/", f"{target.installation.directory}/packages/"),
    ):
        assert here in site
        site = site.replace(here, there)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if Path("/proc/self").owner() == "root" else ""
    whole = f"{user}error_log {folder}/error.log; pid {folder}/pid; events {{}} http {{ {temporary} {site} }}"
    (folder / "nginx.conf").write_text(whole)
    process = subprocess.Popen([server, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
    caller = target.caller()
    caller.url = f"http://127.0.0.1:{port}"
    target.installation.wait(lambda: _listens(port))
    yield caller, folder
    process.terminate()
    process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/readyz",
        "//metrics",
        "/%6detrics",
        "/./metrics",
        "/x/../metrics",
        "/metrics?x=1",
        "/readyz/../metrics",
        "/metrics#x",
        "/metrics/",
        "/packages/",
        "/packages/x.zip",
        "//packages/x.zip",
        "/x/..//readyz",
        "/metrics%00",
    ],
)
def test_what_is_for_those_inside_stays_inside(nginx, path):
    caller, _ = nginx
    host, port = caller.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: packages.example.org\r\nConnection: close\r\n\r\n".encode())
        status = int(connection.makefile("rb").readline().split()[1])
    assert status in (400, 404)


def test_who_comes_through_the_proxy_is_who_connected_to_it(target, nginx):
    caller, _ = nginx
    for number in range(12):
        caller.address = f"198.51.100.{number}"
        last = caller.post_form("/status", {"secret": "wrong"}, Host="packages.example.org")
    assert last.status == 429


def test_the_log_of_the_proxy_keeps_no_link(nginx, package):
    caller, folder = nginx
    for path in package:
        assert caller.get(path, Host="packages.example.org").status == 200
    token = package[0].split("/")[2]
    time.sleep(0.2)
    assert token not in (folder / "access.log").read_text()


# ------------------------------------------------------------------ bodies before doors


@pytest.mark.parametrize("path", ["/package_datastore", "/status", "/admin/login/", "/api/v1/requests/", "/pusher/job"])
@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json"]
)
def test_three_hundred_megabytes_are_refused_by_their_header(target, path, kind):
    url = target.installation.url.removeprefix("http://")
    host, port = url.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {300 * 2**20}\r\n\r\n"
        )
        connection.sendall(head.encode() + b"x" * 65536)
        status = int(connection.makefile("rb").readline().split()[1])
    assert status in (401, 409, 413)


def test_a_body_in_chunks_without_an_end_is_not_kept(target):
    host, port = target.installation.url.removeprefix("http://").split(":")
    before = max(target.largest.values())
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            b"POST /package_datastore HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        try:
            for _ in range(400):
                connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            pass  # it was thrown out
    assert max(target.largest.values()) < before + 50


def test_the_fields_beside_what_claims_to_be_a_file_are_read(target):
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n\r\n' + b"y" * 2_000_000 + b"\r\n"
    field = f'--x\r\nContent-Disposition: form-data; name="secret"\r\n\r\n{SECRET}\r\n--x--\r\n'.encode()
    found = target.caller().call("POST", "/status", part + field, Content_Type="multipart/form-data; boundary=x")
    assert found.status == 200
