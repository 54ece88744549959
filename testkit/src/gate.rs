//! Upstreams of versions, and requests to them.

use futures::FutureExt;
use serde_json::{Value as Json, json};

use tenantry::auth::sealed::{Place, seal};
use tenantry::domain::AnyId;
use tenantry::domain::webhook_signature::{WebhookSecret, WebhookSecrets};
use tenantry::store::connection::Connection;

use crate::call::{Answer, Call};
use crate::cast::Caller;
use crate::wire::Wire;
use crate::world::{HOUR, World};

/// Where the requests of these tests go.
pub const UPSTREAM: &str = "https://models.example.com/predict";
/// What the paths of OpenAI's clients are appended to in these tests.
pub const BASE: &str = "https://models.example.com/v1";
/// What an hour of the instance type `1gb` costs in these tests, in millionths: a credit a second.
pub const PRICE: i64 = 3_600_000_000;

impl World {
    /// A new deployment of the project whose version `v1` has [`UPSTREAM`] behind it, made by the operator.
    pub fn served(&self, name: &str) {
        self.deployment(name);
        self.serve(name, json!({}));
    }

    /// Puts [`UPSTREAM`] behind version `v1` of a deployment, with these columns besides.
    pub fn serve(&self, name: &str, columns: Json) {
        let connection = self.database.connection();
        let ids: (String, String, String) = connection
            .query_row(
                "SELECT v.id, v.organization_id, v.project_id FROM deployment_versions v
                 JOIN deployments d ON d.id = v.deployment_id WHERE d.name = ?1 AND v.version = 'v1'",
                [name],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        let (version, organization, project) = ids;
        let place = Place {
            table: "upstreams",
            row: AnyId::told(&version),
            place: AnyId::told(&project),
            name: "secret",
        };
        let platform = self.platform(self.database.clone(), &Wire::new(&self.clock, None));
        let sealed = seal(&platform, &self.config, place, &[7; 32]);
        let sealed = sealed.now_or_never().unwrap().unwrap();
        let text = |column: &str| columns[column].as_str().map(str::to_owned);
        let whole = |column: &str| columns[column].as_i64();
        self.execute("DELETE FROM upstreams WHERE version_id = ?1", [&version]);
        self.execute(
            "INSERT INTO upstreams (version_id, organization_id, project_id, revision_id, upstream_url, base_url,
               instance_type, workspace_id, quota_resource, headers, variables, max_concurrency, idle_timeout, retries,
               secret, secret_key_id)
             VALUES (?1, ?2, ?3, 'revision', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            rusqlite::params![
                version,
                organization,
                project,
                text("upstream_url").unwrap_or_else(|| UPSTREAM.to_owned()),
                text("base_url"),
                text("instance_type"),
                text("workspace_id"),
                text("quota_resource"),
                text("headers").unwrap_or_else(|| "{}".to_owned()),
                text("variables").unwrap_or_else(|| "[]".to_owned()),
                whole("max_concurrency"),
                whole("idle_timeout").unwrap_or(60),
                whole("retries").unwrap_or(0),
                sealed.text,
                sealed.key_id.as_str(),
            ],
        );
    }

    /// Puts an upstream behind a deployment that costs [`PRICE`].
    pub fn serve_at_a_price(&self, name: &str) {
        self.execute(
            "INSERT OR REPLACE INTO instance_types VALUES ('1gb', ?1)",
            [PRICE],
        );
        self.serve(name, json!({"instance_type": "1gb"}));
    }

    /// A new deployment of the project whose version `v1` is open to OpenAI's clients, below [`BASE`], with these models.
    pub fn served_to_openai(&self, name: &str, models: &str) {
        self.deployment(name);
        self.serve(name, json!({"base_url": BASE}));
        let labels = json!({"openai-compatible": "true", "openai-model-names": models});
        self.label(name, &labels);
    }

    /// Gives the versions of a deployment these labels.
    pub fn label(&self, name: &str, labels: &Json) {
        self.execute(
            "UPDATE deployment_versions SET labels = ?1
             WHERE deployment_id = (SELECT id FROM deployments WHERE name = ?2)",
            [labels.to_string().as_str(), name],
        );
    }

    /// The call of an OpenAI client to a path below the version of OpenAI's interface.
    pub fn openai_call(&self, by: &Caller, below: &str, body: &Json) -> Call {
        let path = self.path(&format!("/openai-compatible/v1{below}"));
        Call::new("POST", path).by(by).json(body)
    }

    /// What the upstream of [`World::serve`] sends for a request that it has taken on, signed now.
    pub fn result_call(&self, id: &str, body: &[u8]) -> Call {
        self.signed_result_call(&[7; 32], id, body)
    }

    /// The same, by another secret.
    pub fn signed_result_call(&self, secret: &[u8; 32], id: &str, body: &[u8]) -> Call {
        let secrets = WebhookSecrets {
            current: WebhookSecret::from_random(*secret),
            previous: None,
        };
        let (message, timestamp) = (format!("result_{id}"), self.now().as_millis() / 1_000);
        Call::new("POST", format!("/v2.1/results/{id}"))
            .header("webhook-id", &message)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", secrets.sign(&message, timestamp, body))
            .body("application/json", body)
    }

    /// Gives the project this budget, in millionths.
    pub fn budget(&self, credits: i64) {
        self.execute(
            "UPDATE projects SET credits = ?1 WHERE name = 'vision'",
            [credits],
        );
    }

    /// A request to a deployment of the project.
    pub fn request(&self, by: &Caller, deployment: &str, body: &Json) -> Answer {
        self.send(self.request_call(by, deployment, body))
    }

    /// The call of one.
    pub fn request_call(&self, by: &Caller, deployment: &str, body: &Json) -> Call {
        let path = self.path(&format!("/deployments/{deployment}/requests"));
        Call::new("POST", path).by(by).json(body)
    }

    /// What the project has used of a measure.
    pub fn used(&self, column: &str) -> i64 {
        self.count(&format!(
            "SELECT coalesce(sum({column}), 0) FROM usage_days WHERE subject_id = (SELECT id FROM projects WHERE name = 'vision')"
        ))
    }

    /// A connection by itself, as a request has one.
    pub fn connection(&self) -> Connection {
        Connection::new(self.platform(self.database.clone(), &Wire::new(&self.clock, None)))
    }

    /// Runs what the clock asks for each minute.
    pub fn minute(&self) {
        let platform = self.platform(self.database.clone(), &Wire::new(&self.clock, None));
        let run = tenantry::jobs::every_minute(&platform, &self.config);
        self.to_end("the scheduled run", Box::pin(run));
    }

    /// Delivers messages to a consumer; answers for each after how many seconds it is to come again.
    pub fn deliver(&self, messages: &[String]) -> Vec<Option<u32>> {
        self.deliver_again(messages, 1)
    }

    /// Delivers messages for this time, counted from 1.
    pub fn deliver_again(&self, messages: &[String], time: u32) -> Vec<Option<u32>> {
        let messages: Vec<_> = messages
            .iter()
            .map(|message| (message.clone(), time))
            .collect();
        let platform = self.platform(self.database.clone(), &Wire::new(&self.clock, None));
        let run = tenantry::jobs::delivered(&platform, &self.config, &messages);
        self.to_end("a consumer", Box::pin(run))
    }

    /// Delivers all that the queue has, until it has nothing any more; what is to come again does so at once, up to three
    /// times.
    pub fn deliver_all(&self) {
        let queue = self.queue.clone().expect("a queue");
        let mut waiting = queue.take();
        for _ in 0..3 {
            let turns: Vec<_> = waiting
                .chunks(5)
                .flat_map(|five| self.deliver(five))
                .collect();
            let again = waiting
                .into_iter()
                .zip(turns)
                .filter(|(_, turn)| turn.is_some());
            waiting = again.map(|(message, _)| message).collect();
        }
    }

    /// Lets so many hours pass, and the scheduled run come.
    pub fn hours_later(&self, hours: i64) {
        self.pass(hours * HOUR);
        self.minute();
    }
}
