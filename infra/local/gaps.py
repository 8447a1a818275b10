"""Works around differences between the emulator and AWS after each deploy.

The template is written for AWS and does not depend on this file.
"""

import json

import settings
from clients import client, outputs


def fill():
    allow_what_the_emulator_asks()
    allow_plain_http()


# Actions that a role's policy allows on AWS, and what the emulator checks instead: another action, or no resource.
# tests/template holds the roles to the resources that AWS checks.
ASKED_FOR_INSTEAD = {
    "dynamodb:PartiQL": ("emulator-partiql", ["dynamodb:BatchExecuteStatement"], "*"),
    "sqs:SendMessage": ("emulator-send-batch", ["sqs:SendMessageBatch"], None),
    "ses:Send": ("emulator-mail", ["ses:SendEmail", "ses:SendBulkEmail"], "*"),
}


def allow_what_the_emulator_asks():
    """Allow each role what the emulator asks for where AWS asks for what the role has."""
    iam = client("iam")
    for role in resources("AWS::IAM::Role"):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                for allowed, (name, actions, resource) in ASKED_FOR_INSTEAD.items():
                    if f'"{allowed}' in json.dumps(statement["Action"]):
                        batch = {"Effect": "Allow", "Action": actions, "Resource": resource or statement["Resource"]}
                        iam.put_role_policy(
                            RoleName=role,
                            PolicyName=name,
                            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [batch]}),
                        )


def allow_plain_http():
    """Remove the bucket policy that requires TLS: the local cloud uses plain HTTP on loopback."""
    client("s3").delete_bucket_policy(Bucket=outputs()["UploadBucket"])


def resources(kind):
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=settings.STACK)
    return [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind
    ]
