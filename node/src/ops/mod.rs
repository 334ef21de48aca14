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

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::health::Reason;
use crate::http::{ApiError, Context, no_such_method, no_such_path};

/// Media type of the text exposition (OpenMetrics 1.0).
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves operations until `shutdown` resolves.
pub async fn serve(listener: TcpListener, context: Context, shutdown: impl Future<Output = ()> + Send + 'static) {
    let served = axum::serve(listener, router(context)).with_graceful_shutdown(shutdown).await;
    if let Err(error) = served {
        tracing::error!(%error, "the operations listener ended");
    }
}

fn router(context: Context) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .route("/health", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(context))
}

async fn metrics_text(
    State(context): State<Arc<Context>>,
) -> Result<([(HeaderName, &'static str); 1], String), ApiError> {
    let health = context.monitor.health().await;
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
