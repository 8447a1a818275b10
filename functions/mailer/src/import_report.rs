//! The report of a finished import, mailed to the admin who sent it, or who created it if it was sent automatically.
//!
//! ```text
//! message ─► finished? ─► claim ─► SendEmail ─┬─ taken, refused for good, no answer   the claim stays: at most one mail
//!                                               └─ refused for now                     the claim goes, the message comes again
//! ```

use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use aws_sdk_sqs::types::QueueAttributeName;
use usher_domain::job::{ImportReportJob, MAIL_JOB_RECIPIENTS};
use usher_domain::{Membership, Organisation, Status};
use usher_runtime::describe;
use usher_store::{Import, ImportStatus, StoreError};

use crate::Mailer;
use crate::compose::Rendered;
use crate::import_report_mail::{ImportReportMail, Waiting};
use crate::outcome::{self, Refusal};
use crate::send::{mailbox, tag};

/// Why a message must be delivered again.
#[derive(Debug, thiserror::Error)]
enum EndedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a mail could not be written: {0}")]
    Compose(#[from] askama::Error),
    #[error("the mail service accepts nothing now")]
    NotNow,
}

/// Processes a job; `false` if its message must be delivered again.
pub(crate) async fn process(mailer: &Mailer, job: ImportReportJob) -> bool {
    match work(mailer, job).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, import = %job.import_report, "the report of an import was not sent yet");
            false
        }
    }
}

async fn work(mailer: &Mailer, job: ImportReportJob) -> Result<(), EndedError> {
    let (store, now) = (&mailer.store, mailer.clock.now());
    let Some(import) = store.import(job.organisation, job.import_report).await? else { return Ok(()) };
    let Some(to) = import.sent_by.or(import.created_by) else { return Ok(()) };
    // Roles decide who is an admin, so teams and courses are not read.
    let Some(organisation) = store.settings(job.organisation).await? else { return Ok(()) };
    let admin = store.membership(job.organisation, to).await?.map(|stored| stored.membership);
    let admin = admin.filter(|member| member.status(now) == Status::Active);
    let Some(admin) = admin.filter(|member| organisation.admin_rank(member).is_some()) else {
        tracing::info!(import = %import.id, "the admin who sent the import is no longer an admin");
        return Ok(());
    };
    // Everything that can fail before sending comes before the claim.
    let mail = compose(mailer, &organisation, &import, &admin).await?;
    if !store.claim_import_mail(&import, now).await? {
        tracing::info!(import = %import.id, "reported already, or not finished");
        return Ok(());
    }
    match send(mailer, &organisation, &import, &admin, mail).await {
        None => tracing::info!(import = %import.id, "reported an import"),
        Some(Refusal::NotNow) => {
            store.release_import_mail(&import).await?;
            return Err(EndedError::NotNow);
        }
        Some(Refusal::ForGood) => tracing::error!(import = %import.id, "the report of an import was refused"),
        Some(Refusal::Lost) => tracing::warn!(import = %import.id, "the answer about the report of an import was lost"),
    }
    Ok(())
}

async fn compose(
    mailer: &Mailer,
    organisation: &Organisation,
    import: &Import,
    admin: &Membership,
) -> Result<Rendered, EndedError> {
    let created = import.outcome.created;
    let waiting = if created > 0 { waiting(mailer, created).await } else { None };
    let base = format!("{}/v1/orgs/{}/imports/{}", mailer.settings.public_url, organisation.id, import.id);
    let has_results = import.plan.is_some() && import.status != ImportStatus::Failed;
    let to_mend = import.plan.as_ref().map_or(0, |plan| plan.counts.rejected) + import.outcome.drifted;
    let mail = ImportReportMail {
        name: admin.name.display(),
        organisation: organisation.name.as_str(),
        import,
        waiting,
        results: has_results.then(|| format!("{base}/results.csv")),
        failed: (to_mend > 0).then(|| format!("{base}/failed.csv")),
    };
    Ok(mail.render()?)
}

/// About how many of the import's mails still wait, and until when, by the length of the shared queue.
async fn waiting(mailer: &Mailer, created: u64) -> Option<Waiting> {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let call = mailer.sqs.get_queue_attributes().queue_url(&mailer.settings.mail_queue);
    let answer = call.set_attribute_names(Some(names.to_vec())).send().await;
    let counts = match answer {
        Ok(answer) => answer.attributes.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(error = %describe(&error), "the length of the mail queue is unknown");
            return None;
        }
    };
    let jobs: u64 = counts.values().filter_map(|count| count.parse::<u64>().ok()).sum();
    let mails = jobs.saturating_mul(MAIL_JOB_RECIPIENTS as u64);
    let now = mailer.clock.now();
    let until = mailer.pace.until(&mailer.ses, mails, now).await;
    Some(Waiting { mails: mails.min(created), until }).filter(|waiting| waiting.mails > 0)
}

/// Sends it, once; says if it was not taken.
async fn send(
    mailer: &Mailer,
    organisation: &Organisation,
    import: &Import,
    admin: &Membership,
    mail: Rendered,
) -> Option<Refusal> {
    let text = |text: String| Content::builder().charset("UTF-8").data(text).build();
    let (Ok(subject), Ok(plain), Ok(html)) = (text(mail.subject), text(mail.text), text(mail.html)) else {
        return Some(Refusal::ForGood);
    };
    let body = Body::builder().text(plain).html(html).build();
    let answer = mailer
        .ses
        .send_email()
        .from_email_address(mailbox(organisation.name.as_str(), &mailer.settings.from))
        .destination(Destination::builder().to_addresses(admin.email.canonical()).build())
        .configuration_set_name(&mailer.settings.configuration_set)
        .set_email_tags([tag("organisation", &organisation.id), tag("import", &import.id)].into_iter().collect())
        .content(EmailContent::builder().simple(Message::builder().subject(subject).body(body).build()).build())
        .send()
        .await;
    answer.err().map(|error| outcome::of_error(&error))
}
