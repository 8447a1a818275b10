//! The functions of a deployment. Each is built as its `main` builds it, and limited to its own role.

use std::sync::Arc;

use axum::Router;
use http::Method;
use usher_app::import::ImportPlanning;
use usher_http::{Api, Groups};
use usher_import_files::Bucket;
use usher_runtime::LinkKeySource;
use usher_store::Store;

use super::{Acme, World};
use crate::cloud::{BUCKET, TABLE};
use crate::template;

/// The largest file that an import accepts here, in bytes.
pub const LARGEST_FILE: u64 = 10_000_000;

fn queue(name: &str) -> String {
    format!("http://cloud.invalid/000000000000/{name}")
}

impl World {
    fn store_of(&self, function: &str) -> Store {
        Store::new(self.cloud.aws_of(function).dynamodb(), TABLE)
    }

    fn api(&self, function: &str) -> Api {
        let groups = Groups { operators: "operators".to_owned() };
        Api { store: self.store_of(function), clock: self.clock.clone(), groups }
    }

    pub(super) fn router(&self, path: &str, method: &Method) -> Router {
        let segments: Vec<&str> = path.split(['/', '?']).filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            ["v1", "orgs", _, "invitations"] if method == Method::POST => invite::router(self.api("Invite")),
            ["v1", "orgs", _, "invitations" | "members", ..] => manage::router(self.api("Manage")),
            ["v1", "orgs", _, "imports", ..] => imports::router(self.api("Imports"), self.imports()),
            ["i", ..] => accept::router(self.accept()),
            ["v1", "orgs", ..] => organisations::router(self.api("Organisations")),
            _ => panic!("no function serves {method} {path}"),
        }
    }

    fn keys(&self, function: &str) -> LinkKeySource {
        LinkKeySource::new(self.cloud.aws_of(function).secrets(), "link-keys".to_owned())
    }

    fn imports(&self) -> imports::Imports {
        let url = "http://cloud.invalid/uploads".to_owned();
        imports::Imports::new(&self.cloud.aws_of("Imports"), BUCKET, url, LARGEST_FILE).expect("a configuration")
    }

    /// The function behind the public pages. It rejects every token, because its issuer publishes no key.
    #[must_use]
    pub fn accept(&self) -> accept::Accept {
        let client = self.cloud.aws_of("Accept").cognito();
        let pool = accept::Pool { client, pool: "pool".to_owned(), app: "app".to_owned() };
        accept::Accept {
            store: self.store_of("Accept"),
            clock: self.clock.clone(),
            keys: self.keys("Accept"),
            accounts: accept::Accounts::Pool(pool),
            tokens: accept::Tokens {
                issuer: "https://issuer.example".to_owned(),
                audience: "app".to_owned(),
                keys: accept::TokenKeys::Fixed(Arc::new(jsonwebtoken::jwk::JwkSet { keys: Vec::new() })),
            },
        }
    }

    #[must_use]
    pub fn relay(&self) -> relay::Relay {
        let sqs = self.cloud.aws_of("Relay").sqs();
        relay::Relay { sqs, mail_queue: queue("mail"), apply_queue: queue("apply") }
    }

    #[must_use]
    pub fn mailer(&self) -> mailer::Mailer {
        let aws = self.cloud.aws_of("Mailer");
        mailer::Mailer {
            store: self.store_of("Mailer"),
            ses: aws.ses(),
            sqs: aws.sqs(),
            keys: self.keys("Mailer"),
            clock: self.clock.clone(),
            settings: mailer::Settings {
                mail_queue: queue("mail"),
                public_url: "https://usher.example".to_owned(),
                from: "invitations@usher.example".to_owned(),
                configuration_set: "usher".to_owned(),
            },
            pace: mailer::Pace::new(2),
        }
    }

    #[must_use]
    pub fn bulk_import(&self) -> ImportPlanning {
        ImportPlanning {
            store: self.store_of("BulkImport"),
            bucket: Bucket::new(self.cloud.aws_of("BulkImport").s3(), BUCKET),
            clock: self.clock.clone(),
            largest_file: Some(LARGEST_FILE),
            progress_bytes: bulk_import::PROGRESS_BYTES,
        }
    }

    #[must_use]
    pub fn import_apply(&self) -> import_apply::ImportApply {
        let (store, aws) = (self.store_of("ImportApply"), self.cloud.aws_of("ImportApply"));
        import_apply::ImportApply::new(store, &aws, BUCKET, queue("apply"), self.clock.clone())
    }
}

impl Acme {
    #[must_use]
    pub fn sweeper(&self) -> sweeper::Sweeper {
        let sqs = self.world.cloud.aws_of("Sweeper").sqs();
        let queues = sweeper::Queues::new(sqs, queue("mail"), queue("apply"));
        let (store, clock) = (self.world.store_of("Sweeper"), self.world.clock.clone());
        let deadline = clock.now() + template::timeout("Sweeper");
        sweeper::Sweeper { store, clock, queues, deadline }
    }
}
