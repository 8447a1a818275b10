//! The contract: what is deployed is in it, what is in it is true.

mod contract;

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::body::Body;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, Acme, LARGEST_FILE, OPERATOR, Reply};

use contract::{Contract, Operation, Seen, Watched};

#[test]
fn the_contract_has_exactly_the_routes_that_are_deployed() {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let template = std::fs::read_to_string(template).expect("the template");
    let keys = template.lines().filter_map(|line| line.trim().strip_prefix("RouteKey:"));
    let deployed: BTreeSet<Operation> = keys
        .map(|key| key.trim().trim_matches(['"', '\'']).split_once(' ').expect("a method and a path"))
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(Contract::read().operations(), deployed);
}

#[tokio::test]
async fn the_functions_answer_exactly_the_routes_of_the_contract() {
    let contract = Contract::read();
    let operations = contract.operations();
    let acme = World::new().acme(10).await;
    let id = acme.invite("jo@x.example").await["id"].as_str().expect("an id").to_owned();
    acme.world.settle().await;
    let token = acme.world.mail_to("jo@x.example").token();
    let paths: BTreeSet<&String> = operations.iter().map(|(_, path)| path).collect();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let filled = path.replace("{org}", &acme.id.to_string()).replace("{id}", &id).replace("{token}", &token);
            // Nobody: a route that is there asks who it is, and one that is not has nothing to ask.
            let request = Request::builder().method(method).uri(&filled).body(Body::empty()).expect("a request");
            let served = acme.world.send(request).await.status != 404;
            let documented = operations.contains(&(method.to_owned(), path.clone()));
            assert_eq!(served, documented, "{method} {path}");
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    fn walk(contract: &Contract, place: &str, value: &Value, count: &mut usize) {
        if let Some(schema) = value.get("schema") {
            let several = value["examples"].as_object().into_iter().flatten().map(|(_, one)| &one["value"]);
            for example in value.get("example").into_iter().chain(several) {
                let faults = contract.faults(schema, example);
                assert!(faults.is_empty(), "{place}\n{}", faults.join("\n"));
                *count += 1;
            }
        } else if let Some(example) = value.get("example").filter(|_| value.get("type").is_some()) {
            let faults = contract.faults(value, example);
            assert!(faults.is_empty(), "{place}\n{}", faults.join("\n"));
            *count += 1;
        }
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(contract, &format!("{place}/{name}"), value, count));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(contract, place, value, count)),
            _ => {}
        }
    }
    let contract = Contract::read();
    let mut count = 0;
    walk(&contract, "", &contract.0, &mut count);
    assert!(count > 25, "{count}");
}

/// Without this, a member that nobody described would pass.
#[test]
fn no_answer_may_have_members_that_are_not_described() {
    fn walk(place: &str, value: &Value) {
        // Parts of others, which are closed where they are used.
        if ["/ProblemMembers", "/OrganisationMembers", "/Person"].contains(&place) {
            return;
        }
        let object = value["type"] == "object" || value["type"][0] == "object" || value["allOf"].is_array();
        if object && value.get("properties").is_some() {
            let closed = value["additionalProperties"] == false || value["unevaluatedProperties"] == false;
            assert!(closed, "{place} is open");
        }
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| walk(&format!("{place}/{name}"), value)),
            Value::Array(items) => items.iter().for_each(|value| walk(place, value)),
            _ => {}
        }
    }
    let contract = Contract::read();
    walk("", &contract.0["components"]["schemas"]);
    let invitation = json!({"$ref": "#/components/schemas/Invitation"});
    let example = &contract.0["components"]["responses"]["Invitation"]["content"]["application/json"]["example"];
    assert_eq!(contract.faults(&invitation, example), [""; 0]);
    let mut more = example.clone();
    more["token"] = json!("secret");
    assert_ne!(contract.faults(&invitation, &more), [""; 0]);
}

/// What nothing but bad luck, two million people or another kind of deployment brings about.
const NOT_BROUGHT_ABOUT: [&str; 7] = [
    "changed_meanwhile",
    "organisation_gone",
    "request_in_progress",
    "sign_in_required",
    "too_many_attempts",
    "too_many_people",
    "wrong_account",
];

