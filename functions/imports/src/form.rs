//! Upload forms: a POST directly to the bucket. They are signed here, because the SDK signs only its own requests.
//!
//! The signed policy allows one object under one exact key, up to a size, for a quarter of an hour, and nothing else.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>

use std::collections::BTreeMap;
use std::fmt;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

/// How long a form can be used.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The credentials that forms are signed with.
#[derive(Clone)]
pub struct Credentials(pub SharedCredentialsProvider);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Makes upload forms.
#[derive(Debug, Clone)]
pub struct UploadForms {
    /// The bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The address a form is posted to.
    pub url: String,
    /// The largest file, in bytes.
    pub largest: u64,
    /// The credentials that forms are signed with. A form grants what they may do, within its policy.
    pub credentials: Credentials,
}

/// A form: post its fields, and the file last, to its address.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Form {
    pub(crate) url: String,
    pub(crate) fields: BTreeMap<&'static str, String>,
    #[serde(skip)]
    pub(crate) expires_at: Timestamp,
}

impl UploadForms {
    pub(crate) async fn form(&self, key: &str, now: Timestamp) -> Result<Form, CredentialsError> {
        Ok(self.sign(&self.credentials.0.provide_credentials().await?, key, now))
    }

    fn sign(&self, keys: &Keys, key: &str, now: Timestamp) -> Form {
        let expires_at = now + LIFETIME;
        let scope = Scope { day: now.strftime("%Y%m%d").to_string(), region: &self.region };
        let mut fields = BTreeMap::from([
            ("key", key.to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", scope.credential(keys.access_key_id())),
            ("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string()),
        ]);
        if let Some(token) = keys.session_token() {
            fields.insert("x-amz-security-token", token.to_owned());
        }
        let policy = BASE64.encode(self.policy(&fields, expires_at).to_string().as_bytes());
        let signature = scope.sign(keys.secret_access_key(), &policy);
        fields.insert("policy", policy);
        fields.insert("x-amz-signature", signature);
        Form { url: self.url.clone(), fields, expires_at }
    }

    /// What a form allows: exactly its own fields, in this bucket, and a file that is neither empty nor too large.
    fn policy(&self, fields: &BTreeMap<&'static str, String>, expires_at: Timestamp) -> Value {
        let exact = fields.iter().map(|(name, value)| json!({*name: value}));
        let more = [json!({"bucket": self.bucket}), json!(["content-length-range", 1, self.largest])];
        json!({"expiration": expires_at.to_string(), "conditions": exact.chain(more).collect::<Vec<_>>()})
    }
}

/// The scope of a signature.
struct Scope<'a> {
    day: String,
    region: &'a str,
}

impl Scope<'_> {
    fn credential(&self, access_key: &str) -> String {
        format!("{access_key}/{}/{}/s3/aws4_request", self.day, self.region)
    }

    fn sign(&self, secret: &str, policy: &str) -> String {
        let parts = [self.day.as_str(), self.region, "s3", "aws4_request"];
        let key = parts.iter().fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
        HEXLOWER.encode(&mac(&key, policy))
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "a key of any length will do")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// The policy of the example in the documentation, byte by byte.
    const DOCUMENTED: &str = concat!(
        "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n",
        "  \"conditions\": [\r\n",
        "    {\"bucket\": \"sigv4examplebucket\"},\r\n",
        "    [\"starts-with\", \"$key\", \"user/user1/\"],\r\n",
        "    {\"acl\": \"public-read\"},\r\n",
        "    {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n",
        "    [\"starts-with\", \"$Content-Type\", \"image/\"],\r\n",
        "    {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n",
        "    {\"x-amz-server-side-encryption\": \"AES256\"},\r\n",
        "    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n",
        "\r\n",
        "    {\"x-amz-credential\": \"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n",
        "    {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},\r\n",
        "    {\"x-amz-date\": \"20151229T000000Z\" }\r\n",
        "  ]\r\n",
        "}",
    );

    #[test]
    fn a_documented_policy_gets_its_documented_signature() {
        let scope = Scope { day: "20151229".to_owned(), region: "us-east-1" };
        assert_eq!(scope.credential(ACCESS_KEY), "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request");
        assert_eq!(
            scope.sign(SECRET, &BASE64.encode(DOCUMENTED.as_bytes())),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    fn form(token: Option<&str>) -> Form {
        let keys = Keys::new(ACCESS_KEY, SECRET, token.map(str::to_owned), None, "test");
        let forms = UploadForms {
            bucket: "files".to_owned(),
            region: "us-east-1".to_owned(),
            url: "https://files.example/".to_owned(),
            largest: 1_000,
            credentials: Credentials(SharedCredentialsProvider::new(keys.clone())),
        };
        forms.sign(&keys, "uploads/a/b/people.csv", "2026-03-02T09:00:00Z".parse().expect("a time"))
    }

    #[test]
    fn a_form_allows_one_object_up_to_a_size_for_a_while() {
        let form = form(None);
        assert_eq!(form.expires_at.to_string(), "2026-03-02T09:15:00Z");
        let policy = BASE64.decode(form.fields["policy"].as_bytes()).expect("base64");
        let policy: Value = serde_json::from_slice(&policy).expect("JSON");
        assert_eq!(
            policy,
            json!({"expiration": "2026-03-02T09:15:00Z", "conditions": [
                {"key": "uploads/a/b/people.csv"},
                {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
                {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20260302/us-east-1/s3/aws4_request"},
                {"x-amz-date": "20260302T090000Z"},
                {"bucket": "files"},
                ["content-length-range", 1, 1_000],
            ]})
        );
    }

    #[test]
    fn a_session_is_part_of_what_is_signed() {
        let (with, without) = (form(Some("session")), form(None));
        assert_eq!(with.fields["x-amz-security-token"], "session");
        assert!(!without.fields.contains_key("x-amz-security-token"));
        assert_ne!(with.fields["x-amz-signature"], without.fields["x-amz-signature"]);
    }
}
