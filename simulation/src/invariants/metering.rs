//! What requests are charged.

use std::collections::BTreeMap;

use super::{Invariant, Moment, hold, is_under_way};
use crate::facts::{Facts, changes, made};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "metering",
    sentence: "Each request is metered once or never: usage grows, in the transaction that ends a record, by what that record \
               says, and by nothing else but what the operator imports; a record that has ended stays as it is; an event of an \
               import counts once (contract section 5.4).",
    check,
};

/// What each subject has used of each metric.
fn usage(facts: &Facts) -> BTreeMap<(&str, &str), [i64; 3]> {
    let mut usage: BTreeMap<(&str, &str), [i64; 3]> = BTreeMap::new();
    for row in facts.rows("usage_days") {
        let key = (row.text("subject_id"), row.text("object_type"));
        let metrics = usage.entry(key).or_default();
        for (metric, column) in ["credits", "input_volume", "output_volume"]
            .iter()
            .enumerate()
        {
            metrics[metric] += row.whole(column);
        }
    }
    usage
}

fn check(moment: &Moment<'_>) -> Result<(), String> {
    if !moment.has_changed {
        return Ok(());
    }
    // What credits should have been added to whom; of what is not kept, no more than was leased.
    let mut least: BTreeMap<&str, i64> = BTreeMap::new();
    let mut most: BTreeMap<&str, i64> = BTreeMap::new();
    for (old, new) in changes(moment.before, moment.after, "requests") {
        let Some(old) = old else { continue };
        if !is_under_way(old) {
            if let Some(new) = new {
                let has_ended = ["completed", "failed", "cancelled"].contains(&old.text("status"));
                let same = old.is_same_but(new, &["additional_data", "retention_time"]);
                hold(!has_ended || same, || {
                    format!("it had ended: {} became {}", old.shown(), new.shown())
                })?;
            }
            continue;
        }
        let (low, high) = match new {
            Some(new) if is_under_way(new) => continue,
            Some(new) => (new.whole("credits"), new.whole("credits")),
            None => (0, old.whole("leased").max(0)),
        };
        for subject in ["version_id", "project_id", "organization_id"] {
            *least.entry(old.text(subject)).or_default() += low;
            *most.entry(old.text(subject)).or_default() += high;
        }
    }
    for event in made(moment.before, moment.after, "usage_events") {
        if event.text("metric") == "credits" {
            for subject in ["version_id", "project_id", "organization_id"] {
                *least.entry(event.text(subject)).or_default() += event.whole("value");
                *most.entry(event.text(subject)).or_default() += event.whole("value");
            }
        }
    }
    if moment.before.shares("usage_days", moment.after) {
        let owed = least
            .iter()
            .find(|(subject, credits)| **credits > 0 && !subject.is_empty());
        return hold(owed.is_none(), || {
            format!("nothing was added to usage: {owed:?}")
        });
    }
    let (old, new) = (usage(moment.before), usage(moment.after));
    let gone = old.keys().find(|key| !new.contains_key(*key));
    hold(gone.is_none(), || format!("usage is gone: {gone:?}"))?;
    for (key, metrics) in &new {
        let before = old.get(key).copied().unwrap_or_default();
        let less = metrics
            .iter()
            .zip(before)
            .any(|(now, before)| *now < before);
        hold(!less, || format!("{key:?} has used less than before"))?;
        if key.1 != "deployment_version" {
            continue;
        }
        let added = metrics[0] - before[0];
        let (low, high) = (least.get(key.0), most.get(key.0));
        let (low, high) = (low.copied().unwrap_or(0), high.copied().unwrap_or(0));
        hold((low..=high).contains(&added), || {
            format!(
                "{} was charged {added}, and what ended says {low} to {high}",
                key.0
            )
        })?;
    }
    let short = least.iter().find(|(subject, credits)| {
        **credits > 0
            && !subject.is_empty()
            && !new.contains_key(&(**subject, "deployment_version"))
    });
    hold(short.is_none(), || {
        format!("nothing was charged: {short:?}")
    })
}
