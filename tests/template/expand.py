"""Expands template.yaml like AWS does on deploy, so the checks see the real resources.

cfn-lint no longer does this, and `sam validate --lint` passes templates that cannot deploy.

    expand.py FILE   write the expanded template to FILE
"""

import json
import logging
import os
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

ROOT = Path(__file__).resolve().parents[2]


class NoManagedPolicies:
    """The translator asks for managed policies; no function uses one by name."""

    def load(self):
        return {}


def expand():
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam deploy` sets this after the upload.
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "code.zip"}
    template["Globals"]["Function"].pop("CodeUri")
    return json.loads(json.dumps(transform(template, {}, NoManagedPolicies())))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(expand(), indent=1))
