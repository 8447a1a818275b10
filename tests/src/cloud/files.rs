//! The bucket: as much of S3 as files need.

use std::collections::BTreeMap;

use super::{Answer, BUCKET, Call};

#[derive(Default)]
pub(super) struct Files {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    begun: usize,
    /// When a lifecycle rule deletes every object, as S3 writes it.
    pub(super) expiry: Option<String>,
}

fn xml(body: &str) -> Answer {
    let headers = vec![("content-type", "application/xml".to_owned())];
    Answer { status: 200, headers, body: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}").into_bytes() }
}

impl Files {
    pub(super) fn put(&mut self, key: &str, bytes: Vec<u8>) {
        self.objects.insert(key.to_owned(), bytes);
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.objects.remove(key);
    }

    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.objects.get(key).cloned()
    }

    pub(super) fn answer(&mut self, call: &Call) -> Answer {
        let key = call.path.strip_prefix(&format!("/{BUCKET}/")).expect("a path in the bucket");
        let key = percent_decode(key);
        let query: BTreeMap<&str, &str> =
            call.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        let etag = |answer: Answer| Answer { headers: vec![("etag", "\"1\"".to_owned())], ..answer };
        let empty = || Answer { status: 200, headers: Vec::new(), body: Vec::new() };
        match (call.method.as_str(), query.get("uploadId"), query.get("partNumber")) {
            ("GET" | "HEAD", _, _) => match self.objects.get(&key) {
                Some(bytes) => {
                    let first = first_byte(&call.range);
                    let rest = bytes.get(first..).filter(|rest| first == 0 || !rest.is_empty());
                    let Some(bytes) = rest else {
                        let error = xml("<Error><Code>InvalidRange</Code><Message>not satisfiable</Message></Error>");
                        return Answer { status: 416, ..error };
                    };
                    let mut length = vec![("content-length", bytes.len().to_string()), ("etag", "\"1\"".to_owned())];
                    let expiry = |date| ("x-amz-expiration", format!("expiry-date=\"{date}\", rule-id=\"people\""));
                    length.extend(self.expiry.as_ref().map(expiry));
                    let body = if call.method == "GET" { bytes.to_vec() } else { Vec::new() };
                    Answer { status: 200, headers: length, body }
                }
                None => Answer {
                    status: 404,
                    ..xml("<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
                },
            },
            ("PUT" | "POST", Some(upload), _) if !self.uploads.contains_key(*upload) => Answer {
                status: 404,
                ..xml("<Error><Code>NoSuchUpload</Code><Message>It was completed or aborted.</Message></Error>")
            },
            ("PUT", Some(upload), Some(part)) => {
                let part = part.parse().expect("a part number");
                self.uploads.entry((*upload).to_owned()).or_default().insert(part, call.body.clone());
                etag(empty())
            }
            ("PUT", _, _) => {
                self.objects.insert(key, call.body.clone());
                etag(empty())
            }
            ("POST", Some(upload), _) => {
                let parts = self.uploads.remove(*upload).unwrap_or_default();
                self.objects.insert(key, parts.into_values().flatten().collect());
                xml("<CompleteMultipartUploadResult><ETag>\"1\"</ETag></CompleteMultipartUploadResult>")
            }
            ("POST", None, _) => {
                self.begun += 1;
                let id = format!("u{}", self.begun);
                self.uploads.insert(id.clone(), BTreeMap::new());
                xml(&format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                ))
            }
            ("DELETE", _, _) => {
                self.objects.remove(&key);
                Answer { status: 204, ..empty() }
            }
            other => panic!("the bucket does not know {other:?}"),
        }
    }
}

/// Where a reader wants to begin: `bytes=5-`, or at the beginning.
fn first_byte(range: &str) -> usize {
    let first = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    first.map_or(0, |first| first.parse().expect("a range to the end"))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| std::str::from_utf8(tail.get(..2)?).ok()).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).expect("a key is text")
}
