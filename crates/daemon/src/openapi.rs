//! The head of the API's description (OpenAPI 3.1); paths and schemas come from the routes themselves.

use utoipa::openapi::{ContactBuilder, InfoBuilder, OpenApi, OpenApiBuilder, ServerBuilder};

/// Title, version, server.
pub(crate) fn head() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("kyso")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Signing and reissuance requests over the user's own socket. A PIN never crosses this API.",
                ))
                .contact(Some(ContactBuilder::new().name(Some("kyso")).build())),
        )
        .servers(Some([ServerBuilder::new()
            .url("http://localhost")
            .description(Some("the unix socket $XDG_RUNTIME_DIR/kyso/kyso.sock"))
            .build()]))
        .build()
}
