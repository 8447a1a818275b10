"""Builds the functions and lays them out as `sam build` would, from one build of the workspace without LTO."""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

import place


def build():
    print("Building the functions (the first time takes some minutes)")
    command = ["cargo", "build", "--workspace", "--bins", "--profile", "local"]
    if subprocess.run(command, cwd=place.ROOT, check=False).returncode != 0:
        sys.exit("The build failed; the compiler says why above.")

    built = Path(os.environ.get("CARGO_TARGET_DIR", place.ROOT / "target")) / "local"
    template = yaml_parse((place.ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
            put(built / binary, place.BUILD / binary / "bootstrap")
            resource["Properties"]["CodeUri"] = binary
    (place.BUILD / "template.yaml").write_text(yaml_dump(template))


def put(source, target):
    """Copy only what changed, so that an unchanged function keeps its time stamp and is not deployed again."""
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
