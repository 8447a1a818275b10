"""Lists missing tools with the commands that install them. Runs before anything is installed."""

import importlib.util
import shutil
import sys

missing = []

if sys.version_info < (3, 11):
    missing.append(
        "Python 3.11 or newer (this is %d.%d)\n"
        "    Debian, Ubuntu:  sudo apt install python3.11 python3.11-venv && make ... PYTHON=python3.11\n"
        "    macOS:           brew install python@3.13 && make ... PYTHON=python3.13" % sys.version_info[:2]
    )
elif importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
    missing.append(
        "Python's venv module\n    Debian, Ubuntu:  sudo apt install python%d.%d-venv" % sys.version_info[:2]
    )

if shutil.which("cargo") is None:
    missing.append(
        "Rust (cargo)\n"
        "    Debian, Ubuntu:  sudo apt install rustup && rustup default stable\n"
        "    macOS:           brew install rustup && rustup default stable"
    )

if shutil.which("cc") is None:
    missing.append(
        "a C compiler, for linking\n"
        "    Debian, Ubuntu:  sudo apt install build-essential\n"
        "    macOS:           xcode-select --install"
    )

if missing:
    sys.exit("Missing on this machine:\n\n- " + "\n- ".join(missing))
