"""Deploys the template with the branches that AWS takes and the laptop does not, in stacks beside the local cloud's own.

The functions of these stacks are not called: their code is a placeholder.
"""

import copy
import io
import json
import unittest
import zipfile

import boto3
from botocore.exceptions import ClientError

import settings
from clients import client
from expand import expand
from localise import for_the_emulator

ARTIFACTS = "as-on-aws-artifacts"
TEMPLATE = for_the_emulator(expand())


class AStack:
    """A stack of the template, deployed with these parameters."""

    def __init__(self, name, **parameters):
        self.name = name
        template = copy.deepcopy(TEMPLATE)
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                resource["Properties"]["Code"] = {"S3Bucket": ARTIFACTS, "S3Key": "code.zip"}
                resource.pop("Metadata")
        s3 = client("s3")
        s3.create_bucket(Bucket=ARTIFACTS)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("bootstrap", "#!/bin/sh\n")
        s3.put_object(Bucket=ARTIFACTS, Key="code.zip", Body=code.getvalue())
        s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(template).encode())
        url = s3.generate_presigned_url("get_object", Params={"Bucket": ARTIFACTS, "Key": "template.json"})
        self.cloudformation = client("cloudformation")
        self.cloudformation.create_stack(
            StackName=name,
            TemplateURL=url.split("?")[0],
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in {"MailFrom": "invitations@elsewhere.example", **parameters}.items()
            ],
        )
        self.cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        self.ids = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        }

    def function(self, name):
        return client("lambda").get_function_configuration(FunctionName=self.ids[name])

    def variables(self, name):
        return self.function(name)["Environment"]["Variables"]

    def delete(self):
        self.cloudformation.delete_stack(StackName=self.name)
        self.cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )


class WithTheUserPoolOfTheStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = AStack(
            "As-On-AWS-with-a-long-name-in-capitals-that-no-bucket-may-have",
            MailIdentity="elsewhere.example",
            AlarmEmail="ops@usher.example",
            AllowedOrigins="https://admin.usher.example,https://other.usher.example",
        )
        cls.addClassCleanup(cls.stack.delete)

    def somebody_who_may(self, action):
        """Return an S3 client of a user: the emulator asks its root for nothing."""
        iam = client("iam")
        iam.create_user(UserName="somebody")
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        iam.put_user_policy(UserName="somebody", PolicyName="may", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="somebody")["AccessKey"]
        self.addCleanup(iam.delete_user, UserName="somebody")
        self.addCleanup(iam.delete_user_policy, UserName="somebody", PolicyName="may")
        self.addCleanup(iam.delete_access_key, UserName="somebody", AccessKeyId=key["AccessKeyId"])
        return boto3.client(
            "s3",
            endpoint_url=settings.ENDPOINT,
            region_name=settings.REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    def test_addresses_are_those_of_aws(self):
        stack = self.stack
        self.assertRegex(stack.variables("Imports")["UPLOAD_URL"], r"^https://usher-uploads-[0-9a-f-]{36}\.s3\.")
        self.assertRegex(stack.variables("Accept")["TOKEN_JWKS_URL"], r"^https://cognito-idp\.us-east-1\.amazonaws\.com/")
        self.assertRegex(stack.variables("Mailer")["PUBLIC_URL"], r"^https?://\w+\.execute-api\.")

    def test_the_log_level_takes_effect(self):
        logging = self.stack.function("Invite")["LoggingConfig"]
        self.assertEqual((logging["LogFormat"], logging["ApplicationLogLevel"]), ("JSON", "INFO"))

    def test_an_identity_that_exists_is_not_made(self):
        self.assertNotIn("OwnIdentity", self.stack.ids)

    def test_uploads_need_tls(self):
        s3 = self.somebody_who_may("s3:*")
        s3.put_object(Bucket=ARTIFACTS, Key="over-plain-http", Body=b"allowed")
        with self.assertRaises(ClientError) as refused:
            s3.put_object(Bucket=self.stack.ids["UploadBucket"], Key="inbox/people.csv", Body=b"email\n")
        self.assertEqual(refused.exception.response["Error"]["Code"], "AccessDenied")

    def test_the_table_outlives_the_stack_and_is_not_in_the_way_of_the_next(self):
        stack = AStack("again", TokenIssuer="https://login.usher.example", TokenAudience="usher")
        table = stack.ids["Table"]
        stack.delete()
        described = client("dynamodb").describe_table(TableName=table)["Table"]
        self.assertTrue(described["DeletionProtectionEnabled"])
        again = AStack("again", TokenIssuer="https://login.usher.example", TokenAudience="usher")
        self.addCleanup(again.delete)
        self.assertNotEqual(again.ids["UploadBucket"], stack.ids["UploadBucket"])

    def test_another_issuer_needs_no_user_pool(self):
        stack = AStack("own-issuer", TokenIssuer="https://login.usher.example", TokenAudience="usher", SesSandbox="false")
        self.addCleanup(stack.delete)
        self.assertNotIn("UserPool", stack.ids)
        accept = stack.variables("Accept")
        self.assertEqual(accept["TOKEN_ISSUER"], "https://login.usher.example")
        self.assertEqual(accept["TOKEN_JWKS_URL"], "https://login.usher.example/.well-known/jwks.json")
        self.assertEqual(accept["USER_POOL_ID"], "")


if __name__ == "__main__":
    unittest.main()
