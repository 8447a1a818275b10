"""Starts and stops the emulator that stands in for AWS. It listens on loopback only and keeps its state in memory."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import place


def start():
    """Start it unless it runs. Returns whether it was started, so that everything in it is new."""
    if running():
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", place.PORT))
        except OSError:
            sys.exit(f"Port {place.PORT} is in use. Choose another one: make up PORT={place.PORT + 10}")

    for leftover in (place.STACK_FILE, place.DEPLOYED):
        leftover.unlink(missing_ok=True)
    temporary = place.FOLDER / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)

    print(f"Starting the local cloud on {place.ENDPOINT}")
    environment = place.environment() | {
        "GATEWAY_PORT": str(place.PORT),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",  # IAM is enforced: a function may do what its role says, and nothing else.
        "MINISTACK_REGION": place.REGION,
        "STATE_DIR": str(place.FOLDER / "state"),
        "TMPDIR": str(temporary),
    }
    with open(place.CLOUD_LOG, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, place.ROOT / "infra/local/ministack_with_streams.py"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=place.FOLDER,
            start_new_session=True,  # A group of its own, so that stopping it also stops the functions it runs.
        )
    place.PID_FILE.write_text(f"{process.pid}\n")

    deadline = time.monotonic() + 60
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            stop()
            sys.exit(f"The local cloud did not start. Its log is {place.CLOUD_LOG}")
        time.sleep(0.2)
    return True


def stop():
    """Stop the one this folder's pid file names, and the functions it started. Returns whether there was one."""
    pid = recorded_pid()
    place.PID_FILE.unlink(missing_ok=True)
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
        pid = int(place.PID_FILE.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_ours(pid) else None


def is_ours(pid):
    """A pid is used again after a reboot; only a process that runs the emulator is the one we started."""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "ministack" in shown.stdout


def answers():
    try:
        with urllib.request.urlopen(f"{place.ENDPOINT}/_ministack/health", timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
