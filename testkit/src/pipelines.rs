//! Parts of a pipeline version, as a body names them.

use serde_json::{Value as Json, json};

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
