//! `GET /v1/tokens`: what is inserted, and what does not answer.

use axum::Json;
use axum::extract::State;
use kyso_protocol::{PinCounters, Problem, Token, TokenList};
use kyso_token::{PinState, SlotInfo, TokenInfo};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::certificates::document;
use crate::error::ApiError;
use crate::explain;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tokens))
}

/// The tokens that are present, whichever module shows them, and the modules that do not answer.
#[utoipa::path(
    get, path = "/v1/tokens", tag = "tokens", operation_id = "listTokens",
    responses((status = 200, description = "The tokens", body = TokenList))
)]
async fn tokens(State(app): State<App>, caller: Caller) -> Result<Json<TokenList>, ApiError> {
    app.blocking(move |app| {
        let slots = app.tokens().slots();
        let problems = problems(app, &caller, slots.as_ref().err());
        let slots = slots.unwrap_or_default();
        let tokens = slots.iter().filter_map(|slot| row(app, slot, slot.token.as_ref()?)).collect();
        Ok::<_, ApiError>(Json(TokenList { tokens, problems }))
    })
    .await
}

fn row(app: &App, slot: &SlotInfo, token: &TokenInfo) -> Option<Token> {
    let PinState { locked, final_try, count_low, to_be_changed } = token.user_pin;
    let pin = PinCounters { count_low, final_try, locked, to_be_changed };
    Some(Token {
        serial: token.serial.clone(),
        label: token.label.clone(),
        manufacturer: token.manufacturer.clone(),
        model: token.model.clone(),
        slot: slot.slot_id,
        module: slot.module.display().to_string(),
        initialized: token.initialized,
        pin_pad: token.protected_authentication_path,
        pin,
        busy: app.tokens().busy(&token.serial),
    })
}

/// Each module that does not answer with its reason; where all fail alike, `whole` may be the only one who says so.
pub(super) fn problems(
    app: &App,
    caller: &Caller,
    whole: Option<&kyso_token::TokenError>,
) -> Vec<Problem> {
    let modules = app.tokens().store().modules();
    let mut problems: Vec<Problem> = modules
        .iter()
        .filter_map(|module| module.as_ref().err())
        .map(|error| document(explain::token::explain(error, caller.lang)))
        .collect();
    if let (true, Some(error)) = (problems.is_empty(), whole) {
        problems.push(document(explain::token::explain(error, caller.lang)));
    }
    problems
}
