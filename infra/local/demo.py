"""`make demo`: invite people from real files, step by step, with the command for each step."""

import json
import sys

import requests

import settings
from accounts import sign_in
from api import call, wait_for
from clients import client
from mailbox import link_for, messages
from narration import command, page, say, step, table
from preview import preview
from seed import accept
from up import up

SAMPLES = settings.ROOT / "tests" / "fixtures" / "samples"
INVITEE = "john@company.com"


def demo():
    stack = up()
    org = f"/v1/orgs/{stack['org']}"

    step("Sign in as Ada, the admin of Acme")
    command(f"API={stack['api_url']}", f"ORG={stack['org']}", f"TOKEN=$({settings.make('token')})")
    token = sign_in(stack["user_pool_id"], stack["user_pool_client_id"], stack["admin_email"], stack["admin_password"])
    say(f"Her address is {stack['admin_email']}; her password is in {settings.STACK_FILE.relative_to(settings.ROOT)}")

    step("Upload a list of people with the upload form")
    by_form = upload_by_form(org, token)

    step("Preview the import; nobody is invited yet")
    show_preview(org, token, by_form, "standard.csv")

    step("Copy a second, messier file into the bucket, as an operator")
    by_bucket = upload_by_bucket(stack, org, token)
    show_preview(org, token, by_bucket, "messy-windows1252.csv")

    step("Send both imports, exactly as previewed")
    send(org, token, by_form)
    say()
    send(org, token, by_bucket)

    step("List the mails that were sent")
    command(f"curl -s {stack['mail_url']}")
    link = link_for(INVITEE)
    table([[", ".join(mail["To"]), mail["Subject"]] for mail in messages()], ["To", "Subject"])

    step(f"Open the link in the mail to {INVITEE} and accept")
    join(link)

    step("List the members")
    command('curl -s $API/v1/orgs/$ORG/members -H "Authorization: Bearer $TOKEN"')
    members = call("GET", f"{org}/members", token)["items"]
    table(
        [[one["name"], one["email"], one["role"], one.get("team") or "-", one["status"]] for one in members],
        ["Name", "Address", "Role", "Team", "Status"],
    )
    waiting = call("GET", f"{org}/invitations", token, params={"status": "pending"})["items"]
    say()
    say(f"Not accepted yet: {', '.join(one['email'] for one in waiting) or 'nobody'}")

    print(f"""
Done. The local cloud is still running:
  the API      {stack["api_url"]}   (bearer token: {settings.make("token")})
  the mail     {stack["mail_url"]}
  settings     {settings.STACK_FILE.relative_to(settings.ROOT)}
  log          {settings.CLOUD_LOG.relative_to(settings.ROOT)}
The API's contract is infra/openapi.yaml. Stop it: {settings.make("down")}""")


def upload_by_form(org, token):
    request = {"filename": "standard.csv", "mode": "review"}
    command(f"curl -s $API/v1/orgs/$ORG/imports -H \"Authorization: Bearer $TOKEN\" --json '{json.dumps(request)}'")
    created = call("POST", f"{org}/imports", token, json=request)
    command(
        f"curl {created['upload']['url']} \\",
        *(f"    -F {name}={shortened(value)} \\" for name, value in created["upload"]["fields"].items()),
        "    -F file=@tests/fixtures/samples/standard.csv",
    )
    with open(SAMPLES / "standard.csv", "rb") as file:
        # The file must be the last field: S3 ignores the fields after it.
        posted = requests.post(
            created["upload"]["url"], data=created["upload"]["fields"], files={"file": file}, timeout=60
        )
    posted.raise_for_status()
    say(f"Import {created['id']}")
    return planned(org, token, created["id"])


def shortened(value):
    return value if len(value) <= 60 else f"{value[:60]}…"


def upload_by_bucket(stack, org, token):
    before = {one["id"] for one in call("GET", f"{org}/imports", token)["items"]}
    name = "messy-windows1252.csv"
    command(
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1",
        f"aws --endpoint-url {stack['endpoint_url']} s3 cp"
        f" tests/fixtures/samples/{name} s3://{stack['upload_bucket']}/inbox/$ORG/",
    )
    client("s3").put_object(
        Bucket=stack["upload_bucket"], Key=f"inbox/{stack['org']}/{name}", Body=(SAMPLES / name).read_bytes()
    )

    def appeared():
        now = call("GET", f"{org}/imports", token)["items"]
        return next((one["id"] for one in now if one["id"] not in before), None)

    return planned(org, token, wait_for("the import to appear", appeared))


def planned(org, token, identity):
    def ready():
        plan = call("GET", f"{org}/imports/{identity}", token)
        if plan["status"] == "failed":
            sys.exit(f"The file was refused: {plan['problem']}")
        return None if plan["status"] in ("awaiting_upload", "planning") else plan

    return wait_for("the plan", ready)


def show_preview(org, token, plan, filename):
    command(
        f'curl -s $API/v1/orgs/$ORG/imports/{plan["id"]} -H "Authorization: Bearer $TOKEN"',
        f'curl -s $API/v1/orgs/$ORG/imports/{plan["id"]}/issues -H "Authorization: Bearer $TOKEN"',
    )
    issues = call("GET", f"{org}/imports/{plan['id']}/issues", token)["items"]
    seats = call("GET", org, token)["capacity"]["seats"]
    preview(filename, plan, issues, seats)


def send(org, token, plan):
    path = f"{org}/imports/{plan['id']}"
    body = {"digest": plan["digest"]}
    command(
        f'curl -s $API/v1/orgs/$ORG/imports/{plan["id"]}/send -H "Authorization: Bearer $TOKEN"'
        f" --json '{json.dumps(body)}'"
    )
    call("POST", f"{path}/send", token, json=body)

    def done():
        now = call("GET", path, token)
        return None if now["status"] == "applying" else now

    result = wait_for("the import to complete", done)
    counts = result["counts"]
    say(f"{result['status'].capitalize()}: {counts['created']} invited of {result['rows']} rows.")


def join(link):
    command(f"curl -s {link}")
    shown = requests.get(link, timeout=30)
    page(shown.text)
    say()
    if "password" not in shown.text:
        say("An earlier demo already used this link.")
        return
    command(
        f"curl -i {link} -d first_name=John -d last_name=Smith \\",
        "    --data-urlencode 'password=correct horse battery staple'",
    )
    answer = accept(link, "correct horse battery staple", "John", "Smith")
    if "Location" in answer.headers:
        say(f"Joined. The browser is redirected to {answer.headers['Location']}")
    else:
        page(answer.text)


if __name__ == "__main__":
    demo()
