//! Name constraints (RFC 5280 §4.2.1.10, §6.1.3 (b)–(c), §6.1.4 (g)).

use super::PathError;
use crate::certificate::Certificate;
use crate::extension::constraint::{NameConstraints, NameForm, NamedEntity, named_entities};
use crate::extension::{ExtensionError, SUBJECT_ALT_NAME};
use crate::name::{EMAIL_ADDRESS, Name};

/// How many comparisons a search may still make.
pub(super) struct Comparisons {
    left: usize,
    limit: usize,
}

impl Comparisons {
    pub(super) const fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    fn spend(&mut self) -> Result<(), PathError> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(PathError::TooManyNameComparisons { limit: self.limit })?;
        Ok(())
    }
}

/// The constraints of the authorities above a certificate, each with its author.
#[derive(Default)]
pub(super) struct NamesAbove<'a> {
    constraints: Vec<(&'a Name, &'a NameConstraints)>,
}

impl<'a> NamesAbove<'a> {
    /// §6.1.4 (g): what this authority constrains holds for all below.
    pub(super) fn add(&mut self, author: &'a Name, constraints: Option<&'a NameConstraints>) {
        self.constraints.extend(constraints.map(|constraints| (author, constraints)));
    }

    /// §6.1.3 (b) and (c): every name of the certificate lies within the permitted and without the excluded subtrees.
    pub(super) fn check(
        &self,
        certificate: &Certificate,
        comparisons: &mut Comparisons,
    ) -> Result<(), PathError> {
        if self.constraints.is_empty() {
            return Ok(());
        }
        for name in names_of(certificate)? {
            for (author, constraints) in &self.constraints {
                check_name(&name, constraints, comparisons).map_err(|refusal| match refusal {
                    Refusal::Limit(error) => error,
                    refusal => refusal.into_error(certificate, name.form(), author),
                })?;
            }
        }
        Ok(())
    }
}

enum Refusal {
    NotPermitted,
    Excluded,
    Unsupported,
    Limit(PathError),
}

impl Refusal {
    fn into_error(self, certificate: &Certificate, form: NameForm, author: &Name) -> PathError {
        let (subject, authority) = (certificate.subject().clone(), author.clone());
        match self {
            Self::NotPermitted => PathError::NameNotPermitted { subject, form, authority },
            Self::Excluded => PathError::NameExcluded { subject, form, authority },
            Self::Unsupported => PathError::UnsupportedNameForm { subject, form, authority },
            Self::Limit(error) => error,
        }
    }
}

/// Each set of permitted subtrees is another authority's, so that the name must lie in one of each.
fn check_name(
    name: &NamedEntity,
    constraints: &NameConstraints,
    comparisons: &mut Comparisons,
) -> Result<(), Refusal> {
    let mut restricted = false;
    let mut permitted = false;
    for base in &constraints.permitted {
        comparisons.spend().map_err(Refusal::Limit)?;
        if base.form() == name.form() {
            restricted = true;
            match within(name, base) {
                Within::Yes => {
                    permitted = true;
                    break;
                }
                Within::No | Within::Unclear => {}
                Within::Unsupported => return Err(Refusal::Unsupported),
            }
        }
    }
    for base in &constraints.excluded {
        comparisons.spend().map_err(Refusal::Limit)?;
        if base.form() == name.form() {
            match within(name, base) {
                Within::No => {}
                // What cannot be shown to lie outside is excluded.
                Within::Yes | Within::Unclear => return Err(Refusal::Excluded),
                Within::Unsupported => return Err(Refusal::Unsupported),
            }
        }
    }
    if restricted && !permitted { Err(Refusal::NotPermitted) } else { Ok(()) }
}

