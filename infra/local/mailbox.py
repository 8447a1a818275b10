"""Reads what SES sent, as the local cloud lists it."""

import re

import requests

import place
from api import wait_for


def messages(recipient=None):
    """Every mail sent, oldest first, or those sent to one person."""
    sent = requests.get(place.MAIL_URL, timeout=10).json()["messages"].get(place.ACCOUNT, [])
    return [mail for mail in sent if recipient is None or recipient in mail["To"]]


def link_for(recipient):
    """The link in the newest mail to this person. Waits for the mail."""
    pattern = re.escape(place.API_URL) + r"/i/[A-Za-z0-9_-]+"

    def newest():
        links = [re.search(pattern, mail["BodyText"]) for mail in reversed(messages(recipient))]
        return next((found.group() for found in links if found), None)

    return wait_for(f"a mail to {recipient}", newest)
