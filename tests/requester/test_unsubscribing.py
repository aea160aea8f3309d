"""Whoever unsubscribes gets no mails, and can change their mind."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client

from packager.models import Delivery, MailStop, Status
from tests.requester.conftest import words


@pytest.fixture
def link(built):
    """The path of the link to unsubscribe in a mail, after which the outbox is empty."""
    built()
    url = re.search(r"\S+/mails/\S+", mail.outbox[0].body)[0]
    assert mail.outbox[0].extra_headers["List-Unsubscribe"] == f"<{url}>"
    assert mail.outbox[0].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    mail.outbox.clear()
    return url.removeprefix(django_settings.PUBLIC_URL)


def test_looking_at_the_page_changes_nothing(link, portal, built):
    assert "Unsubscribe?" in words(portal.get(link))
    built()
    assert len(mail.outbox) == 1


def test_the_button_unsubscribes_and_the_delivery_says_why(link, portal, built):
    assert "You're unsubscribed" in words(portal.post(link))
    request = built(email="ADA@example.org")
    assert mail.outbox == []
    delivery = request.deliveries.get()
    assert (delivery.state, delivery.error_code) == (Delivery.State.STOPPED, "delivery_unwanted")
    assert request.status == Status.SUCCEEDED


def test_requests_by_ckan_send_nothing_either_and_still_show_their_page(link, portal, post):
    portal.post(link)
    answer = post()
    assert answer.status_code == 200
    assert portal.get(answer.json()["status_url"].removeprefix(django_settings.PUBLIC_URL)).status_code == 200


def test_a_mail_program_unsubscribes_with_one_post(link, built):
    mail_program = Client(enforce_csrf_checks=True)
    assert mail_program.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    built()
    assert mail.outbox == []


def test_one_can_subscribe_again(link, portal, built):
    portal.post(link)
    assert portal.post(f"{link}allow", follow=True).status_code == 200
    built()
    assert len(mail.outbox) == 1


def test_subscribing_again_takes_our_own_page(link, portal):
    portal.post(link)
    assert portal.post(f"{link}allow", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert MailStop.objects.count() == 1


def test_others_go_on_getting_theirs(link, portal, built):
    portal.post(link)
    built(email="bea@example.org")
    assert [sent.to for sent in mail.outbox] == [["bea@example.org"]]


def test_the_address_is_in_neither_the_link_nor_the_table_nor_the_page(link, portal):
    answer = portal.post(link)
    for text in (link, MailStop.objects.get().mark, answer.content.decode()):
        assert "ada" not in text.lower()


def test_unsubscribing_twice_is_unsubscribing_once(link, portal):
    portal.post(link)
    portal.post(link)
    assert MailStop.objects.count() == 1


@pytest.mark.parametrize("forged", ["nonsense", "ImFiYyI:1abcde:AAAA"])
def test_a_link_that_we_did_not_sign_changes_nothing(portal, forged):
    assert portal.post(f"/mails/{forged}/").status_code == 404
    assert MailStop.objects.count() == 0
