//! The page where members go.

use usher_domain::Organisation;

/// The dashboard's URL, if it is a web address that a header can carry.
pub(crate) fn dashboard(organisation: &Organisation) -> Option<&str> {
    let url = organisation.dashboard_url.as_deref()?;
    let web = url.starts_with("https://") || url.starts_with("http://");
    (web && url.bytes().all(|byte| byte.is_ascii_graphic())).then_some(url)
}
