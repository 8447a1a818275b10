"""Starts and stops the AWS emulator. It listens on loopback only and keeps its state in memory."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import settings


def start():
    """Start the emulator unless it is running. Return True if it was started, so it is empty."""
    if running():
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.PORT))
        except OSError:
            sys.exit(f"Port {settings.PORT} is in use. Choose another: make up PORT={settings.PORT + 10}")

    for leftover in (settings.STACK_FILE, settings.DEPLOYED):
        leftover.unlink(missing_ok=True)
    temporary = settings.FOLDER / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)

    print(f"Starting the local cloud on {settings.ENDPOINT}")
    environment = settings.environment() | {
        "GATEWAY_PORT": str(settings.PORT),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",  # Enforces IAM: a function may do only what its role allows.
        "MINISTACK_REGION": settings.REGION,
        "STATE_DIR": str(settings.FOLDER / "state"),
        "TMPDIR": str(temporary),
    }
    with open(settings.CLOUD_LOG, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, settings.ROOT / "infra/local/ministack_with_streams.py"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=settings.FOLDER,
            start_new_session=True,  # Its own process group, so stopping it also stops its functions.
        )
    settings.PID_FILE.write_text(f"{process.pid}\n")

    deadline = time.monotonic() + 60
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            stop()
            sys.exit(f"The local cloud did not start. Log: {settings.CLOUD_LOG}")
        time.sleep(0.2)
    return True


def stop():
    """Stop the emulator in this folder's pid file and its functions. Return whether one was running."""
    pid = recorded_pid()
    settings.PID_FILE.unlink(missing_ok=True)
    if pid is None:
        return False
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        deadline = time.monotonic() + 5
        while is_ours(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
    return True


def running():
    return recorded_pid() is not None and answers()


def recorded_pid():
    try:
        pid = int(settings.PID_FILE.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_ours(pid) else None


def is_ours(pid):
    """Pids are reused after a reboot, so check that the process runs the emulator."""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "ministack" in shown.stdout


def answers():
    try:
        with urllib.request.urlopen(f"{settings.ENDPOINT}/_ministack/health", timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
