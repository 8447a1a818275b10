"""template.yaml follows its contract, and the contract detects careless edits."""

import copy
import unittest

from contract import violations
from expand import expand

TEMPLATE = expand()


class TheTemplate(unittest.TestCase):
    def test_keeps_its_contract(self):
        self.assertEqual(violations(TEMPLATE), [])

    def test_declares_every_route_of_the_api(self):
        keys = {route["Properties"]["RouteKey"] for route in resources("AWS::ApiGatewayV2::Route")}
        self.assertIn("POST /v1/orgs/{org}/invitations", keys)
        self.assertEqual(len(keys), len(resources("AWS::ApiGatewayV2::Route")), "a route is declared twice")


class TheContract(unittest.TestCase):
    """Each test makes one careless edit and expects a violation."""

    def edited(self, resource):
        self.template = copy.deepcopy(TEMPLATE)
        return self.template["Resources"][resource]["Properties"]

    def assert_violation(self, text):
        found = violations(self.template)
        self.assertTrue(any(text in line for line in found), f"expected “{text}”, found {found}")

    def statement(self, role, sid):
        found = self.edited(role)["Policies"][0]["PolicyDocument"]["Statement"]
        return next(statement for statement in found if statement.get("Sid") == sid)

    def test_notices_a_role_widened_to_every_action(self):
        self.statement("InviteRole", "Table")["Action"] = ["dynamodb:*"]
        self.assert_violation("InviteRole may dynamodb:*")

    def test_notices_a_role_widened_by_one_action(self):
        self.statement("AcceptRole", "Table")["Action"].append("dynamodb:Query")
        self.assert_violation("AcceptRole may dynamodb:Query")

    def test_notices_a_role_widened_to_every_resource(self):
        self.statement("InviteRole", "Table")["Resource"] = "*"
        self.assert_violation("InviteRole may dynamodb:GetItem on any resource")

    def test_notices_a_role_widened_to_a_whole_bucket(self):
        self.statement("BulkImportRole", "Plans")["Resource"] = [{"Fn::Sub": "arn:aws:s3:::bucket/*"}]
        self.assert_violation("BulkImportRole may s3:GetObject")

    def test_notices_a_managed_policy(self):
        self.edited("RelayRole")["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"]
        self.assert_violation("RelayRole has managed policies")

    def test_notices_a_sender_that_is_no_longer_pinned(self):
        del self.statement("MailerRole", "Send")["Condition"]
        self.assert_violation("MailerRole may ses:SendEmail as anyone")

    def test_notices_a_shared_role(self):
        self.edited("Manage")["Role"] = {"Fn::GetAtt": ["InviteRole", "Arn"]}
        self.assert_violation("InviteRole is shared by")

    def test_notices_a_dead_letter_queue_removed(self):
        del self.edited("MailQueue")["RedrivePolicy"]
        self.assert_violation("MailQueue has no dead-letter queue")

    def test_notices_a_failing_stream_record_with_nowhere_to_go(self):
        del self.edited("RelayStream")["DestinationConfig"]
        self.assert_violation("RelayStream has nowhere to leave a record that fails")

    def test_notices_a_timeout_raised_above_a_sixth_of_its_queues_visibility(self):
        self.edited("Mailer")["Timeout"] = 31
        self.assert_violation("MailerMail: visibility 180 s is less than six times 31 s")

    def test_notices_a_timeout_longer_than_the_gateway_waits(self):
        self.edited("Invite")["Timeout"] = 30
        self.assert_violation("InviteIntegration's function may run longer")

    def test_notices_a_batch_that_fails_as_a_whole(self):
        del self.edited("ImportApplyApply")["FunctionResponseTypes"]
        self.assert_violation("ImportApplyApply does not report batch item failures")

    def test_notices_an_open_route(self):
        self.edited("ListMembersRoute")["AuthorizationType"] = "NONE"
        self.assert_violation("route GET /v1/orgs/{org}/members does not ask for a token")

    def test_notices_a_catch_all_route(self):
        self.edited("ListMembersRoute")["RouteKey"] = "$default"
        self.assert_violation("route $default is not explicit")

    def test_notices_a_log_that_would_hold_links(self):
        self.edited("Stage")["AccessLogSettings"]["Format"] += "$context.path"
        self.assert_violation("Stage logs path")

    def test_notices_a_log_kept_for_ever(self):
        del self.edited("InviteLog")["RetentionInDays"]
        self.assert_violation("InviteLog keeps logs for ever")

    def test_notices_an_upload_bucket_open_to_plain_http(self):
        self.edited("UploadBucketPolicy")["PolicyDocument"]["Statement"] = []
        self.assert_violation("UploadBucket can be read without TLS")

    def test_notices_a_table_that_cannot_be_recovered(self):
        del self.edited("Table")["PointInTimeRecoverySpecification"]
        self.assert_violation("Table has no point-in-time recovery")

    def test_notices_a_parameter_without_a_description(self):
        self.edited("Table")
        self.template["Parameters"]["MailFrom"]["Description"] = "sender"
        self.assert_violation("Parameters: MailFrom is not described in a sentence")


def resources(kind):
    return [resource for resource in TEMPLATE["Resources"].values() if resource["Type"] == kind]


if __name__ == "__main__":
    unittest.main()