#[tokio::test]
async fn every_answer_is_as_the_contract_says_and_what_it_says_happens() {
    let contract = Contract::read();
    let seen = Mutex::new(Seen::default());
    let world = || Watched { world: World::new(), contract: &contract, seen: &seen };
    organisations(&world()).await;
    invitations(&world()).await;
    steps(&world()).await;
    members(&world()).await;
    who_may(&world()).await;
    odd_requests(&world()).await;
    imports(&world()).await;
    import_steps(&world()).await;
    refused_files(&world()).await;
    pages(&world()).await;
    dead_links(&world()).await;

    let seen = seen.into_inner().expect("what was seen");
    for operation in contract.operations() {
        let statuses = contract.operation(&operation)["responses"].as_object().expect("responses").keys();
        for status in statuses.map(|status| status.parse::<u16>().expect("a status")).filter(|status| *status < 400) {
            assert!(seen.answers.contains(&(operation.clone(), status)), "{operation:?} never answered {status}");
        }
    }
    let unseen: Vec<_> = contract.codes().difference(&seen.codes).cloned().collect();
    assert_eq!(unseen, NOT_BROUGHT_ABOUT);
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The codes of a refusal's errors.
#[track_caller]
fn errors(reply: &Reply) -> BTreeSet<String> {
    assert_eq!(reply.refusal(), (422, "invalid_request".to_owned()), "{}", reply.text);
    let document = reply.json();
    document["errors"].as_array().expect("errors").iter().map(|error| text(&error["code"])).collect()
}

/// Ada leads here, and there are owners above her.
async fn ranks(watched: &Watched<'_>) -> Acme {
    let roles = json!({"owner": {"rank": 40, "can_invite": true}, "lead": {"rank": 20, "can_invite": true},
        "member": {"rank": 10}});
    let body = json!({"name": "Ranks", "seats": 100, "roles": roles, "teams": ["SMB"], "products": {"mos_enable": {}},
        "courses": [{"slug": "value-pyramid"}], "admins": [{"email": ADMIN, "role": "lead"}, {"email": "olga@x.example"}]});
    let created = watched.call(OPERATOR, Method::POST, "/v1/orgs", body).await.ok();
    let id = text(&created["id"]).parse().expect("an id");
    watched.world.join(id, ADMIN).await;
    Acme { world: watched.world.clone(), id }
}

/// The admin's requests to one organisation.
struct Desk<'a> {
    watched: &'a Watched<'a>,
    acme: Acme,
}

impl Desk<'_> {
    async fn get(&self, rest: &str) -> Reply {
        self.watched.call(ADMIN, Method::GET, &self.acme.path(rest), Value::Null).await
    }

    async fn post(&self, rest: &str, body: Value) -> Reply {
        self.watched.call(ADMIN, Method::POST, &self.acme.path(rest), body).await
    }

    async fn patch(&self, rest: &str, body: Value) -> Reply {
        self.watched.call(ADMIN, Method::PATCH, &self.acme.path(rest), body).await
    }

    /// Invites one person; the path of the invitation.
    async fn invite(&self, email: &str) -> String {
        let body = json!({"invitations": [{"email": email, "name": "Some Body", "role": "sales_rep"}]});
        let results = self.post("/invitations", body).await.ok();
        format!("/invitations/{}", text(&results["results"][0]["id"]))
    }

    /// Announces a file, uploads it, has it read; the path of the import.
    async fn import(&self, body: Value, file: impl Into<Vec<u8>>) -> String {
        let announced = self.post("/imports", body).await.ok();
        let key = text(&announced["upload"]["fields"]["key"]);
        self.acme.world.cloud.put_file(&key, file);
        self.acme.world.file_arrived(&key, "v1").await;
        format!("/imports/{}", text(&announced["id"]))
    }

    /// The link that was mailed to somebody.
    async fn link(&self, email: &str) -> String {
        self.acme.world.settle().await;
        format!("/i/{}", self.acme.world.mail_to(email).token())
    }
}

async fn desk<'a>(watched: &'a Watched<'a>, seats: u32) -> Desk<'a> {
    Desk { acme: watched.acme(seats).await, watched }
}

async fn organisations(watched: &Watched<'_>) {
    let request = watched.contract.request("createOrganisation", None);
    let create = async |who: &str, body: Value| watched.call(who, Method::POST, "/v1/orgs", body).await;
    let created = create(OPERATOR, request.clone()).await;
    assert_eq!((created.status.as_u16(), &created.json()["admins_invited"]), (201, &json!(1)));
    assert_eq!(create(ADMIN, request).await.refusal().1, "not_an_operator");
    let crowded = json!({"name": "Crowded", "seats": 0, "admins": [{"email": ADMIN}]});
    assert_eq!(errors(&create(OPERATOR, crowded).await), ["capacity_exceeded".to_owned()].into());
    let wrong = json!({
        "name": "Visit evil.example", "roles": [{"name": "a b", "rank": 1}, {"name": "x", "rank": 2}, {"name": "X", "rank": 2}],
        "teams": (0..120).map(|n| format!("Team {n}")).collect::<Vec<_>>(), "products": {"": {}},
        "courses": [{"slug": "a/b"}], "invitation_seconds": 1, "dashboard_url": "javascript:alert(1)",
        "default_role": "nobody", "admins": [{"email": "x", "role": "x"}, {"email": "a@x.example", "role": "x"}],
    });
    let codes = errors(&create(OPERATOR, wrong).await);
    for code in
        ["text_invalid", "name_twice", "no_admin_role", "role_not_admin", "too_many", "duration_invalid", "url_invalid"]
    {
        assert!(codes.contains(code), "{code} in {codes:?}");
    }
    let colourful = json!({"name": "Acme", "teams": [{"name": "One", "colour": "red"}]});
    assert_eq!(create(OPERATOR, colourful).await.refusal(), (422, "invalid_request".into()));

    let id = text(&created.json()["id"]);
    watched.world.join(id.parse().expect("an id"), ADMIN).await;
    let path = format!("/v1/orgs/{id}");
    for who in [ADMIN, OPERATOR] {
        let _ = watched.call(who, Method::GET, &path, Value::Null).await.ok();
    }
    let change = async |who: &str, body: Value| watched.call(who, Method::PATCH, &path, body).await;
    let _ = change(ADMIN, watched.contract.request("changeOrganisation", Some("settings"))).await.ok();
    let limits = watched.contract.request("changeOrganisation", Some("limits"));
    assert_eq!(change(ADMIN, limits.clone()).await.refusal().1, "not_an_operator");
    assert_eq!(change(OPERATOR, limits).await.ok()["capacity"]["seats"]["limit"], 300);
    let unknown = json!({"product_limits": {"none": 1}, "course_limits": {"none": null}});
    assert_eq!(errors(&change(OPERATOR, unknown).await).len(), 2);
    assert_eq!(change(ADMIN, json!({"nmae": "x"})).await.refusal().0, 422);
}

