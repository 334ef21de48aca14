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

use std::future::IntoFuture;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use axum::serve::ListenerExt;
use huxin_chain_spec::codes::Code;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

pub use min_height::{HUXIN_HEIGHT, HUXIN_MIN_HEIGHT};

use lane::Lane;
use shared::{Api, CheckedHeaders, Shared};

use crate::http::{ApiError, Context, no_such_method, no_such_path};
use crate::metrics::RouteMetrics;

/// Answers with whole blocks in the making at the same time, up to 16 MiB each.
const STREAMS_MAX: usize = 4;
/// Headers whose certificates are remembered as checked.
const CHECKED_HEADERS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_023);
/// Receipts whose proofs are checked at the same time: many validators make many signatures.
const RECEIPT_CHECKS_MAX: usize = 4;
/// Receipts that wait for their turn; more are refused with 503.
const RECEIPT_CHECKS_WAITING_MAX: usize = 256;
/// How long open requests may go on once the node is asked to stop.
const STOP_MAX: Duration = Duration::from_millis(800);

/// Serves the API until `shutdown` resolves and open requests have ended, or [`STOP_MAX`] later.
pub async fn serve(listener: TcpListener, context: Context, shutdown: impl Future<Output = ()> + Send + 'static) {
    let (stop, stopping) = watch::channel(false);
    let ledger = Arc::clone(&context.monitor.ledger);
    let follower = tokio::spawn(context.outcomes.clone().follow(Arc::clone(&ledger), ledger.blocks()));
    let served = match router(context, stopping.clone()) {
        Ok(router) => until_stopped(listener, router, stopping, stop, shutdown).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "the API ended");
    }
    follower.abort();
}

async fn until_stopped(
    listener: TcpListener,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Answers are small and complete: waiting for more to fill a packet only delays them.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        // An error means that the sender is gone: the same as being asked to stop.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    });
    let deadline = async move {
        shutdown.await;
        stop.send_replace(true);
        tokio::time::sleep(STOP_MAX).await;
    };
    tokio::select! {
        served = server.into_future() => served,
        () = deadline => Ok(()),
    }
}

fn router(context: Context, shutdown: watch::Receiver<bool>) -> std::io::Result<Router> {
    let Context { monitor, door, outcomes, metrics } = context;
    let genesis_toml = monitor.ledger.genesis().to_toml().map_err(std::io::Error::other)?;
    let codes_json = serde_json::to_vec(&status::all_codes())?;
    let api: Shared = Arc::new(Api {
        monitor,
        door,
        outcomes,
        metrics: Arc::clone(&metrics),
        checked_headers: CheckedHeaders::new(CHECKED_HEADERS_MAX),
        receipt_checks: Lane::new("receipt", RECEIPT_CHECKS_MAX, RECEIPT_CHECKS_WAITING_MAX),
        streams: Semaphore::new(STREAMS_MAX),
        subscribers: Arc::new(Semaphore::new(events::SUBSCRIBERS_MAX)),
        shutdown,
        genesis_toml: genesis_toml.into(),
        codes_json: codes_json.into(),
    });
    // One route: its path, its name in the metrics, its handler.
    let framed = |name: &'static str, route: MethodRouter<Shared>| {
        let state = Frame { api: Arc::clone(&api), metrics: metrics.route(name) };
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
    let docs_frame = Frame { api: Arc::clone(&api), metrics: metrics.route("docs") };
    let elsewhere = Frame { api, metrics: metrics.route("elsewhere") };
    Ok(routes
        .merge(docs.layer(from_fn_with_state(docs_frame, frame)))
        .fallback_service(any(no_such_path).layer(from_fn_with_state(elsewhere, frame))))
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

async fn frame(State(frame): State<Frame>, request: Request, next: Next) -> Response {
    let started = Instant::now();
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
    frame.metrics.observe(response.status(), started.elapsed());
    response
}
