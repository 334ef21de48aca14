//! The public HTTP API: submit, verify, receipts, blocks, events.
//!
//! ```text
//!  request -> frame (Huxin-Min-Height, metrics, Huxin-Height) -> handler -> door | ledger -> answer
//! ```
//!
//! **Invariants**
//! * Nothing here decides: the door admits, `chain_spec::verdict` judges, the ledger proves.
//! * Every body, query and wait has a bound. Unknown query keys and unknown fields are errors.
//! * Every error is an [`ErrorAnswer`](huxin_chain_spec::api::ErrorAnswer); see `http::error` for the policy.
//! * Single reads of the store happen on the async workers: they take about 10 us, mostly from its cache, which is less
//!   than handing them to another thread. Whole blocks and receipts to be checked go to blocking threads.

mod assess;
mod blocks;
mod events;
mod headers;
mod lane;
mod min_height;
mod octets;
mod openapi;
mod receipts;
mod request;
mod shared;
mod status;
mod submit;
mod things;
mod trust;
mod verify;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use huxin_chain_spec::codes::Code;
use tokio::net::TcpListener;
use tokio::sync::watch;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

pub use min_height::{HUXIN_HEIGHT, HUXIN_MIN_HEIGHT};

use lane::Lane;
use shared::{Api, CheckedHeaders, Shared};

use crate::budget::Budget;
use crate::http::bounds::Bounds;
use crate::http::{ApiError, Context, Gate, Peer, hold_answer, no_such_method, no_such_path};
use crate::metrics::RouteMetrics;

/// Headers whose certificates are remembered as checked.
const CHECKED_HEADERS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_023);

/// How the API is set up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub bounds: Bounds,
    /// Whether each request is logged.
    pub access_log: bool,
}

/// Serves the API until `shutdown` resolves and open requests have ended, or a moment later. Everything it starts runs on
/// the runtime it is called on.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let (stop, stopping) = watch::channel(false);
    let ledger = Arc::clone(&context.monitor.ledger);
    let follower = tokio::spawn(context.outcomes.clone().follow(Arc::clone(&ledger), ledger.blocks()));
    let gate = Gate::new("api.listen", "api_connections", settings.bounds.clone(), &context.metrics);
    match router(context, settings, stopping) {
        Ok(router) => {
            let shutdown = async move {
                shutdown.await;
                // Subscribers of events end by themselves.
                stop.send_replace(true);
            };
            gate.serve(listener, router, shutdown).await;
        }
        Err(error) => tracing::error!(%error, "the API could not start"),
    }
    follower.abort();
}

fn router(context: Context, settings: Settings, shutdown: watch::Receiver<bool>) -> std::io::Result<Router> {
    let api = shared(context, &settings, shutdown)?;
    // One route: its path, its name in the metrics, its handler.
    let framed = |name: &'static str, route: MethodRouter<Shared>| {
        let state = Frame { metrics: api.metrics.route(name), api: Arc::clone(&api) };
        route.fallback(no_such_method).layer(from_fn_with_state(state, frame))
    };
    let routes = Router::new()
        .route("/v1/transactions", framed("submit", post(submit::submit)))
        .route("/v1/transactions/{tx_id}", framed("outcome", get(submit::outcome)))
        .route("/v1/verify", framed("verify", post(verify::verify)))
        .route("/v1/licences/{licence}", framed("licence", get(verify::licence)))
        .route("/v1/licences/{licence}/receipt", framed("licence_receipt", get(receipts::licence_receipt)))
        .route("/v1/receipts/{record}", framed("receipt", get(receipts::receipt)))
        .route("/v1/receipts/transactions/{tx_id}", framed("outcome_receipt", get(receipts::outcome_receipt)))
        .route("/v1/receipts/things/{*name}", framed("thing_receipt", get(things::thing_receipt)))
        .route("/v1/trust/head", framed("trusted_head", get(trust::head)))
        .route("/v1/trust/path", framed("trust_path", get(trust::path)))
        .route("/v1/things", framed("things", get(things::things)))
        .route("/v1/things/{*name}", framed("thing", get(things::thing)))
        .route("/v1/cases", framed("cases", get(things::cases)))
        .route("/v1/cases/{case}", framed("case", get(things::case_timeline)))
        .route("/v1/rehearsals", framed("rehearsal", post(things::rehearse)))
        .route("/v1/records/{record}", framed("record", get(receipts::record)))
        .route("/v1/headers/{height}", framed("header", get(blocks::header)))
        .route("/v1/blocks/{height}", framed("block", get(blocks::block)))
        .route("/v1/blocks", framed("blocks", get(blocks::blocks)))
        .route("/v1/events", framed("events", get(events::events)))
        .route("/v1/status", framed("status", get(status::status)))
        .route("/v1/misbehaviour", framed("misbehaviour", get(status::misbehaviour)))
        .route("/v1/validators", framed("validators", get(status::validators)))
        .route("/v1/genesis", framed("genesis", get(status::genesis)))
        .route("/v1/codes", framed("codes", get(status::codes)))
        .with_state(Arc::clone(&api));
    // The page and the script it needs are part of the binary: it works without any other server.
    let docs: Router = SwaggerUi::new("/docs").url("/v1/openapi.json", openapi::Description::openapi()).into();
    let docs_frame = Frame { metrics: api.metrics.route("docs"), api: Arc::clone(&api) };
    let elsewhere = Frame { metrics: api.metrics.route("elsewhere"), api };
    Ok(routes
        .merge(docs.layer(from_fn_with_state(docs_frame, frame)))
        .fallback_service(any(no_such_path).layer(from_fn_with_state(elsewhere, frame)))
        .layer(headers::any_origin()))
}

