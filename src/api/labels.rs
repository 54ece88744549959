//! Lists that are narrowed by label: `labels=k:v,k2:v2` (UbiOps spec 3.6).

use crate::domain::{Invalid, Labels, quoted};
use crate::http::error::Error;
use crate::http::query::Query;
use crate::store::rows::JsonText;

/// Pairs of key and value.
pub(crate) type Wanted = Vec<(String, String)>;

/// The pairs that the query asks for; none does not narrow.
///
/// # Errors
/// 400 that names the parameter.
pub(crate) fn label_filter(query: &Query) -> Result<Wanted, Error> {
    let pair = |part: &str| match part.split_once(':') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Invalid::new(format!("{} is not key:value", quoted(part)))),
    };
    let parse = |text: &str| text.split(',').map(pair).collect::<Result<Wanted, _>>();
    Ok(query.parsed("labels", parse)?.unwrap_or_default())
}

/// Whether the labels have all of the pairs: how projects are listed.
pub(crate) fn has_all_labels(labels: &JsonText, wanted: &Wanted) -> Result<bool, Error> {
    let labels: Labels = labels.parse()?;
    Ok(wanted
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value)))
}

/// Whether the labels have at least one of the pairs: how UbiOps' documents list deployments, pipelines and versions.
pub(crate) fn has_any_label(labels: &JsonText, wanted: &Wanted) -> Result<bool, Error> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let labels: Labels = labels.parse()?;
    Ok(wanted
        .iter()
        .any(|(key, value)| labels.get(key) == Some(value)))
}
