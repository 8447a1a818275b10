//! What the functions logged, and functions called by hand: over plain HTTP, since no program here needs these clients.

use aws_sdk_sqs::types::QueueAttributeName;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Stack, until};

/// The most lines of one answer.
const MOST_EVENTS: usize = 10_000;

impl Stack {
    /// A request to AWS as the local cloud's root, whose signature it does not check.
    fn ask_aws(&self, service: &str, path: &str, target: Option<&str>, body: &Value) -> Answer {
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.known.region);
        let root = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let mut headers = vec![("authorization", root.as_str()), ("content-type", "application/x-amz-json-1.1")];
        headers.extend(target.map(|target| ("x-amz-target", target)));
        let address = format!("{}{path}", self.known.endpoint_url);
        self.web.send(Method::POST, &address, &headers, Some(body.to_string().into_bytes()))
    }

    /// A call of the log service. The local cloud fails while a function logs at the same moment, and then recovers.
    fn logs(&self, operation: &str, request: &Value) -> Value {
        let target = format!("Logs_20140328.{operation}");
        let ask = || self.ask_aws("logs", "/", Some(&target), request);
        until("an answer of the log service", || Some(ask()).filter(|answer| answer.status != 500)).ok()
    }

    /// The names of all log groups; there are fewer than a page of them.
    #[must_use]
    pub fn log_groups(&self) -> Vec<String> {
        let groups = self.logs("DescribeLogGroups", &json!({}));
        let groups = groups["logGroups"].as_array().expect("a list");
        groups.iter().map(|group| group["logGroupName"].as_str().expect("a name").to_owned()).collect()
    }

    /// Every line of a log group since a moment.
    #[must_use]
    pub fn log_lines(&self, group: &str, since: Timestamp) -> Vec<String> {
        let (mut lines, mut from) = (Vec::new(), since.as_millisecond());
        loop {
            let request = json!({"logGroupName": group, "startTime": from, "limit": MOST_EVENTS});
            let page = self.logs("FilterLogEvents", &request);
            let events = page["events"].as_array().expect("a list");
            lines.extend(events.iter().map(|event| event["message"].as_str().expect("text").to_owned()));
            // The local cloud gives no place to go on from, so it is the time of the last line.
            let last = events.last().filter(|_| events.len() == MOST_EVENTS);
            let Some(last) = last.and_then(|event| event["timestamp"].as_i64()) else { return lines };
            assert!(last > from, "more lines in a millisecond than fit on a page");
            from = last;
        }
    }

    /// The dead-letter queues, and how many messages each holds.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<(String, usize)> {
        let sqs = self.aws.sqs();
        let queues = self.wait(sqs.list_queues().send()).expect("the queues");
        let dead = queues.queue_urls().iter().filter(|url| url.contains("DeadLetter"));
        let held = |url: &String| {
            let name = QueueAttributeName::ApproximateNumberOfMessages;
            let call = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone());
            let answer = self.wait(call.send()).expect("the queue");
            let held = answer.attributes().and_then(|attributes| attributes.get(&name)).expect("a number");
            (url.clone(), held.parse().expect("a number"))
        };
        let held: Vec<_> = dead.map(held).collect();
        assert!(!held.is_empty());
        held
    }

    /// Calls the sweeper by hand and waits for its answer.
    #[must_use]
    pub fn sweep(&self, event: &Value) -> Answer {
        let path = format!("/2015-03-31/functions/{}/invocations", self.known.sweeper);
        self.ask_aws("lambda", &path, None, event)
    }
}
