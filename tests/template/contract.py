"""The rules of template.yaml, as checks on the expanded template. Each check yields a sentence per violation."""

import itertools
import json
import re

PUBLIC_ROUTES = {"GET /i/{token}", "HEAD /i/{token}", "POST /i/{token}", "POST /i/{token}/fresh-link"}

# The only statements allowed on any resource, with the reason.
ANY_RESOURCE = {
    ("MailerRole", "ses:SendEmail"): "SES checks several resources; a condition restricts the sender instead",
    ("MailerRole", "ses:SendBulkEmail"): "SES checks several resources; a condition restricts the sender instead",
    ("MailerRole", "ses:GetAccount"): "the account's sending rate has no resource",
}


def violations(template):
    """Return every violation in the template."""
    return list(itertools.chain.from_iterable(rule(template) for rule in RULES))


def each_function_has_a_role_of_its_own(template):
    users = {}
    for name, function in of_type(template, "AWS::Lambda::Function"):
        users.setdefault(target(function["Role"]), []).append(name)
    for role, functions in users.items():
        if len(functions) > 1:
            yield f"{role} is shared by {', '.join(functions)}"
    for role, _ in of_type(template, "AWS::IAM::Role"):
        if role not in users:
            yield f"{role} is used by no function"


def roles_are_narrow(template):
    for role, properties in of_type(template, "AWS::IAM::Role"):
        if properties.get("ManagedPolicyArns"):
            yield f"{role} has managed policies"
        for statement in statements(template, role):
            actions = listed(statement.get("Action", []))
            if "NotAction" in statement or "NotResource" in statement:
                yield f"{role} allows everything but something"
            for action in actions:
                if "*" in action:
                    yield f"{role} may {action}"
            for resource in listed(statement["Resource"]):
                text = json.dumps(resource)
                if resource == "*":
                    for action in actions:
                        if (role, action) not in ANY_RESOURCE:
                            yield f"{role} may {action} on any resource"
                        elif action.startswith("ses:Send") and "ses:FromAddress" not in json.dumps(statement):
                            yield f"{role} may {action} as anyone"
                elif "*" in text and not re.search(r"(/(inbox|uploads|plans)|\}/stream)/\*", text):
                    yield f"{role} may {', '.join(actions)} on {text}"


def tables_actions_are_the_ones_each_function_needs(template):
    reads = {"GetItem", "BatchGetItem", "Query", "ConditionCheckItem"}
    writes = {"PutItem", "UpdateItem", "DeleteItem"}
    stream = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
    allowed = {
        "OrganisationsRole": reads | writes | {"PartiQLInsert"},
        "InviteRole": reads | writes | {"PartiQLInsert"},
        "ManageRole": reads | writes,
        "ImportsRole": reads | writes,
        "AcceptRole": {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"},
        "BulkImportRole": reads | writes,
        "ImportApplyRole": reads | writes | {"PartiQLInsert"},
        "RelayRole": stream,
        "MailerRole": {"GetItem", "BatchGetItem", "PartiQLUpdate"} | writes,
        "SweeperRole": reads | writes,
    }
    for role, _ in of_type(template, "AWS::IAM::Role"):
        for statement in statements(template, role):
            for action in listed(statement.get("Action", [])):
                service, _, verb = action.partition(":")
                if service == "dynamodb" and verb not in allowed.get(role, set()):
                    yield f"{role} may {action}"


def functions_log_to_a_group_that_forgets(template):
    for name, function in of_type(template, "AWS::Lambda::Function"):
        logging = function.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON":
            yield f"{name} does not log JSON"
        if template["Resources"].get(target(logging.get("LogGroup")), {}).get("Type") != "AWS::Logs::LogGroup":
            yield f"{name} logs to a group that is not the template's"
    for name, group in of_type(template, "AWS::Logs::LogGroup"):
        if group.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield f"{name} keeps logs for ever"


def event_sources_report_what_failed(template):
    for name, source in of_type(template, "AWS::Lambda::EventSourceMapping"):
        if source.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} does not report batch item failures"
        if "StreamArn" in json.dumps(source["EventSourceArn"]):
            if "OnFailure" not in source.get("DestinationConfig", {}):
                yield f"{name} has nowhere to leave a record that fails"
            if source.get("BisectBatchOnFunctionError") is not False:
                yield f"{name} bisects a failing batch: cut differently, it makes other jobs of the same people"


def queues_lose_nothing(template):
    """A dead-letter queue is one that other queues refer to; every other queue must have one."""
    queues = dict(of_type(template, "AWS::SQS::Queue"))
    dead = {
        target(queue["RedrivePolicy"]["deadLetterTargetArn"]) for queue in queues.values() if "RedrivePolicy" in queue
    }
    dead |= {target(config["DestinationConfig"]["OnFailure"]["Destination"]) for config in failing_elsewhere(template)}
    for name, queue in queues.items():
        if not queue.get("SqsManagedSseEnabled"):
            yield f"{name} is not encrypted"
        if name in dead:
            if queue.get("MessageRetentionPeriod") != 14 * 24 * 3600:
                yield f"{name} does not keep dead letters for 14 days"
        elif "RedrivePolicy" not in queue:
            yield f"{name} has no dead-letter queue"
        elif target(queue["RedrivePolicy"]["deadLetterTargetArn"]) not in queues:
            yield f"{name}'s dead-letter queue does not exist"
        elif queue["RedrivePolicy"]["maxReceiveCount"] != 5:
            yield f"{name} does not try five times"


