//! Which pipeline keeps a deployment, a pipeline or a version of one from being deleted.

use crate::domain::quoted;
use crate::error::Error;
use crate::store::rows::{JsonText, row};

/// A pipeline version that the caller may see, with an object that the condition holds of, as `[pipeline, version]`; null
/// where there is none. It says what is in the way only where the condition holds of some object.
macro_rules! used_in {
    ($condition:expr) => {
        concat!(
            "coalesce((
               SELECT json_array(l.name, w.version)
               FROM pipeline_objects o CROSS JOIN pipelines l ON l.id = o.pipeline_id
               CROSS JOIN pipeline_versions w ON w.id = o.pipeline_version_id
               WHERE ",
            $condition,
            " AND ",
            $crate::store::pipeline_checks::caller_may_get!("'pipelines.get'", "o.pipeline_id"),
            " LIMIT 1), 'null')"
        )
    };
}
pub(crate) use used_in;

row! {
    /// What keeps something from being deleted.
    pub struct UseInPipeline {
        used_in: JsonText,
    }
}

impl UseInPipeline {
    /// The 400 of it: what is used, and in what kind of pipeline, `a` or `another` one.
    #[must_use]
    pub fn refusal(&self, what: &str, which: &str) -> Error {
        let place: Result<Option<Vec<String>>, Error> = self.used_in.parse();
        Error::invalid(match place.as_ref().map(Option::as_deref) {
            Ok(Some([pipeline, version])) => format!(
                "{what} is used in {which} pipeline, version {} of {}; take it out there first",
                quoted(version),
                quoted(pipeline)
            ),
            Ok(None) => format!(
                "{what} is used in {which} pipeline that you may not see; it must be taken out there first"
            ),
            _ => return Error::inconsistent("used_in: no version of a pipeline"),
        })
    }
}