async fn invitations(watched: &Watched<'_>) {
    let desk = desk(watched, 100).await;
    for name in ["people", "pasted"] {
        let request = watched.contract.request("invite", Some(name));
        let results = desk.post("/invitations", request).await.ok();
        let rejected = |result: &Value| result["outcome"] == "rejected";
        assert!(!results["results"].as_array().expect("results").iter().any(rejected), "{results}");
    }
    let long = "x".repeat(65);
    let people = json!([
        {"email": ADMIN, "role": "admin"}, {"email": "john@company.com", "role": "admin"},
        {"email": "", "role": "admin"}, {"email": "x", "role": "admin"}, {"email": "a b@x.example", "role": "admin"},
        {"email": "a\u{200b}@x.example", "role": "admin"}, {"email": "å@x.example", "role": "admin"},
        {"email": "a@x", "role": "admin"}, {"email": format!("{long}@x.example"), "role": "admin"},
        {"email": "a@x.example", "role": "admin", "name": long}, {"email": "a@x.example", "name": "<b>"},
        {"email": "a@x.example", "role": "none", "team": "Entreprise", "name": "a\u{0}b", "first_name": "evil.example"},
        {"email": "a@x.example", "products": ["none"], "courses": ["none"], "role": "admin"},
    ]);
    let results = desk.post("/invitations", json!({"invitations": people})).await.ok();
    let outcomes: Vec<_> =
        results["results"].as_array().expect("results").iter().map(|one| text(&one["outcome"])).collect();
    assert_eq!((outcomes[0].as_str(), outcomes[1].as_str()), ("already_member", "already_invited"));
    assert!(outcomes[2..].iter().all(|outcome| outcome == "rejected"), "{results}");
    let pasted = desk.post("/invitations", json!({"emails": "John; x@x.example", "role": "manager"})).await.ok();
    assert_eq!(
        (&pasted["results"][0]["outcome"], &pasted["results"][1]["outcome"]),
        (&json!("rejected"), &json!("invited"))
    );

    let person =
        |n: usize| json!({"email": format!("p{n}@x.example"), "role": "manager", "products": ["mos_opportunity"]});
    let many = |count: usize| json!({"invitations": (0..count).map(person).collect::<Vec<_>>()});
    assert_eq!(desk.post("/invitations", many(4)).await.refusal(), (409, "capacity_exceeded".into()));
    for (body, code) in [
        (json!({"invitations": []}), "empty_list"),
        (many(501), "too_many"),
        (json!({}), "one_of"),
        (json!({"invitations": [{"email": "a@x.example"}], "role": "manager"}), "misplaced_field"),
    ] {
        assert_eq!(errors(&desk.post("/invitations", body).await), [code.to_owned()].into());
    }

    for query in [
        "",
        "?status=held",
        "?limit=1",
        "?email=JOHN@company.com",
        "?team=enterprise&status=pending",
        "?email=no@x.example",
    ] {
        let _ = desk.get(&format!("/invitations{query}")).await.ok();
    }
    let next = text(&desk.get("/invitations?limit=2").await.ok()["next"]);
    assert_eq!(
        desk.get(&format!("/invitations?limit=2&next={next}")).await.ok()["items"].as_array().map(Vec::len),
        Some(2)
    );
    for list in ["/invitations", "/members"] {
        for (query, code) in [
            ("limit=0", "limit_invalid"),
            ("next=%25", "next_invalid"),
            ("colour=red", "query_invalid"),
            ("status=nope", "status_unknown"),
            ("team=Atlantis", "team_unknown"),
            ("import=x", "import_invalid"),
            ("email=x", "email_without_domain"),
        ] {
            assert_eq!(errors(&desk.get(&format!("{list}?{query}")).await), [code.to_owned()].into());
        }
    }
}

