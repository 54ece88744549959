//! The limit: the least that a Rust worker on D1 can do for `GET /v2.1/projects/{name}`.
//!
//! One select by key, and its row as JSON, in the plain way of the `worker` crate. No token, no rights, no CORS, no
//! request id, no log: whatever the product is slower than this is the price of those.

use serde::{Deserialize, Serialize};
use worker::{Context, Env, Request, Response, Result, event};

#[derive(Deserialize, Serialize)]
struct Project {
    id: String,
    name: String,
    creation_date: f64,
    cors_origins: String,
    labels: String,
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let path = request.path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let project: Option<Project> = env
        .d1("DB")?
        .prepare("SELECT id, name, creation_date, cors_origins, labels FROM projects WHERE name = ?")
        .bind(&[name.into()])?
        .first(None)
        .await?;
    match project {
        Some(project) => Response::from_json(&project),
        None => Response::error("no such project", 404),
    }
}
