//! An organization that has one of everything, so that a test can have two of the same shape.
//!
//! Every name that it is given contains its tag and ends in `m`, so what belongs to it is found in any text, and a name that
//! differs in its last letter alone is nobody's.

use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::cast::Caller;
use crate::pipelines::{link, object};
use crate::records;
use crate::upstream::Reply;
use crate::world::{HOUR, World};

/// An organization with one project.
pub struct Tenant {
    /// The organization's name.
    pub organization: String,
    /// The project's name.
    pub project: String,
    /// The admin of the organization.
    pub owner: Caller,
    tag: String,
}

impl Tenant {
    /// One that is there already.
    pub fn of(organization: &str, project: &str, owner: &Caller, tag: &str) -> Self {
        Self {
            organization: organization.to_owned(),
            project: project.to_owned(),
            owner: owner.clone(),
            tag: tag.to_owned(),
        }
    }

    /// A new one, with nothing in it.
    pub fn found(world: &World, tag: &str) -> Self {
        let name = |kind: &str| format!("{tag}{kind}-m");
        let (organization, project) = (name("organization"), name("project"));
        let owner = world.person(&name("owner"));
        let made = |path: &str, body: Json| world.call(&owner, "POST", path, body).expect(201);
        made("/v2.1/organizations", json!({"name": organization}));
        let origin = format!("https://{project}.example");
        made(
            "/v2.1/projects",
            json!({"name": project, "organization_name": organization, "cors_origins": [origin]}),
        );
        Self::of(&organization, &project, &owner, tag)
    }

    /// The name of what it has of a kind.
    pub fn name(&self, kind: &str) -> String {
        format!("{}{kind}-m", self.tag)
    }

    /// A path of its project.
    pub fn path(&self, rest: &str) -> String {
        format!("/v2.1/projects/{}{rest}", self.project)
    }

    /// Gives it one of everything.
    pub fn furnish(&self, world: &World) {
        world.upstream.answering(|_| Reply::json(&json!({"y": 2})));
        self.people(world);
        self.targets(world);
        self.around_targets(world);
        self.workspaces(world);
        self.requests(world);
    }

    fn made(&self, world: &World, path: &str, body: Json) -> Json {
        let call = Call::new("POST", path).by(&world.operator());
        let answer = world.send(match body {
            Json::Null => call,
            body => call.json(&body),
        });
        assert!(answer.status < 300, "{answer}");
        answer.json()
    }

    fn people(&self, world: &World) {
        world.execute(
            "UPDATE projects SET advanced_permissions = 1 WHERE name = ?1",
            [&self.project],
        );
        let role = json!({"name": self.name("role"), "permissions": ["projects.get"]});
        self.made(world, &self.path("/roles"), role);
        let person = world.person(&self.name("person"));
        world.join(&self.organization, &person, false);
        let users = format!("/v2.1/organizations/{}/users", self.organization);
        let invited = json!({"email": format!("{}@example.com", self.name("invited"))});
        self.made(world, &users, invited);
        self.made(world, &self.path("/users"), json!({"user_id": person.id}));
        let assignment = json!({"role": self.name("role"), "assignee": person.id});
        self.made(world, &self.path("/role-assignments"), assignment);
        let robot = json!({
            "name": self.name("robot"), "allowed_cors_origins": [format!("https://{}.example", self.name("page"))],
            "expiry_date": world.after(1_000 * HOUR),
        });
        let robot = self.made(world, &self.path("/service-users"), robot);
        let robot = robot["id"].as_str().unwrap();
        let assignment = json!({"role": self.name("role"), "assignee": robot});
        self.made(world, &self.path("/role-assignments"), assignment);
        let path = self.path(&format!("/service-users/{robot}"));
        let call = Call::new("PUT", format!("{path}/token?grace=604800")).by(&world.operator());
        world.send(call).expect(200);
        self.made(world, &format!("{path}/access-keys"), Json::Null);
        world.sign_in(&self.owner);
        let link = format!("/operator/v1/users/{}/sign-in-link", self.owner.id);
        self.made(world, &link, json!({}));
    }

