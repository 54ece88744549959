//! Quotas of workspaces.

use super::{Invariant, Moment, hold, is_under_way};
use crate::facts::{Facts, Row, made};

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "quotas",
    sentence: "What is consumed, has run and is leased of a workspace's quota stays within it where it grows; what is consumed is \
               the sum of the consumptions, each counted once; no more run under way than a version allows.",
    check,
};

/// The units that are used or leased: consumed ones, and those begun by the milliseconds that ran or are leased.
fn taken(facts: &Facts, project: &str, workspace: &str, resource: &str) -> i64 {
    let quota = facts.row(
        "workspace_quotas",
        &format!("{project} {workspace} {resource}"),
    );
    let rows = facts.rows("requests").filter(|row| {
        is_under_way(row)
            && row.text("project_id") == project
            && row.text("workspace_id") == workspace
            && row.text("quota_resource") == resource
    });
    let leased: i64 = rows.map(|row| row.whole("leased_time")).sum();
    let unit = facts
        .row("quota_resources", resource)
        .map_or("", |row| row.text("unit_en"));
    let unit = match unit {
        "second" => 1_000,
        "minute" => 60_000,
        "hour" => 3_600_000,
        _ => return quota.map_or(0, |row| row.whole("used")),
    };
    let (used, ran) = quota.map_or((0, 0), |row| (row.whole("used"), row.whole("run_time")));
    used + (ran + leased + unit - 1) / unit
}

fn check(moment: &Moment<'_>) -> Result<(), String> {
    let (before, after) = (moment.before, moment.after);
    for row in after.rows("workspace_quotas") {
        let [project, workspace, resource] =
            ["project_id", "workspace_id", "resource"].map(|column| row.text(column));
        let most = row.number("quota").filter(|quota| *quota >= 0);
        let (old, new) = [before, after]
            .map(|facts| taken(facts, project, workspace, resource))
            .into();
        hold(new <= old || most.is_none_or(|most| new <= most), || {
            format!("{new} units of {}", row.shown())
        })?;
        let key = format!("{project} {workspace} {resource}");
        let used_before = before
            .row("workspace_quotas", &key)
            .map_or(0, |row| row.whole("used"));
        let amounts: Vec<i64> = made(before, after, "quota_consumptions")
            .iter()
            .filter(|one| {
                one.text("project_id") == project
                    && one.text("workspace_id") == workspace
                    && one.text("resource") == resource
            })
            .map(|one| one.whole("amount"))
            .collect();
        let sum = amounts
            .iter()
            .fold(used_before, |used, amount| (used + amount).max(0));
        hold(row.whole("used") == sum, || {
            format!("{sum} were consumed: {}", row.shown())
        })?;
    }
    is_within_concurrency(moment)
}

fn is_within_concurrency(moment: &Moment<'_>) -> Result<(), String> {
    if moment.before.shares("requests", moment.after) {
        return Ok(());
    }
    for upstream in moment.after.rows("upstreams") {
        let Some(most) = upstream.number("max_concurrency") else {
            continue;
        };
        let version = upstream.text("version_id");
        let of_it = |row: &&Row| is_under_way(row) && row.text("version_id") == version;
        let count =
            |facts: &Facts| i64::try_from(facts.rows("requests").filter(of_it).count()).unwrap();
        let (old, new) = (count(moment.before), count(moment.after));
        hold(new <= old || new <= most, || {
            format!("{new} run at once: {}", upstream.shown())
        })?;
    }
    Ok(())
}
