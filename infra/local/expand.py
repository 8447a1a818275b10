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

import settings


class ManagedPolicies:
    """What the translator would ask IAM for: no function names a managed policy."""

    def load(self):
        return {}


def expand():
    """Return the template that CloudFormation deploys. Its functions' code is a placeholder."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = yaml_parse((settings.ROOT / "template.yaml").read_text())
    # `sam deploy` sets this after the upload.
    template["Globals"]["Function"]["CodeUri"] = "s3://artifacts/code.zip"
    return json.loads(json.dumps(transform(template, {}, ManagedPolicies())))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(expand(), indent=1))
