"""Builds the functions and lays them out like `sam build`, from one workspace build without LTO."""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

import settings


def build():
    print("Building the functions (the first build takes a few minutes)")
    command = ["cargo", "build", "--workspace", "--bins", "--profile", "local"]
    if subprocess.run(command, cwd=settings.ROOT, check=False).returncode != 0:
        sys.exit("The build failed; see the compiler errors above.")

    built = Path(os.environ.get("CARGO_TARGET_DIR", settings.ROOT / "target")) / "local"
    template = yaml_parse((settings.ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
            put(built / binary, settings.BUILD / binary / "bootstrap")
            resource["Properties"]["CodeUri"] = binary
    (settings.BUILD / "template.yaml").write_text(yaml_dump(template))


def put(source, target):
    """Copy only changed files, so an unchanged function keeps its time stamp and is not deployed again."""
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
