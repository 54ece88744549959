//! Answers to requests.

use serde_json::Value as Json;

use super::{Invariant, Moment, hold};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "answers",
    sentence: "What a caller was answered is accounted for: a request that is answered with what it came to has a record that \
               says so, or one that is rightly not kept any more (contract section 5).",
    check,
};

/// The JSON of an answer; of a stream that of its last line.
fn last(body: &[u8]) -> Option<Json> {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().rev().find(|line| line.contains("\"id\""))?;
    serde_json::from_str(line.trim_start_matches("data:").trim()).ok()
}

fn check(moment: &Moment<'_>) -> Result<(), String> {
    let (Some(one), Some(answer)) = (moment.one, moment.answer) else {
        return Ok(());
    };
    let is_request = one.words.contains("POST") && one.words.contains("/requests");
    if !is_request || answer.status != 200 {
        return Ok(());
    }
    let Some(body) = last(&answer.body) else {
        return Ok(());
    };
    let all = body.as_array().cloned().unwrap_or_else(|| vec![body]);
    for told in all {
        let (Some(id), Some(status)) = (told["id"].as_str(), told["status"].as_str()) else {
            continue;
        };
        // A stream has begun, so what would be a 503 elsewhere is its last line: it ran, read its record.
        let words = told["error_message"].as_str();
        if words.is_some_and(|words| words.contains("its outcome is not recorded yet")) {
            continue;
        }
        let record = moment
            .after
            .rows("requests")
            .find(|row| row.text("id") == id);
        let Some(record) = record else {
            // Deleted meanwhile, or not kept: then nothing but what was metered is left.
            continue;
        };
        let is_so = match status {
            "completed" | "failed" => record.text("status") == status,
            _ => true,
        };
        hold(is_so, || {
            format!("{} is told of {}", answer, record.shown())
        })?;
    }
    Ok(())
}
