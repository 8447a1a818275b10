"""Where the emulator differs from AWS, and what is done about it after each deploy.

The template says what is right on AWS and knows nothing of this file.
"""

import json

import place
from clients import client


def fill():
    allow_partiql()
    allow_plain_http()
    number_the_concurrency()


def allow_partiql():
    """AWS asks for dynamodb:PartiQLInsert on the table, the emulator for dynamodb:BatchExecuteStatement on anything."""
    iam = client("iam")
    for resource in resources("AWS::IAM::Role"):
        for name in iam.list_role_policies(RoleName=resource)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=resource, PolicyName=name)["PolicyDocument"]
            if "dynamodb:PartiQL" in json.dumps(document):
                statement = {"Effect": "Allow", "Action": "dynamodb:BatchExecuteStatement", "Resource": "*"}
                iam.put_role_policy(
                    RoleName=resource,
                    PolicyName="emulator-partiql",
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
