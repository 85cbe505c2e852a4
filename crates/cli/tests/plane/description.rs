//! `/openapi.json` against the routes.

use std::collections::BTreeSet;
use std::process::Command;

use crate::house::daemon::{DaemonHouse, Options};
use crate::house::text;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

#[test]
fn the_description_is_true() {
    let daemon = DaemonHouse::start(Options::default());
    let description = daemon.get("/openapi.json");
    assert!(description["openapi"].as_str().expect("a version").starts_with("3.1"));
    let mut ids = BTreeSet::new();
    let paths = description["paths"].as_object().expect("paths");
    let mut connection = daemon.connect().expect("a connection");
    for (path, methods) in paths {
        let methods = methods.as_object().expect("methods");
        // No resource has this id, and a key that is missing keeps anything from being made.
        let filled: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "0" } else { part }).collect();
        let filled = filled.join("/");
        for method in METHODS {
            let described = methods.get(&method.to_lowercase());
            if let Some(operation) = described {
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                assert!(ids.insert(id.clone()), "{id} twice");
                let responses = operation["responses"].as_object().expect("responses");
                assert!(responses.contains_key("default"), "{id}: refusals before the route");
                for (status, response) in responses {
                    if status.starts_with(['4', '5'])
                        && let Some(content) = response["content"].as_object()
                    {
                        let kinds: Vec<&String> = content.keys().collect();
                        assert!(
                            kinds == ["application/problem+json"] || path == "/readyz",
                            "{method} {path} {status}: {kinds:?}"
                        );
                    }
                }
            }
            let response = match connection.request(method, &filled, &[], b"") {
                Ok(response) => response,
                Err(_) => {
                    connection = daemon.connect().expect("a connection");
                    connection.request(method, &filled, &[], b"").expect("an answer")
                }
            };
            let problem = response.header("content-type") == Some("application/problem+json");
            let code = problem.then(|| response.code());
            let routed = !matches!(code.as_deref(), Some("route-unknown" | "method-not-allowed"));
            // Keys and content types are looked at before the method is known to be there.
            let before = matches!(code.as_deref(), Some("idempotency-key-missing"));
            assert!(
                routed == described.is_some()
                    || (before && described.is_none() && method != "POST"),
                "{method} {path}: described {}, answered {code:?}",
                described.is_some()
            );
        }
    }
    assert!(paths.len() > 8, "{:?}", paths.keys());
    let upload = &description["paths"]["/v1/documents"]["post"]["requestBody"]["content"];
    assert_eq!(upload["application/octet-stream"], serde_json::json!({}), "bytes have no schema");
    validated(&description.to_string());
}

/// No route can be outside the description: handlers are entered by `routes!` alone.
#[test]
fn no_route_is_entered_by_hand() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../daemon/src");
    let mut files = vec![source.join("app.rs"), source.join("routes")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(&path)
                    .expect("a folder")
                    .map(|entry| entry.expect("an entry").path()),
            );
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source file");
        seen += source.matches(".routes(routes!(").count();
        for by_hand in [".route(", ".route_service(", ".nest(", ".nest_service("] {
            assert!(!source.contains(by_hand), "{by_hand} in {}", path.display());
        }
    }
    assert!(seen > 5);
}

/// The document is OpenAPI 3.1 in the eyes of somebody else's validator.
fn validated(document: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document).expect("written");
    let python = kyso_testkit::peer::python();
    let program = "import json, sys\n\
                   from openapi_spec_validator import OpenAPIV31SpecValidator\n\
                   OpenAPIV31SpecValidator(json.load(open(sys.argv[1]))).validate()\n";
    let output = Command::new(python).args(["-c", program]).arg(&file).output().expect("python");
    assert!(output.status.success(), "{}", text(&output.stderr));
}