async fn steps(watched: &Watched<'_>) {
    let desk = desk(watched, 3).await;
    let one = desk.invite("a@x.example").await;
    let _ = desk.get(&one).await.ok();
    watched.world.settle().await;
    assert_eq!(desk.get(&one).await.ok()["mail"]["state"], "sent");
    let _ = desk.patch(&one, watched.contract.request("editInvitation", None)).await.ok();
    let _ = desk.patch(&one, json!({"name": null, "first_name": "Ann", "team": null, "job_title": null})).await.ok();
    assert_eq!(errors(&desk.patch(&one, json!({"role": "none", "courses": ["none"]})).await).len(), 2);
    assert_eq!(desk.patch(&one, json!({"email": "b@x.example"})).await.refusal().0, 422);
    assert_eq!(desk.post(&format!("{one}/resend"), Value::Null).await.ok()["generation"], 2);
    assert_eq!(desk.post(&format!("{one}/revoke"), Value::Null).await.ok()["status"], "revoked");
    assert_eq!(desk.patch(&one, json!({"role": "admin"})).await.refusal(), (409, "revoked".into()));
    let other = desk.invite("b@x.example").await;
    let _ = desk.invite("c@x.example").await;
    assert_eq!(desk.post(&format!("{one}/resend"), Value::Null).await.refusal(), (409, "capacity_exceeded".into()));
    let crowd = json!({"courses": ["Meddicc-go-live-plan"], "products": ["mos_opportunity"]});
    let limits = json!({"course_limits": {"Meddicc-go-live-plan": 0}});
    let _ = watched.call(OPERATOR, Method::PATCH, &desk.acme.path(""), limits).await.ok();
    // Only what is given in addition is in the arithmetic: no seat.
    let refused = desk.patch(&other, crowd).await;
    assert_eq!((refused.refusal().1.as_str(), refused.json()["capacity"].get("seats")), ("capacity_exceeded", None));
    watched.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(desk.get(&other).await.ok()["status"], "expired");
    assert_eq!(desk.patch(&other, json!({"role": "admin"})).await.refusal(), (409, "expired".into()));

    let ranks = Desk { acme: ranks(watched).await, watched };
    let owner = text(&ranks.get("/invitations?email=olga@x.example").await.ok()["items"][0]["id"]);
    let refused = json!({"invitations": [{"email": "a@x.example", "role": "owner"}, {"email": "b@x.example"}]});
    let results = ranks.post("/invitations", refused).await.ok();
    assert_eq!(results["results"][0]["problem"]["code"], "role_above_own");
    assert_eq!(results["results"][1]["problem"]["code"], "role_missing");
    for step in ["resend", "revoke"] {
        let reply = ranks.post(&format!("/invitations/{owner}/{step}"), Value::Null).await;
        assert_eq!(reply.refusal(), (403, "role_above_own".into()));
    }
    assert_eq!(ranks.patch(&format!("/invitations/{owner}"), json!({"role": "member"})).await.refusal().0, 403);
    watched.world.join(ranks.acme.id, "olga@x.example").await;
    for step in ["deactivate", "reactivate"] {
        let reply = ranks.post(&format!("/members/{owner}/{step}"), Value::Null).await;
        assert_eq!(reply.refusal(), (403, "role_above_own".into()));
    }
}

async fn members(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let one = desk.invite("a@x.example").await;
    let member = one.replace("invitations", "members");
    assert_eq!(desk.get(&member).await.refusal().0, 404);
    assert_eq!(desk.post(&format!("{member}/deactivate"), Value::Null).await.refusal().0, 404);
    let link = desk.link("a@x.example").await;
    let form = json!({"password": "seven green kettles", "phone": "+44 20 7946 0123"});
    let _ = watched.visit(Method::POST, &link, form).await.ok();
    assert_eq!(desk.get(&member).await.ok()["phone"], "+44 20 7946 0123");
    for query in ["", "?status=active", "?status=deactivated", "?limit=1", "?email=a@x.example"] {
        let _ = desk.get(&format!("/members{query}")).await.ok();
    }
    assert_eq!(desk.get(&one).await.ok()["status"], "accepted");
    for step in ["resend", "revoke"] {
        assert_eq!(desk.post(&format!("{one}/{step}"), Value::Null).await.refusal().1, "already_accepted");
    }
    assert_eq!(desk.patch(&one, json!({"role": "admin"})).await.refusal().1, "already_accepted");
    assert_eq!(desk.post(&format!("{member}/deactivate"), Value::Null).await.ok()["status"], "deactivated");
    assert_eq!(desk.post(&format!("{one}/resend"), Value::Null).await.refusal().1, "deactivated_member");
    assert_eq!(desk.post(&format!("{member}/reactivate"), Value::Null).await.ok()["status"], "active");
    let own = text(&desk.get(&format!("/members?email={ADMIN}")).await.ok()["items"][0]["id"]);
    assert_eq!(desk.post(&format!("/members/{own}/deactivate"), Value::Null).await.refusal().1, "own_membership");
}

