//! The canonical JSON form of FHIR (R4 §2.6.2.5, `json.html#canonical`), which later releases define by RFC 8785.

use super::error::FhirError;
use super::number;
use crate::json::{Node, Value, write_quoted};
use crate::limits::Limits;

/// How numbers are written in the canonical form, which R4 leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// As RFC 8785 §3.2.2.3 writes them, which FHIR R6 and the Da Vinci guides follow: `6.30` becomes `6.3`, so the
    /// precision that FHIR gives a decimal is not signed. Numbers whose value would change are refused.
    Rfc8785,
    /// As they were written: precision is signed.
    AsWritten,
}

/// The canonical form `#document` of a bundle: what its signature covers.
///
/// Members are sorted by name (in UTF-16 code units, RFC 8785 §3.2.3), white space between tokens is left out, strings
/// are escaped in the shortest way; `id`, `meta` and `signature` of the bundle itself are not there.
///
/// # Errors
/// When it is no JSON, no bundle, or has a number that the form cannot carry.
pub fn canonical_document(
    bundle: &[u8],
    numbers: NumberForm,
    limits: &Limits,
) -> Result<String, FhirError> {
    let root = Node::read(bundle, limits).map_err(FhirError::Json)?;
    document(&root, numbers)
}

/// Members of the bundle that the signature does not cover; `_id` extends `id`.
const LEFT_OUT: [&str; 4] = ["id", "_id", "meta", "signature"];

pub(super) fn document(root: &Node<'_>, numbers: NumberForm) -> Result<String, FhirError> {
    let is_bundle = root.member("resourceType").and_then(Node::as_str) == Some("Bundle");
    let members = root.members().filter(|_| is_bundle).ok_or(FhirError::NotABundle)?;
    let mut out = String::with_capacity(root.text().len());
    let members = members.iter().filter(|member| !LEFT_OUT.contains(&&*member.name));
    object(members.map(|member| (&*member.name, &member.value)).collect(), numbers, &mut out)?;
    Ok(out)
}

fn object(
    mut members: Vec<(&str, &Node<'_>)>,
    numbers: NumberForm,
    out: &mut String,
) -> Result<(), FhirError> {
    members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    out.push('{');
    for (index, (name, node)) in members.into_iter().enumerate() {
        if index != 0 {
            out.push(',');
        }
        write_quoted(name, out);
        out.push(':');
        value(node, numbers, out)?;
    }
    out.push('}');
    Ok(())
}

fn value(node: &Node<'_>, numbers: NumberForm, out: &mut String) -> Result<(), FhirError> {
    match node.value() {
        Value::Null | Value::Bool(_) => out.push_str(node.text()),
        Value::String(text) => write_quoted(text, out),
        Value::Number(number) => match numbers {
            NumberForm::AsWritten => out.push_str(number),
            NumberForm::Rfc8785 => {
                let offset = node.offset();
                out.push_str(&number::rfc8785(number).ok_or(FhirError::Number { offset })?);
            }
        },
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index != 0 {
                    out.push(',');
                }
                value(element, numbers, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let members = members.iter().map(|member| (&*member.name, &member.value));
            object(members.collect(), numbers, out)?;
        }
    }
    Ok(())
}
