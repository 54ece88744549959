//! Lists that are narrowed by label: `labels=k:v,k2:v2` (UbiOps spec 3.6).

use crate::domain::json;
use crate::domain::{Invalid, quoted};
use crate::error::Error;
use crate::web::query::Query;

/// The pairs of key and value that the query asks for, as a JSON list for a statement; none does not narrow.
///
/// # Errors
/// 400 that names the parameter.
pub(crate) fn label_filter(query: &Query) -> Result<Option<String>, Error> {
    let pair = |part: &str| match part.split_once(':') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Invalid::new(format!("{} is not key:value", quoted(part)))),
    };
    let parse = |text: &str| text.split(',').map(pair).collect::<Result<Vec<_>, _>>();
    let wanted = query.parsed("labels", parse)?;
    Ok(wanted.map(|pairs| json::text(&pairs)))
}
