//! The operations listener: metrics, health, readiness, status. Apart from the public API, so that it can stay inside the
//! operator's network.
//!
//! | path | answer |
//! |---|---|
//! | `GET /metrics` | Prometheus text: the node's figures, then the engine's |
//! | `GET /health` | 200 while the process works |
//! | `GET /ready` | 200 when the node follows the chain and takes transactions, else 503 with the reasons |
//! | `GET /status` | everything `huxin explain` shows |

mod report;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use huxin_chain_spec::codes::Code;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::files;
use crate::health::Reason;
use crate::http::bounds::Bounds;
use crate::http::{ApiError, Context, Gate, no_such_method, no_such_path};

/// Media type of the text exposition (OpenMetrics 1.0).
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves operations until `shutdown` resolves. `hosts` are names by which it may be asked, beside `localhost` and IP
/// addresses.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    hosts: Vec<String>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    // Each of the operator's own machines may have them all.
    let bounds = Bounds::new(files::OPERATIONS, Some(files::OPERATIONS));
    let gate = Gate::new("operations.listen", "operations_connections", bounds, &context.metrics);
    gate.serve(listener, router(context, hosts), shutdown).await;
}

fn router(context: Context, hosts: Vec<String>) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .route("/health", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(context))
        .layer(from_fn_with_state(Arc::new(Hosts(hosts)), known_host))
}

/// Names by which the listener may be asked.
struct Hosts(Vec<String>);

impl Hosts {
    /// Whether an authority, `name` or `name:port`, is an IP address, `localhost` or one of the names.
    fn allow(&self, authority: &str) -> bool {
        let name = match authority.parse::<Authority>() {
            Ok(authority) => authority.host().trim_end_matches('.').to_ascii_lowercase(),
            Err(_) => return false,
        };
        let is_address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        is_address || name == "localhost" || self.0.iter().any(|host| host.eq_ignore_ascii_case(&name))
    }
}

/// Refuses a request that was addressed by a name that is not this listener's: a page of a foreign name that was made to
/// point here, so that the browser of somebody inside asks for the page (DNS rebinding). Only names can be made to point.
async fn known_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let named = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let unknown = named.chain(request.uri().authority().map(Authority::as_str)).find(|host| !hosts.allow(host));
    let mut response = match unknown {
        None => next.run(request).await,
        Some(host) => {
            let place =
                format!("host: {host:?} is not a name of this listener; add it to operations.hosts in node.toml");
            ApiError::new(StatusCode::MISDIRECTED_REQUEST, Code::ApiBadRequest, place).into_response()
        }
    };
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn metrics_text(
    State(context): State<Arc<Context>>,
) -> Result<([(HeaderName, &'static str); 1], String), ApiError> {
    let health = context.monitor.health().await;
    context.metrics.show_door(&context.door.counts());
    let text = context.metrics.text(&context.monitor, health.as_deref(), &huxin_engine::metrics_text());
    let text = text.map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, METRICS)], text))
}

#[derive(Serialize)]
struct Liveness {
    status: &'static str,
}

async fn live() -> Json<Liveness> {
    Json(Liveness { status: "up" })
}

/// Answer of `GET /ready`.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    height: u64,
    /// What is wrong; only those of severity `stop` keep the node from being ready.
    reasons: Vec<Reason>,
}

async fn ready(State(context): State<Arc<Context>>) -> (StatusCode, Json<Readiness>) {
    let Some(health) = context.monitor.health().await else {
        let height = context.monitor.ledger.height().0;
        let readiness = Readiness { ready: false, height, reasons: vec![Reason::state_unknown()] };
        return (StatusCode::SERVICE_UNAVAILABLE, Json(readiness));
    };
    let status = if health.ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: health.ready(), height: health.height.0, reasons: health.reasons.clone() }))
}

async fn status(State(context): State<Arc<Context>>) -> Result<Json<report::Report>, ApiError> {
    match context.monitor.health().await {
        Some(health) => Ok(Json(report::report(&context.monitor, &health, &context.metrics))),
        None => Err(ApiError::not_ready(Reason::state_unknown().what, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_its_own_are_answered() {
        let hosts = Hosts(vec!["monitor.example".to_owned()]);
        for good in ["127.0.0.1:26604", "10.0.0.7", "[::1]:26604", "localhost:26604", "LOCALHOST", "monitor.example:1"]
        {
            assert!(hosts.allow(good), "{good}");
        }
        for bad in ["evil.example", "evil.example:26604", "127.0.0.1.evil.example", "monitor.example.evil", "", "a b"] {
            assert!(!hosts.allow(bad), "{bad}");
        }
    }
}
