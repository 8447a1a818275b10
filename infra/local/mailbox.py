"""Reads the mails that SES sent, from the local cloud's list."""

import re

import requests

import settings
from api import wait_for


def messages(recipient=None):
    """Return all mails sent, oldest first, or those to one person."""
    sent = requests.get(settings.MAIL_URL, timeout=10).json()["messages"].get(settings.ACCOUNT, [])
    return [mail for mail in sent if recipient is None or recipient in mail["To"]]


def link_for(recipient):
    """Wait for a mail to this person and return the link in the newest one."""
    pattern = re.escape(settings.API_URL) + r"/i/[A-Za-z0-9_-]+"

    def newest():
        links = [re.search(pattern, mail["BodyText"]) for mail in reversed(messages(recipient))]
        return next((found.group() for found in links if found), None)

    return wait_for(f"a mail to {recipient}", newest)