/// Every operation on an organisation refuses who is nobody, a stranger, no admin, or shut out.
async fn who_may(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let invitation = desk.invite("rep@acme.example").await;
    watched.world.join(desk.acme.id, "rep@acme.example").await;
    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = text(&desk.post("/invitations", second).await.ok()["results"][0]["id"]);
    watched.world.join(desk.acme.id, "bo@acme.example").await;
    let _ = desk.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let id = invitation.rsplit('/').next().expect("an id");
    for (method, path) in watched.contract.operations() {
        let method: Method = method.parse().expect("a method");
        if !path.starts_with("/v1/") {
            continue;
        }
        let path = path.replace("{org}", &desk.acme.id.to_string()).replace("{id}", id);
        let nobody = json!({"email": ADMIN, "email_verified": "false"});
        let nobody = watched.world.request_with(&nobody, method.clone(), &path, Body::empty());
        assert_eq!(watched.send(nobody, None).await.refusal(), (401, "unauthenticated".into()));
        if path == "/v1/orgs" {
            continue;
        }
        for (who, refusal) in [
            ("eve@evil.example", (404, "not_found")),
            ("rep@acme.example", (403, "not_an_admin")),
            ("bo@acme.example", (403, "deactivated")),
        ] {
            let reply = watched.call(who, method.clone(), &path, Value::Null).await;
            assert_eq!(reply.refusal(), (refusal.0, refusal.1.to_owned()), "{who} {method} {path}");
        }
    }
}

/// Every operation that reads a body, or takes a key, refuses odd ones in the same way.
async fn odd_requests(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let invitation = desk.invite("a@x.example").await;
    let id = invitation.rsplit('/').next().expect("an id");
    let import = text(&desk.post("/imports", json!({"filename": "people.csv"})).await.ok()["id"]);
    for (method, path) in watched.contract.operations() {
        let described = watched.contract.operation(&(method.clone(), path.clone())).clone();
        if !path.starts_with("/v1/") || method == "GET" {
            continue;
        }
        let method: Method = method.parse().expect("a method");
        let who = if path == "/v1/orgs" { OPERATOR } else { ADMIN };
        let id = if path.contains("/imports/") { import.as_str() } else { id };
        let path = path.replace("{org}", &desk.acme.id.to_string()).replace("{id}", id);
        let raw = async |header: (&'static str, &str), body: &str| {
            watched.raw(who, method.clone(), &path, header, body.to_owned()).await.refusal()
        };
        let json = ("content-type", "application/json");
        if described.get("requestBody").is_some() {
            assert_eq!(raw(json, "").await, (400, "body_missing".into()), "{path}");
            assert_eq!(raw(json, "{").await, (400, "malformed_json".into()), "{path}");
            assert_eq!(raw(json, "{\"colour\": 1}").await, (422, "invalid_request".into()), "{path}");
            assert_eq!(raw(("content-type", "text/csv"), "{}").await, (415, "unsupported_media_type".into()), "{path}");
            assert_eq!(raw(json, &" ".repeat(7_000_000)).await, (413, "body_too_large".into()), "{path}");
        }
        if method == Method::POST {
            let key = |key| ("idempotency-key", key);
            assert_eq!(raw(key(""), "{}").await, (400, "idempotency_key_invalid".into()), "{path}");
            let name = path.clone();
            let first = watched.raw(who, method.clone(), &path, key(&name), "[]").await;
            assert!(!first.headers.contains_key("idempotency-replayed"));
            let again = watched.raw(who, method.clone(), &path, key(&name), "[]").await;
            assert_eq!((again.headers["idempotency-replayed"].as_bytes(), &again.text), (&b"true"[..], &first.text));
            assert_eq!(raw(key(&name), "[1]").await, (422, "idempotency_key_reused".into()), "{path}");
        }
    }
    watched.world.cloud.fail(|_| Some(Fault::Before));
    assert_eq!(desk.get("/invitations").await.refusal(), (503, "busy".into()));
    watched.world.cloud.mend();
}

/// A file with everything that can be wrong with a row, but too many people.
fn every_issue() -> String {
    let rows = [
        "ada@x.example,Ada,member,SMB,Analyst,TRUE,value-pyramid",
        "ada@x.example,Ada,member,SMB,Analyst,TRUE,value-pyramid",
        "ada@x.example,Ada Two,member,,,,",
        ",B,member,,,,",
        "b,B,member,,,,",
        "b b@x.example,B,member,,,,",
        "b\u{200b}@x.example,B,member,,,,",
        "å@x.example,B,member,,,,",
        "b@x,B,member,,,,",
        "LONG@x.example,B,member,,,,",
        "c@x.example,LONG,member,,,,",
        "c@x.example,C\u{200b},member,,,,",
        "c@x.example,Visit evil.example,member,,,,",
        "c@x.example,<b>C</b>,member,,,,",
        "c@x.example,C,,,,,",
        "c@x.example,C,membr,,,,",
        "c@x.example,C,owner,,,,",
        "c@x.example,C,member,Atlantis,,perhaps,none",
        "c@x.example,C,member,,,,,,more",
        "c@x.example,C\u{fffd}re,member,,,,",
        "HUGE",
        "\"unclosed,C,member,,,,",
    ];
    let header = "email,name,role,team,job_title,mos_enable,course_enrollments";
    let rows: Vec<_> = [header].into_iter().chain(rows).collect();
    rows.join("\r\n").replace("LONG", &"x".repeat(65)).replace("HUGE", &"x".repeat(300_000))
}

