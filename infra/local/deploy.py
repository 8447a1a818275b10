"""Deploys the template to the local cloud with `sam deploy`, unless nothing changed since the last time."""

import hashlib
import platform
import re
import subprocess
import sys

import gaps
import place
from clients import client


def deploy():
    fingerprint = hashlib.sha256(repr(parameters()).encode())
    for path in sorted(place.BUILD.rglob("*")):
        if path.is_file():
            fingerprint.update(path.read_bytes())
    if place.DEPLOYED.exists() and place.DEPLOYED.read_text() == fingerprint.hexdigest():
        print("Deployed already, nothing changed")
        return
    place.DEPLOYED.unlink(missing_ok=True)

    client("s3").create_bucket(Bucket=place.ARTIFACTS)
    run_sam()
    gaps.fill()
    place.DEPLOYED.write_text(fingerprint.hexdigest())


def parameters():
    return {
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "MailFrom": place.MAIL_FROM,
        "PublicUrl": place.API_URL,
        "UploadUrl": f"{place.ENDPOINT}/{place.UPLOADS}",
        "UserPoolEndpoint": place.ENDPOINT,
        "LogLevel": "debug",
    }


def run_sam():
    command = [
        sys.executable, "-m", "samcli", "deploy",
        "--config-file", str(place.ROOT / "samconfig.toml"),
        "--config-env", "local",
        "--template-file", str(place.BUILD / "template.yaml"),
        "--tags", place.API_ID_TAG,
        "--parameter-overrides", *(f"{name}={value}" for name, value in parameters().items()),
    ]  # fmt: skip
    print("Deploying the template")
    ready = 0
    with (
        open(place.DEPLOY_LOG, "w") as log,
        subprocess.Popen(
            command, env=place.environment(), cwd=place.ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as sam,
    ):  # fmt: skip
        for line in sam.stdout:
            log.write(line)
            if re.match(r"(CREATE|UPDATE)_COMPLETE\s", line):
                ready += 1
                if ready % 20 == 0:
                    print(f"  {ready} resources ready", flush=True)
    if sam.returncode != 0:
        sys.stdout.writelines(place.DEPLOY_LOG.read_text().splitlines(keepends=True)[-40:])
        sys.exit(f"The template did not deploy. The whole log is {place.DEPLOY_LOG}")
    print(f"  {ready} resources ready, done")