/// Every name to which constraints apply: the subject, its alternative names, and its e-mail address.
fn names_of(certificate: &Certificate) -> Result<Vec<NamedEntity>, PathError> {
    let mut names = Vec::new();
    let subject = certificate.subject();
    if !subject.is_empty() {
        names.push(NamedEntity::Directory(subject.clone()));
    }
    if let Some(extension) = certificate.extension(SUBJECT_ALT_NAME) {
        names.extend(named_entities(&extension.value).map_err(|error| {
            PathError::MalformedExtension {
                subject: subject.clone(),
                error: ExtensionError::Malformed { oid: SUBJECT_ALT_NAME, error },
            }
        })?);
    }
    // RFC 5280 applies rfc822Name constraints to emailAddress of the subject where there is no subjectAltName. Here
    // also where that has no rfc822Name, because then the holder's address is taken from the subject.
    if !names.iter().any(|name| name.form() == NameForm::Rfc822Name) {
        names.extend(subject.attributes().iter().filter(|one| one.oid == EMAIL_ADDRESS).map(
            |address| NamedEntity::Other {
                form: NameForm::Rfc822Name,
                value: address.text.as_deref().unwrap_or_default().as_bytes().to_vec(),
            },
        ));
    }
    Ok(names)
}

/// Whether a name lies in a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Yes,
    No,
    /// The name is not written as its form is, or stands for many names of which some lie in the subtree.
    Unclear,
    /// Nobody here knows the subtrees of this form.
    Unsupported,
}

impl From<bool> for Within {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Both have the same form.
fn within(name: &NamedEntity, base: &NamedEntity) -> Within {
    let (form, value, base) = match (name, base) {
        (NamedEntity::Directory(name), NamedEntity::Directory(base)) => {
            return name.is_within(base).into();
        }
        (NamedEntity::Other { form, value }, NamedEntity::Other { value: base, .. }) => {
            (form, value.as_slice(), base.as_slice())
        }
        _ => return Within::Unsupported,
    };
    if *form == NameForm::IpAddress {
        return address_within(value, base);
    }
    // The textual forms are IA5String.
    let text = (ascii(value), ascii(base));
    match (form, text) {
        (NameForm::Rfc822Name, (Some(value), Some(base))) => mailbox_within(value, base),
        (NameForm::DnsName, (Some(value), Some(base))) => domain_within(value, base),
        (NameForm::UniformResourceIdentifier, (Some(value), Some(base))) => uri_within(value, base),
        (NameForm::Rfc822Name | NameForm::DnsName | NameForm::UniformResourceIdentifier, _) => {
            Within::Unclear
        }
        _ => Within::Unsupported,
    }
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}

/// A mailbox, all mailboxes of a host, or, with a leading dot, of all hosts of a domain.
fn mailbox_within(mailbox: &str, base: &str) -> Within {
    let Some((local, host)) =
        mailbox.rsplit_once('@').filter(|(local, host)| !local.is_empty() && is_host(host))
    else {
        return Within::Unclear;
    };
    match base.rsplit_once('@') {
        // The local part distinguishes case (RFC 5321 §2.4).
        Some((base_local, base_host)) => {
            (local == base_local && host.eq_ignore_ascii_case(base_host)).into()
        }
        None => host_within(host, base).into(),
    }
}

/// RFC 5280: "host.example.com" is that host alone, ".example.com" every host of the domain and not the domain.
fn host_within(host: &str, base: &str) -> bool {
    if base.is_empty() {
        return true;
    }
    if base.starts_with('.') { ends_with(host, base) } else { host.eq_ignore_ascii_case(base) }
}

/// A name and all below it, by any number of labels; with a leading dot, as some write it, only those below it.
fn domain_within(domain: &str, base: &str) -> Within {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let base = base.strip_suffix('.').unwrap_or(base);
    if base.is_empty() {
        return Within::Yes;
    }
    if let Some(parent) = domain.strip_prefix("*.") {
        if !is_host(parent) {
            return Within::Unclear;
        }
        return match domain_or_below(parent, base) || ends_with(domain, base) {
            true => Within::Yes,
            // The asterisk stands for the base or for a part of the way to it.
            false if domain_or_below(base.strip_prefix('.').unwrap_or(base), parent) => {
                Within::Unclear
            }
            false => Within::No,
        };
    }
    if !is_host(domain) {
        return Within::Unclear;
    }
    domain_or_below(domain, base).into()
}

fn domain_or_below(domain: &str, base: &str) -> bool {
    if base.starts_with('.') {
        return ends_with(domain, base);
    }
    domain.eq_ignore_ascii_case(base)
        || domain
            .len()
            .checked_sub(base.len() + 1)
            .and_then(|dot| domain.get(dot..))
            .and_then(|tail| tail.strip_prefix('.'))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(base))
}

