//! How many instructions a function takes to start and to answer, as valgrind counts them. The function is the program
//! that is deployed: started as Lambda starts it, with the cloud behind TLS.

mod baseline;
mod lambda;
mod programs;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};
use usher_tests::cloud::CloudServer;

pub use baseline::{FUNCTIONS, check};
use lambda::Lambda;
use programs::Program;

/// How many requests tell what one more costs.
const MORE: usize = 10;

/// How often a process is started until it meets no time limit of a call.
const ATTEMPTS: usize = 5;

/// What a function costs, in instructions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instructions {
    /// From the start of the process to its first answer, with every handshake.
    pub first_answer: u64,
    /// Each answer after that.
    pub next_answer: u64,
}

/// Counts for the program of a function in this folder.
pub async fn count(folder: &Path, function: &str) -> Instructions {
    let first_answer = counted(folder, function, 1).await;
    let more = counted(folder, function, 1 + MORE).await;
    Instructions { first_answer, next_answer: (more - first_answer) / MORE as u64 }
}

/// The instructions of a process that answers this many requests.
async fn counted(folder: &Path, function: &str, requests: usize) -> u64 {
    let program = Program::of(function, requests).await;
    for _ in 0..ATTEMPTS {
        if let Some(instructions) = attempt(&folder.join(function), &program).await {
            return instructions;
        }
    }
    panic!("in {ATTEMPTS} attempts {function} always opened a connection in a request, not only at its start");
}

/// `None` if a connection was opened after the start: also on a machine so busy that the first ones met their time limit.
async fn attempt(binary: &Path, program: &Program) -> Option<u64> {
    let server = program.world.cloud.serve().await;
    let mut lambda = Lambda::start(program.events.clone()).await;
    let scratch = std::env::temp_dir().join(format!("usher-instructions-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("a folder");
    let counts = scratch.join("counts");
    let mut process = start(binary, &counts, program, &server, &lambda.address);
    lambda.ready().await;
    let opened = server.handshakes();
    let mut answers = Vec::new();
    for _ in &program.events {
        answers.push(lambda.answer().await);
    }
    stop(&mut process);
    let text = std::fs::read_to_string(&counts).expect("what valgrind counted");
    std::fs::remove_dir_all(&scratch).expect("the folder");
    if server.handshakes() != opened {
        return None;
    }
    for answer in answers {
        let body = answer["body"].as_str().unwrap_or_default();
        assert!(answer["statusCode"] == 200 && body.contains(program.expected), "{answer}");
    }
    let total = text.lines().find_map(|line| line.strip_prefix("summary: ")).expect("a sum");
    Some(total.trim().parse().expect("a number"))
}

fn start(binary: &Path, counts: &Path, program: &Program, server: &CloudServer, lambda: &str) -> Child {
    let authority = counts.with_extension("pem");
    std::fs::write(&authority, &server.authority).expect("a file");
    let mut command = Command::new("valgrind");
    command
        // Of valgrind's tools that count instructions the fastest, so that no time limit of a call is met.
        .args(["--quiet", "--tool=cachegrind", "--cache-sim=no"])
        .arg(format!("--cachegrind-out-file={}", counts.display()))
        // What it says of the machine's caches.
        .arg(format!("--log-file={}", counts.with_extension("log").display()))
        .arg(binary)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_CA_BUNDLE", authority)
        .env("AWS_ENDPOINT_URL", &server.url)
        .env("AWS_LAMBDA_RUNTIME_API", lambda)
        .envs(program.environment.iter().copied())
        .stdout(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("valgrind counts the instructions, and cannot be started: {error}"))
}

/// Asks it to end, so that what was counted is written.
fn stop(process: &mut Child) {
    let asked = Command::new("sh").args(["-c", "kill \"$0\"", &process.id().to_string()]).status();
    assert!(asked.expect("a shell").success(), "it has ended before");
    process.wait().expect("its end");
}
