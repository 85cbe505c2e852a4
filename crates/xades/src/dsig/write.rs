//! Writing the elements of a signature as text: no indentation, no line ends, so that nothing but them is signed.

use super::NAMESPACE;
use super::method::MORE;
use super::transform::{BASE64, ENVELOPED_SIGNATURE, Transform, XPATH};
use super::xpath::{FILTER2, FilterOperation, FilterPath};
use crate::algorithm::{MGF1, RSA_PSS, digest_uri, signature_uri};
use crate::c14n::{C14n, Canonicalization, EXCLUSIVE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_x509::{DigestAlgorithm, SignatureAlgorithm};

/// How the elements of a signature are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `Signature`, the namespace being the default one; what the programs of the health insurance write.
    None,
    /// `ds:Signature`.
    Ds,
}

/// Text of elements under construction.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    prefix: Prefix,
    text: String,
}

impl Writer {
    pub(crate) const fn new(prefix: Prefix) -> Self {
        Self { prefix, text: String::new() }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// An element's name in the namespace of signatures.
    pub(crate) fn name(&self, local: &str) -> String {
        match self.prefix {
            Prefix::None => local.to_owned(),
            Prefix::Ds => format!("ds:{local}"),
        }
    }

    /// The declaration of the namespace of signatures.
    pub(crate) fn declaration(&self) -> (&'static str, &'static str) {
        match self.prefix {
            Prefix::None => ("xmlns", NAMESPACE),
            Prefix::Ds => ("xmlns:ds", NAMESPACE),
        }
    }

    /// A start tag; attributes without a value are left out.
    pub(crate) fn open_named(&mut self, name: &str, attributes: &[(&str, Option<&str>)]) {
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            if let Some(value) = value {
                self.text.push(' ');
                self.text.push_str(attribute);
                self.text.push_str("=\"");
                escape_attribute(value, &mut self.text);
                self.text.push('"');
            }
        }
        self.text.push('>');
    }

