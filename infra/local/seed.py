"""Seeds organisation Acme through the API: an operator creates it, its admin gets a mail and accepts."""

import json
import secrets
import sys
from pathlib import Path

import requests

import settings
from accounts import create_operator, sign_in
from api import call
from clients import outputs, resource
from mailbox import link_for

ACME = json.loads((Path(__file__).parent / "acme.json").read_text())
ADMIN = ACME["admins"][0]["email"]
OPERATOR = "olga.operator@usher.example"


def seed():
    stack = known() or new()
    write(stack)  # Save the passwords before they are used, so an interrupted run can continue.
    pool, pool_client = stack["user_pool_id"], stack["user_pool_client_id"]

    create_operator(pool, OPERATOR, stack["operator_password"])
    if sign_in(pool, pool_client, ADMIN, stack["admin_password"]) is None:
        print("Seeding organisation Acme")
        operator = sign_in(pool, pool_client, OPERATOR, stack["operator_password"])
        # Repeating the request with this key returns the same organisation.
        created = call("POST", "/v1/orgs", operator, json=ACME, headers={"Idempotency-Key": "acme"})
        stack["org"] = created["id"]
        accept(link_for(ADMIN), stack["admin_password"])
        if sign_in(pool, pool_client, ADMIN, stack["admin_password"]) is None:
            sys.exit(f"{ADMIN} accepted but cannot sign in. Log: {settings.CLOUD_LOG}")
        write(stack)
    return stack


def accept(link, password, first_name="Ada", last_name="Admin"):
    form = {"password": password, "first_name": first_name, "last_name": last_name}
    response = requests.post(link, data=form, allow_redirects=False, timeout=60)
    if response.status_code >= 400:
        sys.exit(f"Accepting failed with {response.status_code}: {response.text}\nLog: {settings.CLOUD_LOG}")
    return response


def known():
    """Return what the last run saved. Starting a new local cloud deletes it."""
    return json.loads(settings.STACK_FILE.read_text()) if settings.STACK_FILE.exists() else None


def new():
    stack = outputs()
    return {
        "api_url": settings.API_URL,
        "endpoint_url": settings.ENDPOINT,
        "region": settings.REGION,
        "upload_bucket": stack["UploadBucket"],
        "table": stack["TableName"],
        "sweeper": resource("Sweeper"),
        "user_pool_id": stack["UserPoolId"],
        "user_pool_client_id": stack["UserPoolClientId"],
        "org": None,
        "admin_email": ADMIN,
        "admin_password": secrets.token_urlsafe(18),
        "operator_email": OPERATOR,
        "operator_password": secrets.token_urlsafe(18),
        "mail_url": settings.MAIL_URL,
    }


def write(stack):
    settings.STACK_FILE.write_text(json.dumps(stack, indent=2) + "\n")
    settings.STACK_FILE.chmod(0o600)
