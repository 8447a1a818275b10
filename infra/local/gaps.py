"""Where the emulator differs from AWS, and what is done about it after each deploy.

The template says what is right on AWS and knows nothing of this file.
"""

import json

import place
from clients import client


def fill():
    allow_batches()
    allow_plain_http()
    number_the_concurrency()


# What a role may do by its policy in AWS, and what the emulator asks for instead.
ASKED_FOR_INSTEAD = {
    "dynamodb:PartiQL": ("emulator-partiql", "dynamodb:BatchExecuteStatement"),
    "sqs:SendMessage": ("emulator-send-batch", "sqs:SendMessageBatch"),
}


def allow_batches():
    """AWS asks whoever sends a batch for the right to each of its parts, the emulator for a right to batches."""
    iam = client("iam")
    for role in resources("AWS::IAM::Role"):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
            for allowed, (name, action) in ASKED_FOR_INSTEAD.items():
                if f'"{allowed}' in document and action not in document:
                    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
                    iam.put_role_policy(
                        RoleName=role,
                        PolicyName=name,
                        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
                    )


def allow_plain_http():
    """The bucket refuses whatever does not come over TLS, and a local cloud on loopback speaks plain HTTP."""
    client("s3").delete_bucket_policy(Bucket=place.UPLOADS)


def number_the_concurrency():
    """A number given as a parameter stays text in the emulator, and its queue poller stumbles over it."""
    functions = client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if scaling := mapping.get("ScalingConfig"):
            limit = int(scaling["MaximumConcurrency"])
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": limit})


def resources(kind):
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=place.STACK)
    return [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind
    ]