    pub(crate) fn close_named(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    pub(crate) fn open(&mut self, local: &str, attributes: &[(&str, Option<&str>)]) {
        self.open_named(&self.name(local), attributes);
    }

    pub(crate) fn close(&mut self, local: &str) {
        self.close_named(&self.name(local));
    }

    /// An element with nothing in it.
    pub(crate) fn empty(&mut self, local: &str, attributes: &[(&str, Option<&str>)]) {
        self.open(local, attributes);
        self.close(local);
    }

    /// An element with text.
    pub(crate) fn text_element(&mut self, local: &str, text: &str) {
        self.open(local, &[]);
        self.text(text);
        self.close(local);
    }

    pub(crate) fn base64_element(&mut self, local: &str, octets: &[u8]) {
        self.open(local, &[]);
        self.base64(octets);
        self.close(local);
    }

    pub(crate) fn text(&mut self, text: &str) {
        escape_text(text, &mut self.text);
    }

    pub(crate) fn base64(&mut self, octets: &[u8]) {
        STANDARD.encode_string(octets, &mut self.text);
    }

    /// Text that is XML already.
    pub(crate) fn markup(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    pub(crate) fn digest_method(&mut self, algorithm: DigestAlgorithm) {
        self.empty("DigestMethod", &[("Algorithm", Some(digest_uri(algorithm)))]);
    }

    /// An element that names a canonicalization: `CanonicalizationMethod` or `Transform`.
    pub(crate) fn canonicalization(&mut self, local: &str, method: &Canonicalization) {
        self.open(local, &[("Algorithm", Some(method.uri()))]);
        if let C14n::Exclusive { prefixes } = &method.method
            && !prefixes.is_empty()
        {
            let list = prefixes.join(" ");
            let name = "ec:InclusiveNamespaces";
            let attributes = [("xmlns:ec", Some(EXCLUSIVE)), ("PrefixList", Some(list.as_str()))];
            self.open_named(name, &attributes);
            self.close_named(name);
        }
        self.close(local);
    }

    /// `SignatureMethod`; false where XML has no way to say the algorithm.
    pub(crate) fn signature_method(&mut self, algorithm: &SignatureAlgorithm) -> bool {
        const LOCAL: &str = "SignatureMethod";
        if let Some(uri) = signature_uri(algorithm) {
            self.empty(LOCAL, &[("Algorithm", Some(uri))]);
            return true;
        }
        let SignatureAlgorithm::RsaPss { digest, mgf1_digest, salt_len } = algorithm else {
            return false;
        };
        self.open(LOCAL, &[("Algorithm", Some(RSA_PSS))]);
        self.open_named("pss:RSAPSSParams", &[("xmlns:pss", Some(MORE))]);
        self.digest_method(*digest);
        self.open_named("pss:MaskGenerationFunction", &[("Algorithm", Some(MGF1))]);
        self.digest_method(*mgf1_digest);
        self.close_named("pss:MaskGenerationFunction");
        for (name, value) in [("pss:SaltLength", *salt_len), ("pss:TrailerField", 1)] {
            self.open_named(name, &[]);
            self.text(&value.to_string());
            self.close_named(name);
        }
        self.close_named("pss:RSAPSSParams");
        self.close(LOCAL);
        true
    }

    pub(crate) fn transform(&mut self, transform: &Transform) {
        const LOCAL: &str = "Transform";
        let uri = match transform {
            Transform::Canonicalization(method) => return self.canonicalization(LOCAL, method),
            Transform::EnvelopedSignature => ENVELOPED_SIGNATURE,
            Transform::Base64 => BASE64,
            Transform::Filter2(_) => FILTER2,
            Transform::WithoutSignatures => XPATH,
        };
        self.open(LOCAL, &[("Algorithm", Some(uri))]);
        match transform {
            Transform::WithoutSignatures => {
                self.open("XPath", &[("xmlns:ds", Some(NAMESPACE))]);
                self.text("not(ancestor-or-self::ds:Signature)");
                self.close("XPath");
            }
            Transform::Filter2(filters) => {
                for filter in filters {
                    let operation = match filter.operation {
                        FilterOperation::Intersect => "intersect",
                        FilterOperation::Subtract => "subtract",
                        FilterOperation::Union => "union",
                    };
                    let (expression, namespaces) = expression(&filter.path);
                    let prefixes: Vec<String> =
                        (0..namespaces.len()).map(|index| format!("xmlns:n{index}")).collect();
                    let mut attributes =
                        vec![("xmlns:f", Some(FILTER2)), ("Filter", Some(operation))];
                    for (prefix, namespace) in prefixes.iter().zip(&namespaces) {
                        attributes.push((prefix.as_str(), Some(*namespace)));
                    }
                    self.open_named("f:XPath", &attributes);
                    self.text(&expression);
                    self.close_named("f:XPath");
                }
            }
            _ => {}
        }
        self.close(LOCAL);
    }
}

/// The expression of a path, the prefixes `n0`, `n1`, … standing for the namespaces.
fn expression(path: &FilterPath) -> (String, Vec<&str>) {
    let mut namespaces: Vec<&str> = Vec::new();
    match path {
        FilterPath::Root => ("/".to_owned(), namespaces),
        FilterPath::ContainingSignature => {
            ("here()/ancestor::n0:Signature[1]".to_owned(), vec![NAMESPACE])
        }
        FilterPath::Id(id) => (format!("id('{id}')"), namespaces),
        FilterPath::Descendants(namespace, local) => match namespace {
            None => (format!("//{local}"), namespaces),
            Some(namespace) => (format!("//n0:{local}"), vec![namespace]),
        },
        FilterPath::Children(steps) => {
            let mut text = String::new();
            for (namespace, local) in steps {
                text.push('/');
                if let Some(namespace) = namespace {
                    text.push_str(&format!("n{}:", namespaces.len()));
                    namespaces.push(namespace);
                }
                text.push_str(local);
            }
            (text, namespaces)
        }
    }
}

/// Character data; a carriage return would be read as a line feed.
pub(crate) fn escape_text(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '\r' => into.push_str("&#xD;"),
            other => into.push(other),
        }
    }
}

/// An attribute value between quotation marks; white space other than a space would be read as a space.
pub(crate) fn escape_attribute(value: &str, into: &mut String) {
    for character in value.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '"' => into.push_str("&quot;"),
            '\t' => into.push_str("&#x9;"),
            '\n' => into.push_str("&#xA;"),
            '\r' => into.push_str("&#xD;"),
            other => into.push(other),
        }
    }
}
