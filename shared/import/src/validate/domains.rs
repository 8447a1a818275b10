//! Domains that are probably slips, and private addresses among those of a company.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

/// Mail services anybody can have an address at: the large ones, by the domains of their users.
const FREE_MAIL: &str = "126.com 163.com aol.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net \
    googlemail.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com interia.pl laposte.net \
    libero.it live.com mac.com mail.com mail.ru me.com msn.com o2.pl orange.fr outlook.com outlook.de outlook.es outlook.fr \
    proton.me protonmail.com qq.com t-online.de wanadoo.fr web.de wp.pl yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.es \
    yahoo.fr yandex.ru ymail.com";
/// The services whose domains are common and long enough for a slip in one to be told from another domain.
const OFTEN_MISTYPED: &[&str] =
    &["gmail.com", "googlemail.com", "hotmail.com", "icloud.com", "outlook.com", "protonmail.com", "yahoo.com"];
/// Domains that are one letter from a common one and exist all the same.
const NO_SLIPS: &[&str] = &["cloud.com", "email.com", "mail.com", "ymail.com"];

/// From how many addresses at the beginning of a file on a domain is one of its own.
const OWN_ADDRESSES: usize = 5;
/// How many domains of a file's own are known.
const OWN_DOMAINS: usize = 50;
/// The shortest domain that slips are looked for in: of short ones too many are a letter apart.
const SHORTEST: usize = 8;
/// The longest one, since comparing takes as long as the product of the lengths.
const LONGEST: usize = 40;
/// How many judgements are remembered.
const REMEMBERED: usize = 4_096;

/// What there is to say of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// What it is probably meant to be.
    pub(crate) slip_of: Option<String>,
    /// Anybody can have an address there, and this is a list of a company's people.
    pub(crate) private: bool,
}

/// What the beginning of a file says about the domains of the rest.
#[derive(Debug, Default)]
pub(crate) struct Domains {
    /// Domains of many addresses, which later ones may be slips of.
    own: Vec<String>,
    of_company: bool,
    /// What was judged already.
    places: HashMap<String, usize, FxBuildHasher>,
    verdicts: Vec<Verdict>,
}

fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.split_ascii_whitespace().any(|known| known == domain)
}

impl Domains {
    /// Looks at the addresses in some text, wherever in it they stand.
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

    /// What there is to say of a domain in its canonical form.
    pub(crate) fn verdict(&mut self, domain: &str) -> &Verdict {
        let place = if let Some(place) = self.places.get(domain) {
            *place
        } else {
            if self.verdicts.len() >= REMEMBERED {
                self.places.clear();
                self.verdicts.clear();
            }
            let verdict = Verdict { slip_of: self.slip_of(domain), private: self.of_company && is_free_mail(domain) };
            self.places.insert(domain.to_owned(), self.verdicts.len());
            self.verdicts.push(verdict);
            self.verdicts.len() - 1
        };
        &self.verdicts[place]
    }

    fn slip_of(&self, domain: &str) -> Option<String> {
        let exists = self.own.iter().any(|own| own == domain) || is_free_mail(domain) || NO_SLIPS.contains(&domain);
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

/// Whether two domains differ in a number only, as those of branches do.
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
    fn slips_are_found_and_other_domains_are_not() {
        let mut domains = domains();
        for (domain, meant) in
            [("gmial.com", "gmail.com"), ("hotmial.com", "hotmail.com"), ("acne.example", "acme.example")]
        {
            assert_eq!(domains.verdict(domain).slip_of.as_deref(), Some(meant), "{domain}");
        }
        for domain in ["gmail.com", "mail.com", "acme.example", "acme2.example", "other.example", "gmx.io", "ymail.com"]
        {
            assert_eq!(domains.verdict(domain).slip_of, None, "{domain}");
        }
    }

    #[test]
    fn private_addresses_stand_out_in_a_list_of_a_company_only() {
        assert!(domains().verdict("gmail.com").private);
        assert!(!domains().verdict("acme.example").private);
        let mixed = "p@gmail.com\nq@acme.example\n".repeat(8);
        assert!(!Domains::of_sample(&mixed).verdict("gmail.com").private);
        assert!(!Domains::of_sample("a@acme.example b@gmail.com").verdict("gmail.com").private);
    }

    #[test]
    fn what_is_often_mistyped_is_known() {
        assert!(OFTEN_MISTYPED.iter().all(|domain| is_free_mail(domain)));
    }
}
