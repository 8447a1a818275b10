use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

/// A key made from one repeated byte, wrapped as PKCS #8.
fn key(byte: u8) -> EncodingKey {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([byte; 32]);
    EncodingKey::from_ed_der(&der)
}

fn tokens() -> Tokens {
    let mut public = Jwk::from_encoding_key(&key(1), Algorithm::EdDSA).expect("a public key");
    public.common.key_id = Some("k+1/=".to_owned());
    let keys = TokenKeys::Fixed(Arc::new(JwkSet { keys: vec![public] }));
    Tokens { issuer: "https://issuer.example".to_owned(), audience: "usher".to_owned(), keys }
}

fn claims() -> Value {
    json!({"iss": "https://issuer.example", "aud": "usher", "exp": NOW + 600, "token_use": "id",
        "email": "Ada@Example.com", "email_verified": true})
}

fn signed(claims: &Value, kid: &str, with: &EncodingKey) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, with).expect("a token")
}

async fn verify(token: &str) -> Result<String, TokenError> {
    let now = Timestamp::from_second(NOW).expect("a time");
    tokens().verify(token, now).await.map(|email| email.canonical().to_owned())
}

#[tokio::test]
async fn a_token_of_the_issuer_names_a_person() {
    assert_eq!(verify(&signed(&claims(), "k+1/=", &key(1))).await, Ok("ada@example.com".to_owned()));
    let mut as_text = claims();
    as_text["email_verified"] = json!("true");
    assert!(verify(&signed(&as_text, "k+1/=", &key(1))).await.is_ok());
}

#[tokio::test]
async fn every_other_token_names_nobody() {
    for (member, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("another-application")),
        ("exp", json!(NOW - 61)),
        ("nbf", json!(NOW + 61)),
        ("token_use", json!("entitlements")),
        ("email", json!("not an address")),
        ("email_verified", json!(false)),
        ("email_verified", json!("false")),
    ] {
        let mut wrong = claims();
        wrong[member] = value.clone();
        assert_eq!(verify(&signed(&wrong, "k+1/=", &key(1))).await, Err(TokenError::Refused), "{member} {value}");
    }
    for member in ["iss", "aud", "exp", "email", "email_verified"] {
        let mut without = claims();
        without.as_object_mut().expect("an object").remove(member);
        assert_eq!(verify(&signed(&without, "k+1/=", &key(1))).await, Err(TokenError::Refused), "no {member}");
    }
}

#[tokio::test]
async fn a_signature_of_somebody_else_is_none() {
    assert_eq!(verify(&signed(&claims(), "k+1/=", &key(2))).await, Err(TokenError::Refused));
    assert_eq!(verify(&signed(&claims(), "unknown", &key(1))).await, Err(TokenError::Refused));
    let shared = Header { kid: Some("k+1/=".to_owned()), ..Header::new(Algorithm::HS256) };
    let shared = encode(&shared, &claims(), &EncodingKey::from_secret(b"guessed")).expect("a token");
    assert_eq!(verify(&shared).await, Err(TokenError::Refused));
    let good = signed(&claims(), "k+1/=", &key(1));
    let (content, _) = good.rsplit_once('.').expect("a signature");
    for text in ["", "x.y.z", &format!("{content}."), &format!("{content}.AAAA")] {
        assert_eq!(verify(text).await, Err(TokenError::Refused), "{text}");
    }
}
