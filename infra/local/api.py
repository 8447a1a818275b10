"""Calls the deployed API over HTTP, like any client."""

import sys
import time

import requests

import settings


def call(method, path, token, **arguments):
    """Send a request and return the JSON answer; print the problem and exit if it is refused."""
    response = requests.request(
        method,
        settings.API_URL + path,
        headers={"Authorization": f"Bearer {token}"} | arguments.pop("headers", {}),
        timeout=60,
        **arguments,
    )
    if not response.ok:
        sys.exit(f"{method} {path} failed with {response.status_code}: {response.text}\nLog: {settings.CLOUD_LOG}")
    return response.json()


def wait_for(what, look, seconds=60):
    """Poll until `look` returns something. The API's background work takes a second or two."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            sys.exit(f"Timed out after {seconds} s waiting for {what}. Log: {settings.CLOUD_LOG}")
        time.sleep(0.3)
    return found