/// What every handler works with, with all that is bounded shown in the metrics.
fn shared(context: Context, settings: &Settings, shutdown: watch::Receiver<bool>) -> std::io::Result<Shared> {
    let Context { monitor, door, outcomes, metrics } = context;
    let genesis_toml = monitor.ledger.genesis().to_toml().map_err(std::io::Error::other)?;
    let codes_json = serde_json::to_vec(&status::all_codes())?;
    let bounds = &settings.bounds;
    let share = |limit| bounds.share(limit);
    let lane = |place, name, of| Lane::new(place, name, of, share);
    let budget = |name, limit| Budget::new(name, limit, bounds.share(limit));
    let api = Api {
        monitor,
        door,
        outcomes,
        metrics,
        checked_headers: CheckedHeaders::new(CHECKED_HEADERS_MAX),
        receipt_checks: lane("receipt", "api_receipt_checks", bounds.receipt_checks),
        blocks: lane("blocks", "api_blocks", bounds.blocks),
        reads: lane("list", "api_reads", bounds.reads),
        replay: lane("events", "api_replay", bounds.replay),
        subscribers: budget("api_subscribers", bounds.subscribers),
        bodies: budget("api_body_bytes", bounds.bodies_bytes),
        answers: budget("api_answer_bytes", bounds.answers_bytes),
        body_pace: bounds.body,
        access_log: settings.access_log,
        shutdown,
        genesis_toml: genesis_toml.into(),
        codes_json: codes_json.into(),
    };
    let lanes = [&api.receipt_checks, &api.blocks, &api.reads, &api.replay];
    for budget in lanes.into_iter().map(Lane::places).chain([&api.subscribers, &api.bodies, &api.answers]) {
        api.metrics.show_budget(Arc::clone(budget));
    }
    Ok(Arc::new(api))
}

/// What surrounds every handler.
#[derive(Clone)]
struct Frame {
    api: Shared,
    metrics: RouteMetrics,
}

/// Routes whose answer may be "not on this ledger", by their names in the metrics. A node that does not have the chain, or
/// cannot know whether it has it, must not say so: its answer is "could not be checked".
const ASKING_ROUTES: [&str; 2] = ["verify", "licence"];

/// Routes that take no query: a parameter given to them would be ignored, so it is refused.
const PLAIN_ROUTES: [&str; 9] =
    ["outcome_receipt", "record", "header", "block", "status", "misbehaviour", "validators", "genesis", "codes"];

impl Frame {
    fn refused_query(&self, request: &Request) -> Option<ApiError> {
        let query = request.uri().query().filter(|query| !query.is_empty())?;
        let name = query.split(['=', '&']).next().unwrap_or_default();
        PLAIN_ROUTES
            .contains(&self.metrics.name())
            .then(|| ApiError::bad_request(Code::ApiBadRequest, format!("query: unknown field `{name}`")))
    }

    /// Why a question of this route cannot be answered now.
    async fn unanswerable(&self) -> Option<String> {
        if ASKING_ROUTES.contains(&self.metrics.name()) { self.api.monitor.unanswerable().await } else { None }
    }
}

async fn frame(State(frame): State<Frame>, peer: Peer, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = frame.api.access_log.then(|| request.method().clone());
    let ledger = &frame.api.monitor.ledger;
    let waited = match frame.refused_query(&request) {
        Some(error) => Err(error),
        None => min_height::wait(ledger, request.headers()).await,
    };
    let mut response = match waited {
        Ok(()) => {
            let unanswerable = frame.unanswerable().await;
            let response = next.run(request).await;
            // A wrong request is told so in any case; only an answer is held back.
            match unanswerable {
                Some(reason) if response.status().is_success() => ApiError::not_ready(reason, 1).into_response(),
                _ => response,
            }
        }
        Err(error) => error.into_response(),
    };
    response.headers_mut().insert(HUXIN_HEIGHT, HeaderValue::from(ledger.height().0));
    let mut response = hold_answer(&frame.api.answers, peer, response).await;
    headers::guard(response.headers_mut(), frame.metrics.name());
    frame.metrics.observe(response.status(), started.elapsed());
    if let Some(method) = method {
        let (route, status, ms) = (frame.metrics.name(), response.status().as_u16(), started.elapsed().as_millis());
        // Neither path nor query: they may name a licence.
        tracing::info!(target: "huxin_node::access", address = %peer.0, %method, route, status, ms, "request");
    }
    response
}
