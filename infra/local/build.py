"""Builds the functions and lays them out like `sam build`, from one workspace build without LTO."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import settings
from expand import expand
from localise import localise


def build():
    print("Building the functions (the first build takes a few minutes)")
    command = ["cargo", "build", "--workspace", "--bins", "--profile", "local"]
    if subprocess.run(command, cwd=settings.ROOT, check=False).returncode != 0:
        sys.exit("The build failed; see the compiler errors above.")

    built = Path(os.environ.get("CARGO_TARGET_DIR", settings.ROOT / "target")) / "local"
    template = localise(expand())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
            put(built / binary, settings.BUILD / binary / "bootstrap")
            resource["Properties"]["Code"] = binary
    settings.TEMPLATE.write_text(json.dumps(template, indent=1))


def put(source, target):
    """Copy only changed files, so an unchanged function keeps its time stamp and is not deployed again."""
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
