"""Settings of a local cloud: its folder, its port and the names of its resources.

The demo and the tests use separate local clouds. `make` sets the folder and port of each.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / os.environ.get("USHER_STATE", ".local")
PORT = int(os.environ.get("USHER_PORT", "4566"))

ENDPOINT = f"http://127.0.0.1:{PORT}"
REGION = "us-east-1"
ACCOUNT = "000000000000"

STACK = "usher-local"
ARTIFACTS = "usher-local-artifacts"

# The emulator takes the API's id from this tag. The links in mails need it before the deploy.
API_ID = "acce5500"
API_ID_TAG = f"ms-custom-id={API_ID}"
API_URL = f"{ENDPOINT}/_aws/execute-api/{API_ID}"
MAIL_URL = f"{ENDPOINT}/_ministack/ses/messages"
MAIL_FROM = "invitations@usher.example"

BUILD = FOLDER / "build"
TEMPLATE = BUILD / "template.json"
STACK_FILE = FOLDER / "stack.json"
PID_FILE = FOLDER / "cloud.pid"
CLOUD_LOG = FOLDER / "cloud.log"
DEPLOY_LOG = FOLDER / "deploy.log"
DEPLOYED = FOLDER / "deployed"


def environment():
    """Environment variables that point a program at this local cloud instead of AWS."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TERM", "LANG") if name in os.environ}
    return kept | {
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }


def make(target):
    """The make command for this local cloud, with the variables that differ from the defaults."""
    chosen = [
        f" PORT={PORT}" if PORT != 4566 else "",
        f" STATE={FOLDER.relative_to(ROOT)}" if FOLDER != ROOT / ".local" else "",
    ]
    return f"make {target}{''.join(chosen)}"