/// The constraint is on the host of the authority; a URI without one, or with an address, cannot be judged.
fn uri_within(uri: &str, base: &str) -> Within {
    let Some((_, rest)) = uri.split_once("://") else {
        return Within::Unclear;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _port)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let numeric = host.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_host(host) || numeric {
        return Within::Unclear;
    }
    host_within(host, base).into()
}

/// Labels of letters, digits, hyphens and underscores, none of them empty.
fn is_host(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

fn ends_with(text: &str, suffix: &str) -> bool {
    text.len()
        .checked_sub(suffix.len())
        // A suffix alone is no name below it.
        .filter(|start| *start > 0)
        .and_then(|start| text.get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
}

/// Address and mask, 8 bytes for version 4 and 32 for version 6; names have half of that.
fn address_within(address: &[u8], base: &[u8]) -> Within {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Within::Unclear;
    }
    if address.len() * 2 != base.len() {
        return Within::No;
    }
    let (network, mask) = base.split_at(address.len());
    let same = address
        .iter()
        .zip(network)
        .zip(mask)
        .all(|((address, network), mask)| address & mask == network & mask);
    same.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees_of_hosts() {
        use Within::{No, Unclear, Yes};
        for (domain, base, expected) in [
            ("example.vn", "example.vn", Yes),
            ("WWW.Example.VN", "example.vn", Yes),
            ("badexample.vn", "example.vn", No),
            ("example.vn", ".example.vn", No),
            ("a.b.example.vn", ".example.vn", Yes),
            ("vn", "example.vn", No),
            ("anything", "", Yes),
            ("*.example.vn", "example.vn", Yes),
            ("*.example.vn", "www.example.vn", Unclear),
            ("*.vn", "www.example.vn", Unclear),
            ("*.example.com", "example.vn", No),
            ("a..vn", "vn", Unclear),
            ("w*.example.vn", "example.vn", Unclear),
            ("example.vn.", "example.vn", Yes),
        ] {
            assert_eq!(domain_within(domain, base), expected, "{domain} in {base}");
        }
    }

    #[test]
    fn subtrees_of_mailboxes_and_uris() {
        use Within::{No, Unclear, Yes};
        for (mailbox, base, expected) in [
            ("an@example.vn", "an@example.vn", Yes),
            ("An@example.vn", "an@example.vn", No),
            ("an@EXAMPLE.vn", "an@example.vn", Yes),
            ("an@example.vn", "example.vn", Yes),
            ("an@mail.example.vn", "example.vn", No),
            ("an@mail.example.vn", ".example.vn", Yes),
            ("an@example.vn", ".example.vn", No),
            ("an", "example.vn", Unclear),
            ("an@", "example.vn", Unclear),
            ("", "example.vn", Unclear),
            ("\"a@b\"@example.vn", "example.vn", Yes),
        ] {
            assert_eq!(mailbox_within(mailbox, base), expected, "{mailbox} in {base}");
        }
        for (uri, base, expected) in [
            ("http://example.vn/a?b@other.vn", "example.vn", Yes),
            ("http://other.vn#@example.vn", "example.vn", No),
            ("http://example.vn@other.vn/", "example.vn", No),
            ("ldap://a.example.vn:389/o=x", ".example.vn", Yes),
            ("http://example.vn", ".example.vn", No),
            ("urn:uuid:1", "example.vn", Unclear),
            ("http://10.0.0.1/", "example.vn", Unclear),
            ("http://[::1]/", "example.vn", Unclear),
            ("http:///etc", "example.vn", Unclear),
        ] {
            assert_eq!(uri_within(uri, base), expected, "{uri} in {base}");
        }
    }

    #[test]
    fn subtrees_of_addresses() {
        let base = [10, 1, 0, 0, 255, 255, 0, 0];
        assert_eq!(address_within(&[10, 1, 2, 3], &base), Within::Yes);
        assert_eq!(address_within(&[10, 2, 2, 3], &base), Within::No);
        assert_eq!(address_within(&[0; 16], &base), Within::No);
        assert_eq!(address_within(&[10, 1, 2], &base), Within::Unclear);
        assert_eq!(address_within(&[10, 1, 2, 3], &base[..7]), Within::Unclear);
    }
}
