"""Calls the deployed API over HTTP, as any client would."""

import sys
import time

import requests

import place


def call(method, path, token, **arguments):
    """Send a request and return the answer's JSON; stop with the problem when it is refused."""
    response = requests.request(
        method,
        place.API_URL + path,
        headers={"Authorization": f"Bearer {token}"} | arguments.pop("headers", {}),
        timeout=60,
        **arguments,
    )
    if not response.ok:
        sys.exit(f"{method} {path} was refused with {response.status_code}: {response.text}\nLog: {place.CLOUD_LOG}")
    return response.json()


def wait_for(what, look, seconds=60):
    """Look until there is something to see. Work behind the API follows within a second or two."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            sys.exit(f"Waited {seconds} s for {what} in vain. Log: {place.CLOUD_LOG}")
        time.sleep(0.3)
    return found
