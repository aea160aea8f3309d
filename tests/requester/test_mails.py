"""The mails: text then HTML, from our templates or from the operator's, and nothing in them that can break them."""

from __future__ import annotations

import pytest
from django.core import mail

from demo.faults import Kind as Fault
from packager.delivery import deliveries, mail_templates
from packager.lifecycle import requests
from packager.models import Delivery, PackageRequest
from tests.packager.conftest import run_tasks

PLACEHOLDERS = ("resource_id", "zip_file_name", "ckan_host", "doi", "doi_body", "doi_body_html")
PLACEHOLDERS += ("resource_title", "dataset_title", "download_url", "status_url", "stop_url", "expires", "rows", "size")


def _sent():
    """The only mail, its text and its HTML."""
    (sent,) = mail.outbox
    ((content, kind),) = sent.alternatives
    assert kind == "text/html"
    return sent, sent.body, content


def test_the_parts_are_text_then_html(built):
    built()
    message = mail.outbox[0].message()
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.get_payload()] == ["text/plain", "text/html"]


def test_both_parts_say_what_is_there_how_big_and_until_when(built):
    request = built(parameters={"filters": {"_id": [1, 2, 3]}})
    package = request.package
    sent, *parts = _sent()
    assert sent.subject == "Your data is ready: A thousand specimens"
    for part in parts:
        for fact in (request.download_url, request.status_url, package.file_name, package.sha256, "resource.csv"):
            assert fact in part
        assert "_id: 1 or 2 or 3" in part
        assert f"{package.expires_at:%Y}" in part
        assert request.email not in part


def test_every_placeholder_of_the_settings_is_filled(built, settings):
    lines = "\n".join(f"{name}={{{name}}}" for name in PLACEHOLDERS)
    settings.PACKAGER_EMAIL_SUBJECT = "{resource_id} at {ckan_host}"
    settings.PACKAGER_EMAIL_BODY = settings.PACKAGER_EMAIL_BODY_HTML = lines + "\n{unknown} {} { x }"
    settings.PACKAGER_EMAIL_FROM = "{ckan_host} <data@example.org>"
    request = built(doi="10.5519/0002965")
    sent, text, html = _sent()
    assert sent.subject == f"{request.resource_id} at {request.ckan_host}"
    assert sent.from_email == f"{request.ckan_host} <data@example.org>"
    for part in (text, html):
        found = dict(line.partition("=")[::2] for line in part.splitlines())
        assert all(found[name] for name in PLACEHOLDERS)
        assert found["download_url"] == request.download_url
        assert found["rows"] == "1,000"
        assert "{unknown} {} { x }" in part


def test_doi_bodies_come_only_with_a_doi(built, settings):
    built()
    assert all("DOI" not in part for part in _sent()[1:])
    mail.outbox.clear()
    built(doi="10.5519/0002965")
    assert all("10.5519/0002965" in part and "cite" in part for part in _sent()[1:])


def test_own_doi_bodies_are_used(built, settings):
    settings.PACKAGER_DOI_BODY, settings.PACKAGER_DOI_BODY_HTML = "Cite {doi}.", "<b>Cite {doi}.</b>"
    built(doi="10.1/<x>")
    _, text, html = _sent()
    assert "Cite 10.1/<x>." in text
    assert "<b>Cite 10.1/&lt;x&gt;.</b>" in html


def test_values_are_escaped_in_html_and_plain_in_text(built, settings):
    built(parameters={"q": "<script>alert(1)</script> & more"})
    _, text, html = _sent()
    assert "<script>alert(1)</script> & more" in text
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html


def test_values_are_escaped_in_html_of_the_settings(built, settings):
    settings.PACKAGER_EMAIL_BODY_HTML = "<p>{doi}</p>"
    built(doi="<img src=x>")
    assert _sent()[2] == "<p>&lt;img src=x&gt;</p>"


def test_what_strangers_wrote_is_not_repeated_at_length(built):
    built(parameters={"q": "buy this " * 100})
    assert all(part.count("buy this") < 30 for part in _sent()[1:])


@pytest.mark.parametrize("field", ["email", "doi", "resource_id"])
def test_line_breaks_never_get_as_far_as_a_header(post, field):
    answer = post(**{field: "x@example.org\r\nBcc: eve@example.org"})
    assert answer.status_code == 400
    assert PackageRequest.objects.count() == 0


def test_a_line_break_that_was_saved_all_the_same_makes_no_header(built, settings):
    settings.PACKAGER_EMAIL_SUBJECT, settings.PACKAGER_EMAIL_FROM = "Data {doi}", "{doi} <data@example.org>"
    request = built()
    PackageRequest.objects.update(doi="1\r\nBcc: eve@example.org")
    message = mail_templates.compose(Delivery.objects.select_related("request__package").get(request=request))
    assert message.subject == "Data 1 Bcc: eve@example.org"
    assert "\n" not in message.sender


def test_a_failure_is_mailed_with_a_reference_and_without_internals(built, ckan, submission):
    ckan.faults.add(Fault.STATUS, status=503, times=50)
    request = built()
    sent, *parts = _sent()
    assert sent.subject == "We couldn't create your package: A thousand specimens"
    error = request.errors.get()
    for part in parts:
        assert error.reference in part
        assert "overloaded or not working properly (HTTP 503)" in part
        assert "Traceback" not in part
        assert request.status_url in part


def test_a_request_that_matched_nothing_says_so(built):
    built(parameters={"filters": {"_id": -1}})
    sent, *parts = _sent()
    assert sent.subject.startswith("Nothing matched your request: A thousand")
    for part in parts:
        assert "Nothing matched your request" in part
        assert "has no rows" in part


def test_who_cancels_gets_no_mail(portal, submission):
    requests.cancel(requests.submit(submission()).pk)
    run_tasks()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("language", "subject", "sentence"),
    [
        ("en", "was cancelled", "The staff of this service cancelled your request"),
        ("de", "wurde abgebrochen", "Das Team dieses Dienstes hat Ihre Anfrage abgebrochen"),
    ],
)
def test_a_request_that_staff_cancelled_is_mailed(portal, submission, language, subject, sentence):
    request = requests.submit(submission(language=language))
    requests.cancel(request.pk, actor="grace", tell=True)
    run_tasks()
    sent, *parts = _sent()
    assert sent.subject.endswith(subject)
    for part in parts:
        assert sentence in part
        assert request.status_url in part
        assert "/mails/" in part
        assert "grace" not in part


def test_everyone_who_joined_gets_a_mail_of_their_own(portal, submission):
    for name in ("ada", "bea"):
        requests.submit(submission(email=f"{name}@example.org"))
    run_tasks()
    assert sorted(sent.to[0] for sent in mail.outbox) == ["ada@example.org", "bea@example.org"]
    links = {sent.body.split("Download: ")[1].split()[0] for sent in mail.outbox}
    assert len(links) == 2


def test_the_mail_is_in_the_language_of_the_request(built):
    built(language="de")
    sent, text, html = _sent()
    assert sent.subject.startswith("Ihre Daten sind fertig: A thousand")
    assert "Zeilen: 1.000" in text
    assert '<html lang="de">' in html


def test_sending_again_sends_the_same(built):
    request = built()
    deliveries.resend(request.deliveries.get())
    run_tasks()
    assert mail.outbox[0].body == mail.outbox[1].body