def jobs_are_hidden_while_they_are_worked_on(template):
    queues = dict(of_type(template, "AWS::SQS::Queue"))
    functions = dict(of_type(template, "AWS::Lambda::Function"))
    for name, source in of_type(template, "AWS::Lambda::EventSourceMapping"):
        queue = queues.get(target(source["EventSourceArn"]))
        if queue is None:
            continue
        timeout = functions[target(source["FunctionName"])].get("Timeout", 3)
        if queue.get("VisibilityTimeout", 30) < 6 * timeout:
            yield f"{name}: visibility {queue.get('VisibilityTimeout', 30)} s is less than six times {timeout} s"
        if not source.get("ScalingConfig", {}).get("MaximumConcurrency"):
            yield f"{name} has no limit on what runs at once"


def http_functions_answer_before_the_gateway_gives_up(template):
    functions = dict(of_type(template, "AWS::Lambda::Function"))
    for name, integration in of_type(template, "AWS::ApiGatewayV2::Integration"):
        if functions[target(integration["IntegrationUri"])].get("Timeout", 3) >= 30:
            yield f"{name}'s function may run longer than the 30 s the gateway waits"
        if integration.get("PayloadFormatVersion") != "2.0":
            yield f"{name} is not payload 2.0"


def routes_ask_who_is_calling(template):
    routes = {route["RouteKey"]: route for _, route in of_type(template, "AWS::ApiGatewayV2::Route")}
    for key, route in routes.items():
        if not re.fullmatch(r"(GET|HEAD|POST|PUT|PATCH|DELETE) /[^+*]*", key):
            yield f"route {key} is not explicit"
        if key in PUBLIC_ROUTES:
            if route.get("AuthorizationType") != "NONE" or "AuthorizerId" in route:
                yield f"route {key} asks for a token, but a mailed link has none"
        elif route.get("AuthorizationType") != "JWT" or target(route.get("AuthorizerId")) != "Authorizer":
            yield f"route {key} does not ask for a token"
    for key in PUBLIC_ROUTES - set(routes):
        yield f"route {key} is missing"
    for name, api in of_type(template, "AWS::ApiGatewayV2::Api"):
        if "*" in api.get("CorsConfiguration", {}).get("AllowOrigins", []):
            yield f"{name} lets any site call it"
        if "Body" in api or "BodyS3Location" in api:
            yield f"{name} takes its routes from a document"


def links_are_not_logged(template):
    """The path of a link is secret, so only the route of a request may be logged."""
    logged = (
        "requestId requestTime routeKey status responseLatency responseLength authorizer.error integrationErrorMessage"
    )
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage"):
        wanted = stage.get("AccessLogSettings", {}).get("Format", "")
        if "$context.routeKey" not in wanted:
            yield f"{name} does not log the route"
        for variable in re.findall(r"\$context\.([\w.]+)", wanted):
            if variable not in logged.split():
                yield f"{name} logs {variable}"


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
        if not any(
            name in policy and '"Deny"' in policy and '"aws:SecureTransport": "false"' in policy for policy in policies
        ):
            yield f"{name} can be read without TLS"


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
        if template["Resources"][name].get("UpdateReplacePolicy") != "Retain":
            yield f"{name} is thrown away when it is replaced"


def mail_leaves_encrypted(template):
    for name, configuration in of_type(template, "AWS::SES::ConfigurationSet"):
        if configuration.get("DeliveryOptions", {}).get("TlsPolicy") != "REQUIRE":
            yield f"{name} may deliver without TLS"


def nobody_signs_up(template):
    for name, pool in of_type(template, "AWS::Cognito::UserPool"):
        if not pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly"):
            yield f"{name} lets anyone sign up"
    for name, app in of_type(template, "AWS::Cognito::UserPoolClient"):
        if "email" in app.get("WriteAttributes", ["email"]):
            yield f"{name} lets people change their own address"


def everything_is_described(template):
    for section in ("Parameters", "Outputs"):
        for name, entry in template[section].items():
            if not re.fullmatch(r"[A-Z].{10,}\.", entry.get("Description", ""), re.DOTALL):
                yield f"{section}: {name} is not described in a sentence"
    for name, function in of_type(template, "AWS::Lambda::Function"):
        if not function.get("Description"):
            yield f"{name} is not described"


RULES = [
    each_function_has_a_role_of_its_own,
    roles_are_narrow,
    tables_actions_are_the_ones_each_function_needs,
    functions_log_to_a_group_that_forgets,
    event_sources_report_what_failed,
    queues_lose_nothing,
    jobs_are_hidden_while_they_are_worked_on,
    http_functions_answer_before_the_gateway_gives_up,
    routes_ask_who_is_calling,
    links_are_not_logged,
    uploads_are_private,
    the_table_can_be_recovered,
    mail_leaves_encrypted,
    nobody_signs_up,
    everything_is_described,
]


def of_type(template, kind):
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def statements(template, role):
    """Return a role's Allow statements, with both branches of each condition."""
    for policy in template["Resources"][role]["Properties"].get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            branches = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
            yield from (branch for branch in branches if branch.get("Effect") == "Allow")


def failing_elsewhere(template):
    for kind in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig"):
        for _, config in of_type(template, kind):
            if "OnFailure" in config.get("DestinationConfig", {}):
                yield config


def target(reference):
    """Return the logical id in a Ref or GetAtt."""
    if not isinstance(reference, dict):
        return reference
    return reference["Ref"] if "Ref" in reference else reference.get("Fn::GetAtt", [None])[0]


def listed(value):
    return value if isinstance(value, list) else [value]
