"""Seeds organisation Acme through the product's own doors: an operator creates it, its admin is mailed and accepts."""

import json
import secrets
import sys
from pathlib import Path

import requests

import place
from accounts import create_operator, sign_in
from api import call
from clients import outputs
from mailbox import link_for

ACME = json.loads((Path(__file__).parent / "acme.json").read_text())
ADMIN = ACME["admins"][0]["email"]
OPERATOR = "olga.operator@usher.example"


def seed():
    stack = known() or new()
    write(stack)  # Before anything is made with its passwords, so that a run cut short can be taken up again.
    pool, pool_client = stack["user_pool_id"], stack["user_pool_client_id"]

    create_operator(pool, OPERATOR, stack["operator_password"])
    if sign_in(pool, pool_client, ADMIN, stack["admin_password"]) is None:
        print("Seeding organisation Acme")
        operator = sign_in(pool, pool_client, OPERATOR, stack["operator_password"])
        # The same key again is answered with the organisation made the first time.
        created = call("POST", "/v1/orgs", operator, json=ACME, headers={"Idempotency-Key": "acme"})
        stack["org"] = created["id"]
        accept(link_for(ADMIN), stack["admin_password"])
        if sign_in(pool, pool_client, ADMIN, stack["admin_password"]) is None:
            sys.exit(f"{ADMIN} accepted but cannot sign in. Log: {place.CLOUD_LOG}")
        write(stack)
    return stack


def accept(link, password, first_name="Ada", last_name="Admin"):
    form = {"password": password, "first_name": first_name, "last_name": last_name}
    response = requests.post(link, data=form, allow_redirects=False, timeout=60)
    if response.status_code >= 400:
        sys.exit(f"Accepting was refused with {response.status_code}: {response.text}\nLog: {place.CLOUD_LOG}")
    return response


def known():
    """What the last run wrote. Starting a new local cloud removes it."""
    return json.loads(place.STACK_FILE.read_text()) if place.STACK_FILE.exists() else None


def new():
    stack = outputs()
    return {
        "api_url": place.API_URL,
        "endpoint_url": place.ENDPOINT,
        "region": place.REGION,
        "upload_bucket": stack["UploadBucket"],
        "table": stack["TableName"],
        "user_pool_id": stack["UserPoolId"],
        "user_pool_client_id": stack["UserPoolClientId"],
        "org": None,
        "admin_email": ADMIN,
        "admin_password": secrets.token_urlsafe(18),
        "operator_email": OPERATOR,
        "operator_password": secrets.token_urlsafe(18),
        "mail_url": place.MAIL_URL,
    }


def write(stack):
    place.STACK_FILE.write_text(json.dumps(stack, indent=2) + "\n")
    place.STACK_FILE.chmod(0o600)
