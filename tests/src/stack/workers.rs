//! The processes that run the functions, and how they are killed.

use std::path::PathBuf;
use std::process::Command;

use aws_sdk_sqs::types::QueueAttributeName;

use super::{PAUSE, Stack, while_it_moves};

/// How often the log is looked at for a worker that was killed, before another is.
const LOOKS: usize = 20;

/// A queue whose messages are redelivered sooner than deployed. Dropping it restores the setting.
#[derive(Debug)]
pub struct RetrySooner<'a> {
    stack: &'a Stack,
    queue: String,
    before: String,
}

impl RetrySooner<'_> {
    fn set(&self, seconds: &str) {
        let sqs = self.stack.aws.sqs();
        let name = QueueAttributeName::VisibilityTimeout;
        let call = sqs.set_queue_attributes().queue_url(&self.queue).attributes(name, seconds);
        self.stack.wait(call.send()).expect("the queue");
    }
}

impl Drop for RetrySooner<'_> {
    fn drop(&mut self) {
        self.set(&self.before);
    }
}

impl Stack {
    /// The address of the queue whose name holds these letters.
    #[must_use]
    pub fn queue(&self, name: &str) -> String {
        let queues = self.wait(self.aws.sqs().list_queues().send()).expect("the queues");
        queues.queue_urls().iter().find(|url| url.contains(name)).expect("the queue").clone()
    }

    /// Redelivers messages of a queue after this many seconds without an answer of their worker.
    #[must_use]
    pub fn retry_sooner(&self, queue: &str, seconds: u32) -> RetrySooner<'_> {
        let queue = self.queue(queue);
        let name = QueueAttributeName::VisibilityTimeout;
        let call = self.aws.sqs().get_queue_attributes().queue_url(&queue).attribute_names(name.clone());
        let answer = self.wait(call.send()).expect("the queue");
        let before = answer.attributes().and_then(|attributes| attributes.get(&name)).expect("a number").clone();
        let retry_sooner = RetrySooner { stack: self, queue, before };
        retry_sooner.set(&seconds.to_string());
        retry_sooner
    }

    /// The ids of the processes that run a function. The local cloud runs each from a folder named by what is in it, so
    /// they are known by their program.
    #[must_use]
    pub fn workers(&self, function: &str) -> Vec<String> {
        let program = std::fs::read(self.folder.join(format!("build/{function}/bootstrap"))).expect("the program");
        let shown = Command::new("ps").args(["-A", "-o", "pid=,args="]).output().expect("ps");
        let shown = String::from_utf8(shown.stdout).expect("text");
        let processes = shown.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
        let ours = processes.filter(|(_, path)| {
            let path = PathBuf::from(path.trim());
            path.starts_with(&self.folder) && std::fs::read(path).is_ok_and(|found| found == program)
        });
        ours.map(|(id, _)| id.to_owned()).collect()
    }

    /// How often a worker of a function ended in the middle of its work, according to the log of the local cloud.
    fn cut_off(&self, function: &str) -> usize {
        let log = std::fs::read(self.folder.join("cloud.log")).expect("the local cloud's log");
        let log = String::from_utf8_lossy(&log);
        let ended = |line: &&str| line.contains(&format!("{function}: Runtime exited before returning a response"));
        log.lines().filter(ended).count()
    }

    /// Kills a worker of a function in the middle of its work. One that happened to be idle does not count.
    #[track_caller]
    pub fn kill_one(&self, function: &str) {
        let before = self.cut_off(function);
        while_it_moves(&format!("a worker of {function} to be killed at work"), || {
            let workers = self.workers(function);
            if let Some(victim) = workers.get(before % workers.len().max(1)) {
                // It may have ended by itself, so whether there was anything to kill does not matter.
                Command::new("kill").args(["-KILL", victim]).status().expect("kill");
            }
            let ended = (0..LOOKS).any(|_| {
                std::thread::sleep(PAUSE);
                self.cut_off(function) > before
            });
            if ended { Ok(()) } else { Err(format!("{} workers", workers.len())) }
        });
    }

    /// How many messages a queue holds, those that are being worked on among them.
    #[must_use]
    pub fn waiting(&self, queue: &str) -> usize {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let call = self.aws.sqs().get_queue_attributes().queue_url(self.queue(queue));
        let answer = self.wait(call.set_attribute_names(Some(names.to_vec())).send()).expect("the queue");
        let held = answer.attributes().expect("numbers").values();
        held.map(|count| count.parse::<usize>().expect("a number")).sum()
    }
}