    fn targets(&self, world: &World) {
        let (deployment, pipeline) = (self.name("deployment"), self.name("pipeline"));
        let body = json!({
            "name": deployment, "input_type": "structured", "output_type": "structured",
            "input_fields": [{"name": "x", "data_type": "int"}], "output_fields": [{"name": "y", "data_type": "int"}],
        });
        self.made(world, &self.path("/deployments"), body);
        let versions = self.path(&format!("/deployments/{deployment}/versions"));
        let version = self.name("version");
        let body = json!({
            "version": version,
            "labels": {"openai-compatible": "true", "openai-model-names": self.name("model")},
        });
        self.made(world, &versions, body);
        for (place, name) in [
            ("/environment-variables".to_owned(), "of_project"),
            (
                format!("/deployments/{deployment}/environment-variables"),
                "of_deployment",
            ),
            (
                format!("/deployments/{deployment}/versions/{version}/environment-variables"),
                "of_version",
            ),
        ] {
            let body = json!({"name": format!("{}{name}_m", self.tag), "value": "x"});
            self.made(world, &self.path(&place), body);
        }
        let body = json!({
            "name": pipeline, "input_type": "structured", "output_type": "structured",
            "input_fields": [{"name": "in", "data_type": "int"}], "output_fields": [{"name": "out", "data_type": "int"}],
        });
        self.made(world, &self.path("/pipelines"), body);
        let body = json!({"version": self.name("line"), "objects": [object("object", "deployment", &deployment)], "attachments": [
            link("pipeline_start", "in", "object", "x"), link("object", "y", "pipeline_end", "out"),
        ]});
        let versions = self.path(&format!("/pipelines/{pipeline}/versions"));
        self.made(world, &versions, body);
        let path = self.path(&format!(
            "/deployments/{deployment}/versions/{version}/upstream"
        ));
        let body = json!({
            "upstream_url": format!("https://{}.acme.com/predict", self.name("server")),
            "base_url": format!("https://{}.acme.com/v1", self.name("server")),
        });
        world
            .call(&world.operator(), "PUT", &path, body)
            .expect(200);
    }

    fn around_targets(&self, world: &World) {
        let deployment = self.name("deployment");
        let body = json!({
            "name": self.name("schedule"), "object_type": "deployment", "object_name": deployment,
            "schedule": "0 6 * * *", "request_data": {"x": 1},
        });
        self.made(world, &self.path("/schedules"), body);
        let body = json!({
            "name": self.name("webhook"), "object_type": "deployment", "object_name": deployment,
            "event": "deployment_request_completed", "url": format!("https://{}.acme.com/told", self.name("shop")),
        });
        self.made(world, &self.path("/webhooks"), body.clone());
        self.made(world, &self.path("/webhooks-tests"), body);
        let body = json!({"name": self.name("service"), "deployment": deployment});
        self.made(world, &self.path("/services"), body);
        for kind in ["rate", "concurrency"] {
            let path = format!("/services/{}/user-{kind}-limits", self.name("service"));
            let body = json!({"user_id": self.owner.id, "limit": 100});
            self.made(world, &self.path(&path), body);
        }
    }

    fn workspaces(&self, world: &World) {
        let id: String = world
            .database
            .connection()
            .query_row(
                "SELECT id FROM projects WHERE name = ?1",
                [&self.project],
                |row| row.get(0),
            )
            .unwrap();
        let path = format!("/v1/{id}/workspaces");
        let body = json!({
            "name": self.name("workspace"), "auth_type": "INTERNAL",
            "grants": [{"user_name": format!("{}@example.com", self.name("person"))}],
        });
        let workspace = self.made(world, &path, body);
        let path = format!("{path}/{}/quotas", workspace["id"].as_str().unwrap());
        let quota = json!({"quotas": [{"resource": "exemlProject.gpu_duration", "quota": 100}]});
        let call = Call::new("PUT", &path).by(&world.operator()).json(&quota);
        world.send(call).expect(200);
        let body =
            json!({"id": self.name("run"), "resource": "exemlProject.gpu_duration", "amount": 5});
        self.made(world, &format!("{path}/consumption"), body);
    }

    fn requests(&self, world: &World) {
        let by = json!({"caller": self.owner.email, "caller_id": self.owner.id});
        for (kind, name, version) in [
            ("deployment", "deployment", "version"),
            ("pipeline", "pipeline", "line"),
        ] {
            for status in ["completed", "pending"] {
                let mut fields = by.clone();
                fields["version"] = json!(self.name(version));
                fields["status"] = json!(status);
                records::record(world, kind, &self.name(name), fields);
            }
        }
        let path = self.path(&format!(
            "/deployments/{}/requests",
            self.name("deployment")
        ));
        let call = Call::new("POST", &path)
            .by(&self.owner)
            .json(&json!({"x": 1}));
        let call = call.header("idempotency-key", self.name("key"));
        world.send(call).expect(200);
        self.made(world, &format!("{path}/batch"), json!([{"x": 1}, {"x": 2}]));
        let event = json!([{
            "id": self.name("event"), "project": self.project, "object_type": "deployment_version",
            "object_name": self.name("deployment"), "version": self.name("version"), "metric": "credits", "value": 1,
            "timestamp": "2026-06-15",
        }]);
        self.made(world, "/operator/v1/usage-events", event);
    }
}
