//! The JSON Schema of `kyso verify --json` and `kyso cert validate --json` in `docs/` is that of the wire types;
//! `KYSO_BLESS=1` writes it anew.

#![allow(clippy::disallowed_methods, reason = "a test reads and blesses files; the crate does not")]

use std::collections::BTreeMap;
use std::path::Path;

use kyso_protocol::{CertificateValidation, VerificationReport};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

fn definitions() -> BTreeMap<String, Value> {
    let mut schemas = Vec::new();
    VerificationReport::schemas(&mut schemas);
    schemas.push(("VerificationReport".to_owned(), VerificationReport::schema()));
    CertificateValidation::schemas(&mut schemas);
    schemas.push(("CertificateValidation".to_owned(), CertificateValidation::schema()));
    schemas
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).expect("a schema is JSON")))
        .collect()
}

fn schema() -> String {
    let mut definitions = definitions();
    let text = |description: &str| json!({ "type": "string", "description": description });
    definitions.insert(
        "NotVerified".to_owned(),
        json!({
            "type": "object",
            "description": "A file of which nothing could be said (exit 2).",
            "required": ["file", "indication", "error"],
            "properties": {
                "file": text("The file's name."),
                "indication": { "type": "null" },
                "sub_indication": { "type": "null" },
                "signatures": { "type": "array", "maxItems": 0 },
                "error": {
                    "type": "object",
                    "required": ["code", "what", "why", "what_to_do"],
                    "properties": {
                        "code": text("Stable code."),
                        "what": text("What happened."),
                        "why": text("Why."),
                        "what_to_do": text("What to do."),
                    },
                },
            },
        }),
    );
    let one = json!([
        { "$ref": "#/$defs/VerificationReport" },
        { "$ref": "#/$defs/CertificateValidation" },
        { "$ref": "#/$defs/NotVerified" },
    ]);
    definitions.insert(
        "Several".to_owned(),
        json!({
            "type": "object",
            "description": "Several files; the indication is that of the exit code, null with 2.",
            "required": ["indication", "files"],
            "properties": {
                "indication": { "type": ["string", "null"] },
                "files": { "type": "array", "items": { "anyOf": one } },
            },
        }),
    );
    let mut any = one.as_array().cloned().unwrap_or_default();
    any.push(json!({ "$ref": "#/$defs/Several" }));
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kyso verify --json, kyso cert validate --json",
        "anyOf": any,
        "$defs": definitions,
    });
    format!("{whole:#}\n").replace("#/components/schemas/", "#/$defs/")
}

#[test]
fn the_schema_in_docs_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verification.schema.json");
    let got = schema();
    if std::env::var_os("KYSO_BLESS").is_some() {
        std::fs::write(&path, &got).expect("written");
        return;
    }
    let want = std::fs::read_to_string(&path).expect("docs/verification.schema.json");
    assert_eq!(got, want, "if the change is meant: KYSO_BLESS=1");
}

#[test]
fn the_page_names_every_member() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verification.md");
    let page = std::fs::read_to_string(&path).expect("docs/verification.md");
    let mut missing = Vec::new();
    for (name, schema) in definitions() {
        let members = schema["properties"].as_object().cloned().unwrap_or_default();
        missing.extend(
            members
                .keys()
                .filter(|key| !page.contains(&format!("`{key}`")))
                .map(|key| format!("{name}.{key}")),
        );
    }
    assert_eq!(missing, Vec::<String>::new());
}
