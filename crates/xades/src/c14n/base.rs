//! `join-URI-References` of Canonical XML 1.1 §2.4: RFC 3986 §5.2 with relative bases.

/// The parts of a URI reference (RFC 3986 Appendix B); `None` is an undefined component.
#[derive(Clone, Copy)]
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

/// The reference that leads from where `base` is read to where `reference`, read within it, leads.
pub(super) fn join(base: &str, reference: &str) -> String {
    let (base, reference) = (split(base), split(reference));
    // RFC 3986 §5.2.2, the fragment ignored; the base may be relative.
    if reference.scheme.is_some() {
        return recomposed(reference.scheme, reference.authority, reference.path, reference.query);
    }
    if reference.authority.is_some() {
        return recomposed(base.scheme, reference.authority, reference.path, reference.query);
    }
    if reference.path.is_empty() {
        let folder = if base.path.rsplit('/').next() == Some("..") { "/" } else { "" };
        let query = reference.query.or(base.query);
        return composed(base.scheme, base.authority, &format!("{}{folder}", base.path), query);
    }
    if reference.path.starts_with('/') {
        return recomposed(base.scheme, base.authority, reference.path, reference.query);
    }
    let path = merged(&base, reference.path);
    recomposed(base.scheme, base.authority, &path, reference.query)
}

/// RFC 3986 §5.2.3, the base's last segment dropped.
fn merged(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    match base.path.rsplit_once('/') {
        // Where `..` stands last it is a folder.
        _ if base.path.rsplit('/').next() == Some("..") => format!("{}/{path}", base.path),
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

/// RFC 3986 §5.3 without the fragment, dot segments removed.
fn recomposed(
    scheme: Option<&str>,
    authority: Option<&str>,
    path: &str,
    query: Option<&str>,
) -> String {
    composed(scheme, authority, &without_dot_segments(path), query)
}

/// RFC 3986 §5.3 without the fragment.
fn composed(
    scheme: Option<&str>,
    authority: Option<&str>,
    path: &str,
    query: Option<&str>,
) -> String {
    let mut whole = String::new();
    if let Some(scheme) = scheme {
        whole += scheme;
        whole.push(':');
    }
    if let Some(authority) = authority {
        whole += "//";
        whole += authority;
    }
    whole += path;
    if let Some(query) = query {
        whole.push('?');
        whole += query;
    }
    whole
}

/// RFC 3986 §5.2.4 as Canonical XML 1.1 changes it: leading `..` segments of a relative path stay, `//` becomes `/`,
/// and a `..` at the end gets a `/`.
fn without_dot_segments(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut folder = false;
    for segment in path.split('/') {
        folder = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => drop(kept.pop()),
            ".." if absolute => {}
            segment => kept.push(segment),
        }
    }
    let mut whole = String::from(if absolute { "/" } else { "" });
    whole += &kept.join("/");
    if folder && !kept.is_empty() {
        whole.push('/');
    }
    whole
}

fn split(reference: &str) -> Parts<'_> {
    let reference = reference.split_once('#').map_or(reference, |(rest, _)| rest);
    let (rest, query) = match reference.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (reference, None),
    };
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, after)) if !scheme.is_empty() && !scheme.contains('/') => {
            (Some(scheme), after)
        }
        _ => (None, rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(after) => {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, path) = after.split_at(end);
            (Some(authority), path)
        }
        None => (None, rest),
    };
    Parts { scheme, authority, path, query }
}

#[cfg(test)]
mod tests {
    use super::{join, without_dot_segments};

    fn rows(file: &str) -> Vec<Vec<String>> {
        let bytes = kyso_test_vectors::bytes(format!("xml/{file}"));
        let table = String::from_utf8(bytes).expect("UTF-8");
        table.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn references_are_joined_as_canonical_xml_says() {
        for row in rows("base-join.tsv") {
            assert_eq!(join(&row[0], &row[1]), row[2], "{row:?}");
        }
    }

    #[test]
    fn dot_segments_are_removed_as_canonical_xml_says() {
        for row in rows("dot-segments.tsv") {
            assert_eq!(without_dot_segments(&row[0]), row[1], "{row:?}");
        }
    }
}
