//! Parts of a pipeline version, as a body names them.

use serde_json::{Value as Json, json};

use crate::World;

impl World {
    /// A pipeline whose default version `v2` is one object: a deployment or pipeline, as [`World::deployment`] and this
    /// make them, which has its own name there.
    pub fn pipeline_of(&self, name: &str, kind: &str, reference: &str) {
        self.pipeline(name);
        let (takes, gives) = match kind {
            "pipeline" => ("in", "out"),
            _ => ("x", "y"),
        };
        let body = json!({"version": "v2", "objects": [object(reference, kind, reference)], "attachments": [
            link("pipeline_start", "in", reference, takes), link(reference, gives, "pipeline_end", "out"),
        ]});
        let path = self.path(&format!("/pipelines/{name}"));
        self.call(&self.operator(), "POST", &format!("{path}/versions"), body)
            .expect(201);
        let body = json!({"default_version": "v2"});
        self.call(&self.operator(), "PATCH", &path, body)
            .expect(200);
    }
}

/// An object that refers to what has this name.
pub fn object(name: &str, kind: &str, reference: &str) -> Json {
    json!({"name": name, "reference_name": reference, "reference_type": kind})
}

/// An attachment by which one field goes from here to there.
pub fn link(from: &str, source_field: &str, to: &str, destination_field: &str) -> Json {
    json!({
        "destination_name": to,
        "sources": [{"source_name": from, "mapping": [
            {"source_field_name": source_field, "destination_field_name": destination_field},
        ]}],
    })
}
