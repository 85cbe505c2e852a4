//! Which namespaces the output already declares, on one stack for the whole walk.

/// Prefixes with the URIs that the open elements of the output have declared for them.
///
/// A prefix stands in the table once, so that a look-up costs no more than the prefixes in force, however often an
/// ancestor declared them anew.
#[derive(Default)]
pub(super) struct Rendered<'a> {
    /// The default namespace; empty where none is declared.
    default: &'a str,
    prefixes: Vec<(&'a str, &'a str)>,
    /// What to take back at the ends of elements.
    changes: Vec<Change<'a>>,
}

enum Change<'a> {
    /// The default namespace was this one.
    Default(&'a str),
    /// The prefix at this place had this URI.
    Replaced(usize, &'a str),
    /// The last prefix of the table is new.
    Added,
}

impl<'a> Rendered<'a> {
    /// Declares `uri` for `prefix` (empty for the default namespace); whether the output must say so.
    pub(super) fn declare(&mut self, prefix: &'a str, uri: &'a str) -> bool {
        if prefix.is_empty() {
            if self.default == uri {
                return false;
            }
            self.changes.push(Change::Default(core::mem::replace(&mut self.default, uri)));
            return true;
        }
        let known = self.prefixes.iter_mut().enumerate().find(|(_, known)| known.0 == prefix);
        match known {
            Some((_, known)) if known.1 == uri => return false,
            Some((at, known)) => {
                self.changes.push(Change::Replaced(at, core::mem::replace(&mut known.1, uri)));
            }
            None => {
                self.prefixes.push((prefix, uri));
                self.changes.push(Change::Added);
            }
        }
        true
    }

    /// The present state, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.changes.len()
    }

    /// Takes back everything since `mark`.
    pub(super) fn back_to(&mut self, mark: usize) {
        for change in self.changes.drain(mark..).rev() {
            match change {
                Change::Default(uri) => self.default = uri,
                Change::Replaced(at, uri) => {
                    if let Some(known) = self.prefixes.get_mut(at) {
                        known.1 = uri;
                    }
                }
                Change::Added => drop(self.prefixes.pop()),
            }
        }
    }
}

/// Whether a namespace URI begins with a scheme (RFC 3986 §3.1), as Canonical XML 1.0 §1.3 demands.
pub(super) fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}
