"""Who may do what: roles, routes, links, accounts."""

import json
import re

from contract.expanded import listed, of_type, operations, statements, target

PUBLIC_ROUTES = {"GET /i/{token}", "HEAD /i/{token}", "POST /i/{token}", "POST /i/{token}/fresh-link"}

# The only statements allowed on any resource, with the reason.
ANY_RESOURCE = {("MailerRole", "ses:GetAccount"): "the account's sending rate has no resource"}

# The managed policies that SAM gives every role: they write logs and traces, and read nothing.
MANAGED = ("service-role/AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess")


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
        for policy in properties.get("ManagedPolicyArns", []):
            if not policy.endswith(MANAGED):
                yield f"{role} has the managed policy {policy}"
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
                elif "*" in text and not re.search(r"(/(inbox|uploads|plans)|\}/stream)/\*|InSandbox", text):
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
        "AcceptRole": {"GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem"},
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


def statements_name_the_table(template):
    """The local cloud does not check this for PartiQL."""
    for role, _ in of_type(template, "AWS::IAM::Role"):
        for statement in statements(template, role):
            if "dynamodb:PartiQL" in json.dumps(statement["Action"]) and target(statement["Resource"]) != "Table":
                yield f"{role} may run statements on another table"


def mail_is_sent_as_one_identity(template):
    """The local cloud does not check this. In the sandbox, SES asks for the recipients' identities as well."""
    own = {"Fn::If": ["OwnMailIdentity", {"Ref": "MailFrom"}, {"Ref": "MailIdentity"}]}
    sender = {"Identity": {"Fn::If": ["InSandbox", "*", own]}}
    for role, _ in of_type(template, "AWS::IAM::Role"):
        for statement in statements(template, role):
            if "ses:Send" in json.dumps(statement["Action"]):
                identity, configuration_set = (resource["Fn::Sub"] for resource in statement["Resource"])
                if not identity[0].endswith(":identity/${Identity}") or identity[1] != sender:
                    yield f"{role} may send as anyone"
                if not configuration_set[0].endswith(":configuration-set/${Set}"):
                    yield f"{role} may send with any configuration set"


def routes_ask_who_is_calling(template):
    routes = dict(operations(template))
    for key, route in routes.items():
        if not re.fullmatch(r"(GET|HEAD|POST|PUT|PATCH|DELETE) /[^+*]*", key):
            yield f"route {key} is not explicit"
        asks = route.get("security") == [{"IdentityToken": []}]
        if key in PUBLIC_ROUTES and asks:
            yield f"route {key} asks for a token, but a mailed link has none"
        if key not in PUBLIC_ROUTES and not asks:
            yield f"route {key} does not ask for a token"
    for key in PUBLIC_ROUTES - set(routes):
        yield f"route {key} is missing"
    for name, api in of_type(template, "AWS::ApiGatewayV2::Api"):
        document = api["Body"]
        scheme = document["components"]["securitySchemes"]["IdentityToken"]["x-amazon-apigateway-authorizer"]
        if scheme["type"] != "jwt" or not scheme["jwtConfiguration"]["audience"]:
            yield f"{name} accepts tokens for other applications"
        if '"*"' in json.dumps(document.get("x-amazon-apigateway-cors", {}).get("allowOrigins", [])):
            yield f"{name} lets any site call it"


def nobody_takes_all_of_the_api(template):
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage"):
        throttled = {"default": stage.get("DefaultRouteSettings", {})} | {
            key: stage.get("RouteSettings", {}).get(key, {}) for key in PUBLIC_ROUTES
        }
        for key, settings in throttled.items():
            limit = "ApiRequestsPerSecond" if key == "default" else "LinkRequestsPerSecond"
            if settings.get("ThrottlingRateLimit") != {"Ref": limit}:
                yield f"{name} does not limit {key}"


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


def nobody_signs_up(template):
    for name, pool in of_type(template, "AWS::Cognito::UserPool"):
        if not pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly"):
            yield f"{name} lets anyone sign up"
    for name, app in of_type(template, "AWS::Cognito::UserPoolClient"):
        if "email" in app.get("WriteAttributes", ["email"]):
            yield f"{name} lets people change their own address"


def it_runs_in_every_partition(template):
    for text in re.findall(r"amazonaws\.com[^\"]*", json.dumps(template["Resources"])):
        if text != "amazonaws.com":
            yield f"an address of one partition: {text}"
    for arn in re.findall(r"\"arn:aws:[^\"]*", json.dumps(template["Resources"])):
        if not arn.endswith(MANAGED):
            yield f"an ARN of one partition: {arn}"


RULES = [
    each_function_has_a_role_of_its_own,
    roles_are_narrow,
    tables_actions_are_the_ones_each_function_needs,
    statements_name_the_table,
    mail_is_sent_as_one_identity,
    routes_ask_who_is_calling,
    nobody_takes_all_of_the_api,
    links_are_not_logged,
    nobody_signs_up,
    it_runs_in_every_partition,
]
