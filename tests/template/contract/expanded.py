"""Reads the expanded template."""


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


def operations(template):
    """Return the routes of the API's document, by method and path."""
    for _, api in of_type(template, "AWS::ApiGatewayV2::Api"):
        for path, methods in api["Body"]["paths"].items():
            for method, operation in methods.items():
                yield f"{method.upper()} {path}" if path.startswith("/") else path, operation


def of_type(template, kind):
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})
