"""What is kept, for how long, and under which name."""

import json
import re

from contract.expanded import of_type


def uploads_are_private(template):
    policies = [json.dumps(policy["PolicyDocument"]) for _, policy in of_type(template, "AWS::S3::BucketPolicy")]
    for name, bucket in of_type(template, "AWS::S3::Bucket"):
        block = bucket.get("PublicAccessBlockConfiguration", {})
        for setting in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
            if block.get(setting) is not True:
                yield f"{name} does not set {setting}"
        if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            yield f"{name} is not versioned"
        if "BucketEncryption" not in bucket:
            yield f"{name} is not encrypted"
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        if not any(
            rule.get("Status") == "Enabled" and "Prefix" not in rule and "ExpirationInDays" in rule for rule in rules
        ):
            yield f"{name} keeps people's data for ever"
        for wanted in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
            if not any(wanted in rule for rule in rules):
                yield f"{name}'s lifecycle has no {wanted}"
        if not name_is_new_for_each_stack(bucket.get("BucketName")):
            yield f"{name} collides with the bucket that an earlier stack of this name left"
        if not any(
            name in policy and '"Deny"' in policy and '"aws:SecureTransport": "false"' in policy for policy in policies
        ):
            yield f"{name} can be read without TLS"


def name_is_new_for_each_stack(name):
    return "AWS::StackId" in json.dumps(name) and "AWS::StackName" not in json.dumps(name)


def the_table_can_be_recovered(template):
    for name, table in of_type(template, "AWS::DynamoDB::Table"):
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name} has no point-in-time recovery"
        if not table.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name} is not encrypted with a key of the account"
        if table.get("DeletionProtectionEnabled") != {"Fn::If": ["Protected", True, False]}:
            yield f"{name} cannot be protected from deletion"
        if table.get("StreamSpecification", {}).get("StreamViewType") != "NEW_AND_OLD_IMAGES":
            yield f"{name}'s stream does not carry both images"
        if table.get("TimeToLiveSpecification") != {"AttributeName": "ttl", "Enabled": True}:
            yield f"{name} does not drop what has expired"
        indexes = {
            index["IndexName"]: index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]
        }
        if indexes != {"due": "KEYS_ONLY"}:
            yield f"{name} has other indexes than due, keys only"


def what_cannot_be_made_again_is_kept(template):
    """A protected table or pool is retained also on create: a roll back that could not delete it would fail."""
    kept = {
        "AWS::DynamoDB::Table": ["Retain"],
        "AWS::Cognito::UserPool": ["Retain"],
        "AWS::S3::Bucket": ["Retain", "RetainExceptOnCreate"],
        "AWS::SecretsManager::Secret": ["Retain", "RetainExceptOnCreate"],
    }
    for name, resource in template["Resources"].items():
        if resource["Type"] in kept:
            if resource.get("DeletionPolicy") not in kept[resource["Type"]]:
                yield f"{name} is lost with the stack"
            if resource.get("UpdateReplacePolicy") != "Retain":
                yield f"{name} is thrown away when it is replaced"
    if template["Parameters"]["DeletionProtection"]["Default"] != "true":
        yield "DeletionProtection is off unless somebody remembers to turn it on"
    for name, pool in of_type(template, "AWS::Cognito::UserPool"):
        if pool.get("DeletionProtection") != {"Fn::If": ["Protected", "ACTIVE", "INACTIVE"]}:
            yield f"{name} cannot be protected from deletion"


def names_do_not_collide(template):
    """A name given here would be taken when the stack is made again, or in a second stack."""
    named = {"AWS::Lambda::Function": "FunctionName", "AWS::SQS::Queue": "QueueName", "AWS::DynamoDB::Table": "TableName",
             "AWS::IAM::Role": "RoleName", "AWS::SES::ConfigurationSet": "Name", "AWS::SNS::Topic": "TopicName",
             "AWS::CloudWatch::Alarm": "AlarmName", "AWS::SecretsManager::Secret": "Name"}  # fmt: skip
    for name, resource in template["Resources"].items():
        if named.get(resource["Type"]) in resource.get("Properties", {}):
            yield f"{name} has a fixed name"


def an_identity_that_is_there_already_is_left_alone(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::SES::EmailIdentity" and resource.get("Condition") != "OwnMailIdentity":
            yield f"{name} is made even if it exists"


def mail_leaves_encrypted(template):
    for name, configuration in of_type(template, "AWS::SES::ConfigurationSet"):
        if configuration.get("DeliveryOptions", {}).get("TlsPolicy") != "REQUIRE":
            yield f"{name} may deliver without TLS"


def everything_is_described(template):
    for section in ("Parameters", "Outputs"):
        for name, entry in template[section].items():
            if not re.fullmatch(r"[A-Z].{10,}\.", entry.get("Description", ""), re.DOTALL):
                yield f"{section}: {name} is not described in a sentence"
    for name, function in of_type(template, "AWS::Lambda::Function"):
        if not function.get("Description"):
            yield f"{name} is not described"


RULES = [
    uploads_are_private,
    the_table_can_be_recovered,
    what_cannot_be_made_again_is_kept,
    names_do_not_collide,
    an_identity_that_is_there_already_is_left_alone,
    mail_leaves_encrypted,
    everything_is_described,
]
