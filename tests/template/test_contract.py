"""template.yaml follows its contract, and the contract detects careless edits."""

import copy
import unittest

import settings
from contract import violations
from contract.expanded import operations
from expand import expand

TEMPLATE = expand()


class TheTemplate(unittest.TestCase):
    def test_keeps_its_contract(self):
        self.assertEqual(violations(TEMPLATE), [])

    def test_declares_every_route_of_the_api(self):
        self.assertIn("POST /v1/orgs/{org}/invitations", dict(operations(TEMPLATE)))

    def test_is_short(self):
        lines = (settings.ROOT / "template.yaml").read_text().splitlines()
        start = next(number for number, line in enumerate(lines) if "-- alarms" in line)
        end = lines.index("Outputs:")
        self.assertLessEqual(start + len(lines) - end, 800, "lines without the alarms")


class TheContract(unittest.TestCase):
    """Each test makes one careless edit and expects a violation."""

    def edited(self, resource):
        self.template = copy.deepcopy(TEMPLATE)
        return self.template["Resources"][resource]["Properties"]

    def assert_violation(self, text):
        found = violations(self.template)
        self.assertTrue(any(text in line for line in found), f"expected “{text}”, found {found}")

    def statement(self, role, sid):
        policies = self.edited(role)["Policies"]
        found = (statement for policy in policies for statement in policy["PolicyDocument"]["Statement"])
        return next(statement for statement in found if statement.get("Sid") == sid)

    def route(self, path, method):
        return self.edited("ServerlessHttpApi")["Body"]["paths"][path][method]

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
        self.edited("RelayRole")["ManagedPolicyArns"].append("arn:aws:iam::aws:policy/AmazonSQSFullAccess")
        self.assert_violation("RelayRole has the managed policy")

    def test_notices_a_sender_that_is_no_longer_pinned(self):
        identity = self.statement("MailerRole", "Send")["Resource"][0]["Fn::Sub"]
        identity[1]["Identity"]["Fn::If"][2] = "*"
        self.assert_violation("MailerRole may send as anyone")

    def test_notices_statements_on_any_table(self):
        self.statement("MailerRole", "Table")["Resource"] = {"Fn::Sub": "${Table.Arn}/index/due"}
        self.assert_violation("MailerRole may run statements on another table")

    def test_notices_a_shared_role(self):
        self.edited("Manage")["Role"] = {"Fn::GetAtt": ["InviteRole", "Arn"]}
        self.assert_violation("InviteRole is shared by")

    def test_notices_a_dead_letter_queue_removed(self):
        del self.edited("MailQueue")["RedrivePolicy"]
        self.assert_violation("MailQueue has no dead-letter queue")

    def test_notices_a_failing_stream_record_with_nowhere_to_go(self):
        del self.edited("TableEvents")["DestinationConfig"]
        self.assert_violation("TableEvents has nowhere to leave a record that fails")

    def test_notices_a_timeout_raised_above_a_sixth_of_its_queues_visibility(self):
        self.edited("Mailer")["Timeout"] = 31
        self.assert_violation("MailEvents: visibility 180 s is less than six times 31 s")

    def test_notices_a_timeout_longer_than_the_gateway_waits(self):
        self.edited("Invite")["Timeout"] = 30
        self.assert_violation("Invite may run longer")

    def test_notices_a_batch_that_fails_as_a_whole(self):
        del self.edited("ApplyEvents")["FunctionResponseTypes"]
        self.assert_violation("ApplyEvents does not report batch item failures")

    def test_notices_an_open_route(self):
        self.route("/v1/orgs/{org}/members", "get")["security"] = [{"NONE": []}]
        self.assert_violation("route GET /v1/orgs/{org}/members does not ask for a token")

    def test_notices_a_catch_all_route(self):
        paths = self.edited("ServerlessHttpApi")["Body"]["paths"]
        paths["$default"] = {"x-amazon-apigateway-any-method": paths["/v1/orgs"]["post"]}
        self.assert_violation("route $default is not explicit")

    def test_notices_a_link_that_anybody_may_try_without_end(self):
        del self.edited("ServerlessHttpApiApiGatewayDefaultStage")["RouteSettings"]["POST /i/{token}"]
        self.assert_violation("does not limit POST /i/{token}")

    def test_notices_a_log_that_would_hold_links(self):
        self.edited("ServerlessHttpApiApiGatewayDefaultStage")["AccessLogSettings"]["Format"] += "$context.path"
        self.assert_violation("DefaultStage logs path")

    def test_notices_a_log_kept_for_ever(self):
        del self.edited("FunctionLog")["RetentionInDays"]
        self.assert_violation("FunctionLog keeps logs for ever")

    def test_notices_a_log_level_that_does_nothing(self):
        del self.edited("Invite")["LoggingConfig"]["ApplicationLogLevel"]
        self.assert_violation("Invite logs at a level that nobody can choose")

    def test_notices_a_protection_lost(self):
        for edit, text in (
            (lambda template: template["Parameters"]["DeletionProtection"].update(Default="false"), "is off unless"),
            (lambda template: template["Resources"]["Table"].update(DeletionPolicy="Delete"), "Table is lost"),
            (lambda template: template["Resources"]["UserPool"].pop("UpdateReplacePolicy"), "UserPool is thrown away"),
            (lambda template: template["Resources"]["LinkKeys"].pop("DeletionPolicy"), "LinkKeys is lost"),
        ):
            self.edited("Table")
            edit(self.template)
            self.assert_violation(text)

    def test_notices_a_name_that_collides(self):
        self.edited("UploadBucket")["BucketName"] = {"Fn::Sub": "${AWS::StackName}-uploads-${AWS::AccountId}"}
        self.assert_violation("UploadBucket collides")
        self.edited("Mailer")["FunctionName"] = {"Fn::Sub": "${AWS::StackName}-mailer"}
        self.assert_violation("Mailer has a fixed name")

    def test_notices_an_alarm_removed(self):
        for name in [name for name, alarm in TEMPLATE["Resources"].items() if alarm["Type"] == "AWS::CloudWatch::Alarm"]:
            self.edited(name)
            del self.template["Resources"][name]
            self.assert_violation("nobody watches")

    def test_notices_an_alarm_that_tells_nobody(self):
        self.edited("ApiErrorsAlarm")["AlarmActions"] = []
        self.assert_violation("ApiErrorsAlarm tells nobody")

    def test_notices_an_identity_that_may_exist_already(self):
        self.edited("OwnIdentity")
        del self.template["Resources"]["OwnIdentity"]["Condition"]
        self.assert_violation("OwnIdentity is made even if it exists")

    def test_notices_an_address_of_one_partition(self):
        self.edited("Accept")["Environment"]["Variables"]["TOKEN_ISSUER"] = "https://cognito-idp.eu-west-1.amazonaws.com/x"
        self.assert_violation("an address of one partition")

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


if __name__ == "__main__":
    unittest.main()
