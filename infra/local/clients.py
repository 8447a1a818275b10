"""AWS clients for the local cloud, signed in as its root account."""

import boto3

import settings


def client(service):
    return boto3.client(
        service,
        endpoint_url=settings.ENDPOINT,
        region_name=settings.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def outputs():
    """Return the stack's outputs by name."""
    stacks = client("cloudformation").describe_stacks(StackName=settings.STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}


def resource(name):
    """Return the physical name of a resource of the stack."""
    cloudformation = client("cloudformation")
    found = cloudformation.describe_stack_resource(StackName=settings.STACK, LogicalResourceId=name)
    return found["StackResourceDetail"]["PhysicalResourceId"]
