"""AWS clients that talk to the local cloud as its root account."""

import boto3

import place


def client(service):
    return boto3.client(
        service,
        endpoint_url=place.ENDPOINT,
        region_name=place.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def outputs():
    """The stack's outputs, by name."""
    stacks = client("cloudformation").describe_stacks(StackName=place.STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
