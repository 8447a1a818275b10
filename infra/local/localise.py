"""Changes the expanded template where the emulator differs from AWS. The template knows nothing of this file.

What can only be changed in a deployed stack is in gaps.py.
"""

import re

import settings

# Variables of functions whose values on AWS are addresses of AWS.
VARIABLES = {
    "Imports": {"UPLOAD_URL": {"Fn::Sub": settings.ENDPOINT + "/${UploadBucket}"}},
    "Accept": {"TOKEN_JWKS_URL": {"Fn::Sub": settings.ENDPOINT + "/${UserPool}/.well-known/jwks.json"}},
}
AUTHORIZER = "IdentityToken"


def localise(template):
    for function, variables in VARIABLES.items():
        template["Resources"][function]["Properties"]["Environment"]["Variables"] |= variables
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            # Lambda sets this from LoggingConfig; the emulator does not.
            resource["Properties"]["Environment"]["Variables"]["AWS_LAMBDA_LOG_LEVEL"] = {"Ref": "LogLevel"}
    return for_the_emulator(template)


def for_the_emulator(template):
    """Replace what the emulator cannot deploy, and nothing that a person would notice."""
    resources = template["Resources"]
    for name, resource in list(resources.items()):
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            resources |= routes(name, resource["Properties"].pop("Body"))
            resource["Properties"] |= {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}
        if "ScalingConfig" in resource.get("Properties", {}):
            # A number, as the default is: the emulator keeps parameters as text, and its poller fails on that.
            parameter = resource["Properties"]["ScalingConfig"]["MaximumConcurrency"]["Ref"]
            resource["Properties"]["ScalingConfig"]["MaximumConcurrency"] = template["Parameters"][parameter]["Default"]
        # The emulator knows no alarm over several metrics.
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            del resources[name]
    return template


def routes(api, document):
    """Return the routes, integrations and authorizer of an API's document as resources: the emulator reads no document."""
    scheme = document["components"]["securitySchemes"][AUTHORIZER]["x-amazon-apigateway-authorizer"]
    found = {
        AUTHORIZER: {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": {"Ref": api},
                "Name": AUTHORIZER,
                "AuthorizerType": "JWT",
                "IdentitySource": [scheme["identitySource"]],
                "JwtConfiguration": {
                    "Issuer": scheme["jwtConfiguration"]["issuer"],
                    "Audience": scheme["jwtConfiguration"]["audience"],
                },
            },
        }
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            function = re.search(r"\{(\w+)\.Arn\}", operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]).group(1)
            found[f"{function}Integration"] = {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": {"Ref": api},
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": {"Fn::GetAtt": [function, "Arn"]},
                    "PayloadFormatVersion": "2.0",
                },
            }
            asks = any(AUTHORIZER in allowed for allowed in operation["security"])
            found[route_name(method, path)] = {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": api},
                    "RouteKey": f"{method.upper()} {path}",
                    "Target": {"Fn::Sub": f"integrations/${{{function}Integration}}"},
                }
                | ({"AuthorizationType": "JWT", "AuthorizerId": {"Ref": AUTHORIZER}} if asks else {"AuthorizationType": "NONE"}),
            }
    return found


def route_name(method, path):
    return "".join(word.capitalize() for word in [method, *re.findall(r"\w+", path), "route"])
