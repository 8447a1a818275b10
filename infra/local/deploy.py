"""Deploys the template to the local cloud with `sam deploy`, if anything changed since the last deploy."""

import hashlib
import platform
import re
import subprocess
import sys

import gaps
import settings
from clients import client


def deploy():
    fingerprint = hashlib.sha256(repr(parameters()).encode())
    for path in sorted(settings.BUILD.rglob("*")):
        if path.is_file():
            fingerprint.update(path.read_bytes())
    if settings.DEPLOYED.exists() and settings.DEPLOYED.read_text() == fingerprint.hexdigest():
        print("Already deployed; nothing changed")
        return
    settings.DEPLOYED.unlink(missing_ok=True)

    client("s3").create_bucket(Bucket=settings.ARTIFACTS)
    run_sam()
    gaps.fill()
    settings.DEPLOYED.write_text(fingerprint.hexdigest())


def parameters():
    return {
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "MailFrom": settings.MAIL_FROM,
        "PublicUrl": settings.API_URL,
        "DeletionProtection": "false",
        "SesSandbox": "false",
    }


def run_sam():
    command = [
        sys.executable, "-m", "samcli", "deploy",
        "--config-file", str(settings.ROOT / "samconfig.toml"),
        "--config-env", "local",
        "--template-file", str(settings.TEMPLATE),
        "--tags", settings.API_ID_TAG,
        "--parameter-overrides", *(f"{name}={value}" for name, value in parameters().items()),
    ]  # fmt: skip
    print("Deploying the template")
    ready = 0
    with (
        open(settings.DEPLOY_LOG, "w") as log,
        subprocess.Popen(
            command, env=settings.environment(), cwd=settings.ROOT,
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
        sys.stdout.writelines(settings.DEPLOY_LOG.read_text().splitlines(keepends=True)[-40:])
        sys.exit(f"The template did not deploy. Full log: {settings.DEPLOY_LOG}")
    print(f"  {ready} resources ready; deployed")
