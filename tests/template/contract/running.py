"""What runs, what happens when it fails, and who is told."""

import itertools
import json
import re

from contract.expanded import failing_elsewhere, of_type, operations, target

# What is watched: a metric, and what it is of.
WATCHED = {
    ("ApproximateNumberOfMessagesVisible", "MailDeadLetterQueue"),
    ("ApproximateNumberOfMessagesVisible", "ApplyDeadLetterQueue"),
    ("ApproximateNumberOfMessagesVisible", "RelayDeadLetterQueue"),
    ("ApproximateNumberOfMessagesVisible", "UploadDeadLetterQueue"),
    ("ApproximateAgeOfOldestMessage", "MailQueue"),
    ("ApproximateAgeOfOldestMessage", "ApplyQueue"),
    ("IteratorAge", "Relay"),
    ("Invocations", "Sweeper"),
    ("5xx", "ServerlessHttpApi"),
    *itertools.product(("Errors", "Throttles"), ("BulkImport", "ImportApply", "Relay", "Mailer", "Sweeper")),
    ("Reputation.BounceRate", None),
    ("Reputation.ComplaintRate", None),
}


def functions_log_to_a_group_that_forgets(template):
    for name, function in of_type(template, "AWS::Lambda::Function"):
        logging = function.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON":
            yield f"{name} does not log JSON"
        if logging.get("ApplicationLogLevel") != {"Ref": "LogLevel"}:
            yield f"{name} logs at a level that nobody can choose"
        if template["Resources"].get(target(logging.get("LogGroup")), {}).get("Type") != "AWS::Logs::LogGroup":
            yield f"{name} logs to a group that is not the template's"
    levels = template["Parameters"]["LogLevel"]["AllowedValues"]
    if levels != [level.upper() for level in levels]:
        yield "LogLevel is not in the capitals that Lambda knows"
    if template["Parameters"]["LogRetentionDays"]["Default"] < 365:
        yield "LogRetentionDays is short unless somebody remembers to change it"
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
    for key, operation in operations(template):
        integration = operation["x-amazon-apigateway-integration"]
        function = re.search(r"\{(\w+)\.Arn\}", integration["uri"]["Fn::Sub"]).group(1)
        if functions[function].get("Timeout", 3) >= 30:
            yield f"{key}: {function} may run longer than the 30 s the gateway waits"
        if integration.get("payloadFormatVersion") != "2.0":
            yield f"{key} is not payload 2.0"


def everything_that_can_go_wrong_is_watched(template):
    watched = set()
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm"):
        if alarm.get("AlarmActions") != [{"Ref": "AlarmTopic"}]:
            yield f"{name} tells nobody"
        if not alarm.get("AlarmDescription", "").endswith("."):
            yield f"{name} does not say what is wrong"
        metrics = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
        for metric in metrics or [alarm]:
            of = metric.get("Dimensions", [{"Value": None}])[0]["Value"]
            watched.add((metric["MetricName"], target(of)))
    for metric, of in sorted(WATCHED - watched, key=str):
        yield f"nobody watches {metric} of {of}"


def functions_that_call_themselves_may(template):
    """Lambda stops a chain of 16 calls; these two put work back into their own queue, for good reasons."""
    for name, function in of_type(template, "AWS::Lambda::Function"):
        if (function.get("RecursiveLoop") == "Allow") != (name in ("ImportApply", "Mailer")):
            yield f"{name} is stopped, or not stopped, as a loop"


RULES = [
    functions_log_to_a_group_that_forgets,
    event_sources_report_what_failed,
    queues_lose_nothing,
    jobs_are_hidden_while_they_are_worked_on,
    http_functions_answer_before_the_gateway_gives_up,
    everything_that_can_go_wrong_is_watched,
    functions_that_call_themselves_may,
]
