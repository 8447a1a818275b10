//! Domains that are probably typos, and private addresses in a list of company addresses.

use std::collections::HashMap;

/// The domains of large mail services that anybody can join.
const FREE_MAIL: &str = "126.com 163.com aol.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net \
    googlemail.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com interia.pl laposte.net \
    libero.it live.com mac.com mail.com mail.ru me.com msn.com o2.pl orange.fr outlook.com outlook.de outlook.es outlook.fr \
    proton.me protonmail.com qq.com t-online.de wanadoo.fr web.de wp.pl yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.es \
    yahoo.fr yandex.ru ymail.com";
/// Domains that are common, and long enough that a typo differs clearly from another domain.
const OFTEN_MISTYPED: &[&str] =
    &["gmail.com", "googlemail.com", "hotmail.com", "icloud.com", "outlook.com", "protonmail.com", "yahoo.com"];
/// Domains that are one letter away from a common one but exist.
const NO_TYPOS: &[&str] = &["cloud.com", "email.com", "mail.com", "ymail.com"];

/// A domain with so many addresses at the beginning of a file counts as its own.
const OWN_ADDRESSES: usize = 5;
/// How many own domains of a file are kept.
const OWN_DOMAINS: usize = 50;
/// The shortest domain that is checked for typos: too many short domains are one letter apart.
const SHORTEST: usize = 8;
/// The longest one: comparing two domains takes time proportional to the product of their lengths.
const LONGEST: usize = 40;
/// How many verdicts are remembered.
const REMEMBERED: usize = 4_096;

/// What is remarkable about a domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// The domain that was probably meant.
    pub(crate) typo_of: Option<String>,
    /// A free mail service, in a list of company addresses.
    pub(crate) private: bool,
}

/// What the beginning of a file says about its domains.
#[derive(Debug, Default)]
pub(crate) struct Domains {
    /// Domains with many addresses. Later domains may be typos of them.
    own: Vec<String>,
    of_company: bool,
    /// Verdicts on domains that were looked up before.
    verdicts: HashMap<String, Verdict, foldhash::fast::RandomState>,
}

fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.split_ascii_whitespace().any(|known| known == domain)
}

impl Domains {
    /// Counts the domains of all addresses in a text.
    pub(crate) fn of_sample(sample: &str) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for (at, _) in sample.match_indices('@') {
            let rest = &sample[at + 1..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')).unwrap_or(rest.len());
            *counts.entry(rest[..end].to_lowercase()).or_default() += 1;
        }
        let all: usize = counts.values().sum();
        let free: usize = counts.iter().filter(|(domain, _)| is_free_mail(domain)).map(|(_, count)| count).sum();
        let mut own: Vec<String> =
            counts.into_iter().filter(|(_, count)| *count >= OWN_ADDRESSES).map(|(domain, _)| domain).collect();
        own.sort_unstable();
        own.truncate(OWN_DOMAINS);
        Self { own, of_company: all >= OWN_ADDRESSES && free * 5 < all, ..Self::default() }
    }

    /// The verdict on a domain in its canonical form.
    pub(crate) fn verdict(&mut self, domain: &str) -> &Verdict {
        if !self.verdicts.contains_key(domain) {
            if self.verdicts.len() >= REMEMBERED {
                self.verdicts.clear();
            }
            let verdict = Verdict { typo_of: self.typo_of(domain), private: self.of_company && is_free_mail(domain) };
            self.verdicts.insert(domain.to_owned(), verdict);
        }
        &self.verdicts[domain]
    }

    fn typo_of(&self, domain: &str) -> Option<String> {
        let exists = self.own.iter().any(|own| own == domain) || is_free_mail(domain) || NO_TYPOS.contains(&domain);
        if exists || !(SHORTEST..=LONGEST).contains(&domain.len()) {
            return None;
        }
        let candidates = OFTEN_MISTYPED.iter().copied().chain(self.own.iter().map(String::as_str));
        let mut near = candidates.filter(|known| {
            known.len().abs_diff(domain.len()) <= 1
                && strsim::osa_distance(known, domain) == 1
                && !numbered(known, domain)
        });
        near.next().map(str::to_owned)
    }
}

/// Whether two domains differ only in a number, like those of branches.
fn numbered(one: &str, other: &str) -> bool {
    let letters = |domain: &str| domain.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains() -> Domains {
        let file = "p@acme.example,x\n".repeat(8);
        Domains::of_sample(&format!("email,name\n{file}one@gmail.com,x\n"))
    }

    #[test]
    fn typos_are_found_and_other_domains_are_not() {
        let mut domains = domains();
        for (domain, meant) in
            [("gmial.com", "gmail.com"), ("hotmial.com", "hotmail.com"), ("acne.example", "acme.example")]
        {
            assert_eq!(domains.verdict(domain).typo_of.as_deref(), Some(meant), "{domain}");
        }
        for domain in ["gmail.com", "mail.com", "acme.example", "acme2.example", "other.example", "gmx.io", "ymail.com"]
        {
            assert_eq!(domains.verdict(domain).typo_of, None, "{domain}");
        }
    }

    #[test]
    fn private_addresses_are_flagged_only_in_a_list_of_company_addresses() {
        assert!(domains().verdict("gmail.com").private);
        assert!(!domains().verdict("acme.example").private);
        let mixed = "p@gmail.com\nq@acme.example\n".repeat(8);
        assert!(!Domains::of_sample(&mixed).verdict("gmail.com").private);
        assert!(!Domains::of_sample("a@acme.example b@gmail.com").verdict("gmail.com").private);
    }

    #[test]
    fn domains_that_are_often_mistyped_are_free_mail_services() {
        assert!(OFTEN_MISTYPED.iter().all(|domain| is_free_mail(domain)));
    }
}