async fn imports(watched: &Watched<'_>) {
    let desk = Desk { acme: ranks(watched).await, watched };
    for format in ["salesos", "mos", "moss", "learners"] {
        let _ = desk.get(&format!("/imports/template?format={format}")).await;
    }
    for query in ["", "?format=xlsx"] {
        let reply = desk.get(&format!("/imports/template{query}")).await;
        assert_eq!(errors(&reply), ["format_unknown".to_owned()].into());
    }
    for (filename, code) in [
        ("", "filename_missing"),
        (&*"x".repeat(201), "filename_too_long"),
        ("../people.csv", "filename_with_path"),
        ("people\n.csv", "filename_with_control_character"),
    ] {
        assert_eq!(errors(&desk.post("/imports", json!({"filename": filename})).await), [code.to_owned()].into());
    }
    let defaults = json!({"filename": "x.csv", "defaults": {"role": "owner", "team": "Atlantis"}});
    assert_eq!(errors(&desk.post("/imports", defaults).await).len(), 2);

    let import = desk.import(watched.contract.request("announceImport", Some("review")), every_issue()).await;
    let ready = desk.get(&import).await.ok();
    assert_eq!((&ready["status"], &ready["counts"]["good"]), (&json!("ready"), &json!(1)), "{ready}");
    let mut next = String::new();
    let mut issues = 0;
    loop {
        let page = desk.get(&format!("{import}/issues?limit=5{next}")).await.ok();
        issues += page["items"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&next={cursor}");
    }
    let counted: u64 = ready["issues"].as_object().expect("issues").values().filter_map(Value::as_u64).sum();
    assert_eq!(issues as u64, counted);
    for query in ["limit=x", "next=x", "next=MTI", "next=OTk5OTk5OjA", "colour=red"] {
        assert_eq!(desk.get(&format!("{import}/issues?{query}")).await.refusal().0, 422, "{query}");
        assert_eq!(desk.get(&format!("/imports?{query}")).await.refusal().0, 422, "{query}");
    }
    assert_eq!(desk.get(&format!("{import}/failed.csv")).await.status, 200);
    watched.world.cloud.fail(|operation| operation.starts_with("GET /").then_some(Fault::Before));
    for file in ["issues", "failed.csv"] {
        let reply = desk.get(&format!("{import}/{file}")).await;
        assert_eq!(reply.refusal(), (500, "internal_error".into()));
    }
    watched.world.cloud.mend();
    let id = text(&ready["id"]).parse().expect("an id");
    let stored = watched.world.store.import(desk.acme.id, id).await.expect("the table").expect("the import");
    let failed = format!("{}/failed.csv", stored.plan.expect("a plan").folder);
    watched.world.cloud.put_file(&failed, vec![b'x'; 5 * 1024 * 1024]);
    assert_eq!(desk.get(&format!("{import}/failed.csv")).await.status, 303);
    let s3 = watched.world.cloud.aws().s3();
    s3.delete_object().bucket("uploads").key(failed).send().await.expect("deleted");
    assert_eq!(desk.get(&format!("{import}/failed.csv")).await.refusal(), (409, "import_files_gone".into()));
}

const PEOPLE: &str = "email,name,role,team\nbo@x.example,Bo,sales_rep,SMB\ncy@x.example,Cy,sales_rep,Enterprise\n";

async fn import_steps(watched: &Watched<'_>) {
    let desk = desk(watched, 6).await;
    let waiting = text(&desk.post("/imports", json!({"filename": "people.csv"})).await.ok()["id"]);
    let waiting = format!("/imports/{waiting}");
    let digest = watched.contract.request("sendImport", None);
    for reply in [
        desk.get(&format!("{waiting}/issues")).await,
        desk.get(&format!("{waiting}/failed.csv")).await,
        desk.post(&format!("{waiting}/send"), digest.clone()).await,
    ] {
        assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    }
    for _ in 0..2 {
        assert_eq!(desk.post(&format!("{waiting}/cancel"), Value::Null).await.ok()["status"], "cancelled");
    }

    let announce = async |filename: &str| {
        let body = json!({"filename": filename}).to_string();
        watched.raw(ADMIN, Method::POST, &desk.acme.path("/imports"), ("idempotency-key", "k"), body).await
    };
    let (first, again) = (announce("once.csv").await.ok(), announce("once.csv").await.ok());
    assert_eq!((&first["id"], &first["status"]), (&again["id"], &again["status"]));
    assert_eq!(announce("twice.csv").await.refusal(), (422, "idempotency_key_reused".into()));

    let import = desk.import(json!({"filename": "people.csv"}), PEOPLE).await;
    let send = async |digest: &Value| desk.post(&format!("{import}/send"), json!({"digest": digest})).await;
    assert_eq!(send(&digest["digest"]).await.refusal(), (409, "digest_mismatch".into()));
    let ready = desk.get(&import).await.ok();
    for _ in 0..2 {
        assert_eq!(send(&ready["digest"]).await.status, 202);
    }
    assert_eq!(desk.get(&import).await.ok()["status"], "applying");
    watched.world.advance(SignedDuration::from_secs(10));
    watched.world.settle().await;
    let done = desk.get(&import).await.ok();
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("done"), &json!(2)), "{done}");
    assert_eq!(send(&ready["digest"]).await.status, 200);
    assert_eq!(desk.post(&format!("{import}/cancel"), Value::Null).await.refusal(), (409, "import_finished".into()));
    let id = text(&done["id"]);
    let came = desk.get(&format!("/invitations?import={id}")).await.ok();
    assert_eq!(came["items"].as_array().map(Vec::len), Some(2));

    let at_once = watched.contract.request("announceImport", Some("send"));
    let at_once = desk.import(at_once, "First name,Last name,Email\nDi,Dee,di@x.example\n").await;
    assert_eq!(desk.get(&at_once).await.ok()["status"], "applying");
    watched.world.settle().await;
    let nobody = desk.import(json!({"filename": "again.csv"}), PEOPLE).await;
    let again = desk.get(&nobody).await.ok();
    assert_eq!(again["counts"]["already_invited"], 2);
    let reply = desk.post(&format!("{nobody}/send"), json!({"digest": again["digest"]})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["status"]), (200, &json!("done")));

    let crowd = (0..9).map(|n| format!("p{n}@x.example\n")).collect::<Vec<_>>().concat();
    let body = json!({"filename": "crowd.txt", "mode": "send", "defaults": {"role": "manager"}});
    let crowd = desk.import(body, crowd).await;
    let refused = desk.get(&crowd).await.ok();
    assert_eq!((&refused["status"], &refused["problem"]["code"]), (&json!("ready"), &json!("capacity_exceeded")));
    let reply = desk.post(&format!("{crowd}/send"), json!({"digest": refused["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    let next = text(&desk.get("/imports?limit=2").await.ok()["next"]);
    assert_eq!(desk.get(&format!("/imports?next={next}")).await.ok()["items"].as_array().map(Vec::len), Some(4));
}

async fn refused_files(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let large = usize::try_from(LARGEST_FILE).expect("a size") + 1;
    for (file, code) in [
        (b" ".to_vec(), "file_empty"),
        (b"%PDF-1.7".to_vec(), "file_not_text"),
        (b"Ada Lovelace,ada@x.example,admin\nBo Berg,bo@x.example,admin\n".to_vec(), "no_header"),
        (b"name,role\nAda,admin\n".to_vec(), "no_email_column"),
        (vec![b'x'; large], "file_too_large"),
    ] {
        let import = desk.import(json!({"filename": "people.csv"}), file).await;
        let shown = desk.get(&import).await.ok();
        assert_eq!((&shown["status"], &shown["problem"]["code"]), (&json!("failed"), &json!(code)), "{shown}");
        assert_eq!(desk.get(&format!("{import}/issues")).await.ok()["items"], json!([]));
        assert_eq!(desk.post(&format!("{import}/cancel"), Value::Null).await.refusal().1, "import_finished");
    }
    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = text(&desk.post("/invitations", second).await.ok()["results"][0]["id"]);
    watched.world.join(desk.acme.id, "bo@acme.example").await;
    let path = desk.acme.path("/imports");
    let announced = watched.call("bo@acme.example", Method::POST, &path, json!({"filename": "people.csv"})).await.ok();
    let _ = desk.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let key = text(&announced["upload"]["fields"]["key"]);
    watched.world.cloud.put_file(&key, PEOPLE);
    watched.world.file_arrived(&key, "v1").await;
    let shown = desk.get(&format!("/imports/{}", text(&announced["id"]))).await.ok();
    assert_eq!(shown["problem"]["code"], "not_an_admin");
    let key = format!("inbox/{}/people.csv", desk.acme.id);
    watched.world.cloud.put_file(&key, PEOPLE);
    watched.world.file_arrived(&key, "v1").await;
    assert_eq!(desk.get("/imports?limit=500").await.ok()["items"].as_array().map(Vec::len), Some(7));
}

async fn pages(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let _ = desk.invite("a@x.example").await;
    let link = desk.link("a@x.example").await;
    assert_eq!(watched.visit(Method::GET, &link, Value::Null).await.ok()["account"], "new");
    assert_eq!(watched.browse(Method::GET, &link, "").await.status, 200);
    assert_eq!(watched.visit(Method::HEAD, &link, Value::Null).await.status, 200);
    let forged = link.replace("/i/", "/i/A");
    for method in [Method::GET, Method::POST] {
        assert_eq!(watched.visit(method.clone(), &forged, Value::Null).await.refusal(), (404, "not_found".into()));
        assert_eq!(watched.browse(method, &forged, "").await.status, 404);
    }
    let fresh = format!("{forged}/fresh-link");
    assert_eq!(watched.visit(Method::POST, &fresh, Value::Null).await.refusal().0, 404);

    let post = async |body: Value| watched.visit(Method::POST, &link, body).await;
    assert_eq!(post(json!({"pasword": "x"})).await.refusal(), (400, "body_unreadable".into()));
    let wrong = json!({"first_name": "evil.example", "phone": "x"});
    assert_eq!(
        errors(&post(wrong).await),
        ["password_missing", "phone_invalid", "text_with_link"].map(str::to_owned).into()
    );
    assert_eq!(errors(&post(json!({"password": "short"})).await), ["password_refused".to_owned()].into());
    assert_eq!(watched.browse(Method::POST, &link, "password=short").await.status, 422);
    let token = Request::post(&link).header("accept", "application/json").header("authorization", "Bearer x.y.z");
    let reply = watched.send(token.body(Body::empty()).expect("a request"), None).await;
    assert_eq!(reply.refusal(), (401, "unauthenticated".into()));
    let accepted = post(watched.contract.request("acceptInvitation", None)).await.ok();
    assert_eq!(accepted["redirect"], "https://app.example.com/acme");
    assert_eq!(watched.browse(Method::POST, &link, "password=seven+green+kettles").await.status, 303);

    let _ = desk.invite("b@x.example").await;
    let link = desk.link("b@x.example").await;
    watched.world.cloud.add_account("b@x.example", "nine yellow bicycles");
    assert_eq!(watched.visit(Method::GET, &link, Value::Null).await.ok()["account"], "existing");
    let reply = watched.visit(Method::POST, &link, json!({"password": "seven green kettles"})).await;
    assert_eq!(reply.refusal(), (401, "wrong_password".into()));
    assert_eq!(watched.browse(Method::POST, &link, "password=x").await.status, 401);
    watched.world.cloud.fail(|operation| operation.starts_with("DynamoDB").then_some(Fault::Before));
    assert_eq!(watched.visit(Method::GET, &link, Value::Null).await.refusal(), (500, "internal_error".into()));
    watched.world.cloud.fail(|_| Some(Fault::Before));
    for method in [Method::GET, Method::POST] {
        assert_eq!(watched.visit(method.clone(), &link, Value::Null).await.refusal(), (503, "busy".into()));
        assert_eq!(watched.browse(method, &link, "").await.status, 503);
    }
    watched.world.cloud.mend();
    // An organisation without a dashboard says so on a page of its own.
    let _ = desk.patch("", json!({"dashboard_url": null})).await.ok();
    assert_eq!(watched.browse(Method::POST, &link, "password=nine+yellow+bicycles").await.status, 200);
    assert_eq!(
        watched.visit(Method::POST, &link, json!({"password": "nine yellow bicycles"})).await.ok()["redirect"],
        Value::Null
    );
}

async fn dead_links(watched: &Watched<'_>) {
    let desk = desk(watched, 20).await;
    let refused = async |method: Method, link: &str| watched.visit(method, link, Value::Null).await.refusal();
    let one = desk.invite("a@x.example").await;
    let first = desk.link("a@x.example").await;
    let _ = desk.post(&format!("{one}/resend"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &first).await, (410, "link_superseded".into()));
    let newest = desk.link("a@x.example").await;
    assert_eq!(refused(Method::GET, &first).await, (410, "link_superseded".into()));
    assert_eq!(watched.browse(Method::GET, &first, "").await.status, 410);
    assert_eq!(
        watched.visit(Method::POST, &format!("{first}/fresh-link"), Value::Null).await.ok()["status"],
        "requested"
    );
    assert_eq!(watched.browse(Method::POST, &format!("{first}/fresh-link"), "").await.status, 202);
    watched.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(refused(Method::GET, &newest).await, (410, "link_expired".into()));
    let _ = desk.post(&format!("{one}/revoke"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &newest).await, (410, "link_revoked".into()));

    let other = desk.invite("b@x.example").await;
    let link = desk.link("b@x.example").await;
    watched.world.join(desk.acme.id, "b@x.example").await;
    assert_eq!(refused(Method::GET, &link).await, (410, "already_accepted".into()));
    let member = other.replace("invitations", "members");
    let _ = desk.post(&format!("{member}/deactivate"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &link).await, (410, "already_accepted".into()));

    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = text(&desk.post("/invitations", second).await.ok()["results"][0]["id"]);
    watched.world.join(desk.acme.id, "bo@acme.example").await;
    let body = json!({"emails": "c@x.example", "role": "manager"});
    let _ = watched.call("bo@acme.example", Method::POST, &desk.acme.path("/invitations"), body).await.ok();
    let link = desk.link("c@x.example").await;
    let _ = desk.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let reply = watched.visit(Method::POST, &link, json!({"password": "seven green kettles"})).await;
    assert_eq!(reply.refusal(), (409, "invitation_no_longer_valid".into()));
    assert_eq!(watched.browse(Method::POST, &link, "password=seven+green+kettles").await.status, 409);
}
