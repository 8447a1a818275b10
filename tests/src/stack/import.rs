//! Files, by the doors they come in.

use std::path::Path;

use serde_json::{Value, json};

use super::{Answer, Tenant, until};

/// A file as a test gives it.
#[must_use]
pub fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/samples");
    std::fs::read(folder.join(name)).expect("a sample")
}

/// An announced file and the form it is uploaded with.
#[derive(Debug)]
pub struct Upload {
    pub id: String,
    pub url: String,
    pub fields: Vec<(String, String)>,
}

impl Tenant<'_> {
    /// Announces a file.
    #[must_use]
    #[track_caller]
    pub fn announce(&self, filename: &str, mode: &str, defaults: &Value) -> Upload {
        let request = json!({"filename": filename, "mode": mode, "defaults": defaults});
        let answer = self.post("/imports", &request);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let announced = answer.json();
        assert_eq!(announced["status"], "awaiting_upload");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let fields = announced["upload"]["fields"].as_object().expect("fields");
        Upload {
            id: text(&announced["id"]),
            url: text(&announced["upload"]["url"]),
            fields: fields.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        }
    }

    /// Posts a file with a form.
    #[track_caller]
    pub fn post_upload(&self, upload: &Upload, file: &[u8]) -> Answer {
        let fields: Vec<_> = upload.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.stack.web.post_file(&upload.url, &fields, file)
    }

    /// Announces a file and uploads it as a browser does; returns the import's id.
    #[must_use]
    #[track_caller]
    pub fn upload(&self, filename: &str, mode: &str, defaults: &Value, file: &[u8]) -> String {
        let upload = self.announce(filename, mode, defaults);
        let posted = self.post_upload(&upload, file);
        assert_eq!(posted.status, 204, "{}", posted.text());
        upload.id
    }

    /// Puts a file into the inbox as an operator does; returns the import's id once the import exists.
    #[must_use]
    #[track_caller]
    pub fn drop_into_inbox(&self, filename: &str, file: &[u8]) -> String {
        let ids = || -> Vec<String> {
            self.list("/imports").iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
        };
        let before = ids();
        let (s3, bucket) = (self.stack.aws.s3(), &self.stack.known.upload_bucket);
        let put = s3.put_object().bucket(bucket).key(format!("inbox/{}/{filename}", self.id));
        self.stack.wait(put.body(file.to_vec().into()).send()).expect("an object");
        until("the import to appear", || ids().into_iter().find(|id| !before.contains(id)))
    }

    /// The import, once it is past these.
    #[track_caller]
    fn past(&self, id: &str, statuses: &[&str]) -> Value {
        let path = format!("/imports/{id}");
        until("the import to move on", || {
            let import = self.get(&path).ok();
            (!statuses.iter().any(|status| import["status"] == *status)).then_some(import)
        })
    }

    /// The import, once its file was read.
    #[must_use]
    #[track_caller]
    pub fn planned(&self, id: &str) -> Value {
        self.past(id, &["awaiting_upload", "planning"])
    }

    /// The import, once it is done.
    #[must_use]
    #[track_caller]
    pub fn done(&self, id: &str) -> Value {
        let import = self.past(id, &["awaiting_upload", "planning", "ready", "applying"]);
        assert_eq!(import["status"], "completed", "{import}");
        import
    }

    /// Sends an import as it was reviewed.
    #[track_caller]
    pub fn send_import(&self, import: &Value) -> Answer {
        let id = import["id"].as_str().expect("an id");
        self.post(&format!("/imports/{id}/send"), &json!({"digest": import["digest"]}))
    }
}
