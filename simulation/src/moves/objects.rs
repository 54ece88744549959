//! Deployments, pipelines, their versions and upstreams, and what hangs on them.

use serde_json::{Value as Json, json};

use testkit::gate::UPSTREAM;
use testkit::pipelines::{link, object};

use super::{in_project, name, project, somebody};
use crate::base::GPU;
use crate::simulation::{Begin, Simulation};

const DEPLOYMENTS: &str =
    "SELECT name FROM deployments WHERE project_id = ? ORDER BY creation_date, name";
const VERSIONS: &str = "SELECT d.name || '/versions/' || v.version FROM deployment_versions v
  JOIN deployments d ON d.id = v.deployment_id WHERE v.project_id = ? ORDER BY d.creation_date, d.name, v.version";

/// Makes a deployment.
pub fn make_deployment(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let name = name(simulation, &["f", "g"]);
    Some(making_deployment(simulation, by, &project, &name))
}

/// The call that does.
pub fn making_deployment(simulation: &Simulation, by: usize, project: &str, name: &str) -> Begin {
    let body = json!({
        "name": name, "input_type": "structured", "output_type": "structured",
        "input_fields": [{"name": "x", "data_type": "int"}], "output_fields": [{"name": "y", "data_type": "int"}],
    });
    simulation.calling(
        by,
        "POST",
        format!("/v2.1/projects/{project}/deployments"),
        body,
    )
}

/// Deletes a deployment or a pipeline.
pub fn delete_deployment(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let target = in_project(
        simulation,
        &project,
        "SELECT 'deployments/' || name FROM deployments WHERE project_id = ?
         UNION ALL SELECT 'pipelines/' || name FROM pipelines WHERE project_id = ? ORDER BY 1",
    )?;
    Some(simulation.calling(
        by,
        "DELETE",
        format!("/v2.1/projects/{project}/{target}"),
        Json::Null,
    ))
}

/// The call that deletes a deployment.
pub fn deleting_deployment(simulation: &Simulation, by: usize, name: &str) -> Begin {
    simulation.calling(
        by,
        "DELETE",
        format!("/v2.1/projects/vision/deployments/{name}"),
        Json::Null,
    )
}

/// Makes a version, of a deployment or of a pipeline, or a pipeline.
pub fn make_version(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let base = format!("/v2.1/projects/{project}");
    let version = name(simulation, &["v1", "v2", "v3"]);
    match simulation.below(4) {
        0 | 1 => {
            let deployment = in_project(simulation, &project, DEPLOYMENTS)?;
            let target = format!("{base}/deployments/{deployment}/versions");
            Some(simulation.calling(by, "POST", target, json!({"version": version})))
        }
        2 => {
            let body = json!({
                "name": name(simulation, &["p", "q"]), "input_type": "structured", "output_type": "structured",
                "input_fields": [{"name": "in", "data_type": "int"}],
                "output_fields": [{"name": "out", "data_type": "int"}],
            });
            Some(simulation.calling(by, "POST", format!("{base}/pipelines"), body))
        }
        _ => {
            let pipelines = "SELECT name FROM pipelines WHERE project_id = ? ORDER BY name";
            let pipeline = in_project(simulation, &project, pipelines)?;
            let deployment = in_project(simulation, &project, DEPLOYMENTS)?;
            let body = json!({
                "version": version, "objects": [object("one", "deployment", &deployment)],
                "attachments": [link("pipeline_start", "in", "one", "x"), link("one", "y", "pipeline_end", "out")],
            });
            Some(simulation.calling(
                by,
                "POST",
                format!("{base}/pipelines/{pipeline}/versions"),
                body,
            ))
        }
    }
}

/// Deletes a version, or makes it the default.
pub fn delete_version(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let version = in_project(
        simulation,
        &project,
        "SELECT 'deployments/' || d.name || '/versions/' || v.version FROM deployment_versions v
         JOIN deployments d ON d.id = v.deployment_id WHERE v.project_id = ?
         UNION ALL SELECT 'pipelines/' || l.name || '/versions/' || v.version FROM pipeline_versions v
         JOIN pipelines l ON l.id = v.pipeline_id WHERE v.project_id = ? ORDER BY 1",
    )?;
    let target = format!("/v2.1/projects/{project}/{version}");
    match simulation.below(3) {
        2 => Some(simulation.calling(by, "DELETE", target, Json::Null)),
        _ => {
            let (object, version) = target.split_once("/versions/")?;
            let body = json!({"default_version": version});
            Some(simulation.calling(by, "PATCH", object, body))
        }
    }
}

/// Sets the upstream of a version, or takes it away.
pub fn put_upstream(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let version = in_project(simulation, &project, VERSIONS)?;
    let target = format!("/v2.1/projects/{project}/deployments/{version}/upstream");
    let body = match simulation.below(5) {
        0 | 1 => json!({"upstream_url": UPSTREAM, "instance_type": "1gb"}),
        2 => json!({"upstream_url": UPSTREAM, "instance_type": "1gb", "max_concurrency": 1}),
        3 => json!({"upstream_url": UPSTREAM, "workspace": "0", "quota_resource": GPU}),
        _ => return Some(simulation.calling(by, "DELETE", target, Json::Null)),
    };
    Some(simulation.calling(by, "PUT", target, body))
}

/// Makes or takes away a schedule, a webhook or a variable of a deployment.
pub fn set_or_delete(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let base = format!("/v2.1/projects/{project}");
    let deployment = in_project(simulation, &project, DEPLOYMENTS)?;
    match simulation.below(6) {
        0 => {
            let body = json!({"name": "s", "object_type": "deployment", "object_name": deployment,
                "schedule": "*/5 * * * *", "request_data": {"x": 1}});
            Some(simulation.calling(by, "POST", format!("{base}/schedules"), body))
        }
        1 => {
            let body = json!({"name": "w", "object_type": "deployment", "object_name": deployment,
                "event": "deployment_request_completed", "url": "https://shop.acme.com/told"});
            Some(simulation.calling(by, "POST", format!("{base}/webhooks"), body))
        }
        2 => {
            let body = json!({"name": "KEY", "value": "x", "secret": true});
            let target = format!("{base}/deployments/{deployment}/environment-variables");
            Some(simulation.calling(by, "POST", target, body))
        }
        3 => Some(simulation.calling(by, "DELETE", format!("{base}/schedules/s"), Json::Null)),
        4 => Some(simulation.calling(by, "DELETE", format!("{base}/webhooks/w"), Json::Null)),
        _ => {
            let body = json!({"enabled": simulation.below(2) == 1});
            Some(simulation.calling(by, "PATCH", format!("{base}/schedules/s"), body))
        }
    }
}

/// Renames a deployment, perhaps to a name that is taken.
pub fn rename(simulation: &Simulation) -> Option<Begin> {
    let (by, project) = (somebody(simulation), project(simulation)?);
    let deployment = in_project(simulation, &project, DEPLOYMENTS)?;
    let body = json!({"name": simulation.one_of(&["h", "d", "e"]), "description": "renamed"});
    let target = format!("/v2.1/projects/{project}/deployments/{deployment}");
    Some(simulation.calling(by, "PATCH", target, body))
}
