//! Each invariant notices what it is for: statements and triggers that are broken on purpose are found within so many seeds.
//!
//! A broken statement runs in a process of its own, since which are broken is read once (`testkit/src/broken.rs`).

use std::fs;
use std::process::Command;

use simulation::base::Base;
use simulation::run::of_seed;

/// Within so many seeds each is found.
const WITHIN: u64 = 2_000;

/// What is broken: the invariants that may notice, the end of the statement's name, what is found in it, and what stands in
/// its place, where `{}` is what was found. A `?` stands for any parameter.
type Break = (
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
);

const LAST_ADMIN: &str = "user_id <> ? AND admin = 1 AND joined = 1";
const PERMITTED: &str = "EXISTS (SELECT 1 FROM audit WHERE id = ?)";

static BREAKS: &[Break] = &[
    (
        &["admins"],
        "::organization_users::PERMIT_UPDATE",
        LAST_ADMIN,
        "(1 OR {})",
    ),
    (
        &["admins"],
        "::organization_users::PERMIT_DELETE",
        LAST_ADMIN,
        "(1 OR {})",
    ),
    (
        &["admins"],
        "::users::PERMIT_DELETE",
        "x.user_id <> m.user_id AND x.admin = 1 AND x.joined = 1",
        "(1 OR {})",
    ),
    (
        &["answers"],
        "::settlements::READ",
        "SELECT status,",
        "SELECT iif(status = 'completed', 'failed', 'completed') AS status,",
    ),
    (
        &["audit"],
        "::service_users::statements::UPDATE",
        PERMITTED,
        "(1 OR {})",
    ),
    (
        &["audit"],
        "::projects::statements::UPDATE",
        PERMITTED,
        "(1 OR {})",
    ),
    (
        &["budgets"],
        "::admissions::ADMIT",
        "min(total(iif(r.project_id = it.project_id, r.leased, 0)), 9007199254740991)",
        "0 * {}",
    ),
    (
        &["budgets", "leases"],
        "::admissions::ADMIT",
        "c.monthly_credits + coalesce(",
        "1000000000 + {}",
    ),
    (
        &["audit", "credentials"],
        "::sessions::END",
        "session_method IS NOT NULL",
        "0 AND {}",
    ),
    (
        &["grants"],
        "::role_assignments::PERMIT_CREATE",
        "NOT EXISTS ( SELECT permission FROM role_permissions",
        "1 OR {}",
    ),
    (
        &["leases"],
        "::settlements::END",
        "min(?, r.lease_end - r.time_started)",
        "(90000 + {})",
    ),
    (
        &["metering"],
        "::settlements::METER",
        "r.status IN ('processing', 'cancelled_pending')",
        "(1 OR {})",
    ),
    (
        &["plans"],
        "::projects::statements::PERMIT_CREATE",
        "coalesce(k.count, 0) <",
        "0 * {}",
    ),
    (&["quotas"], "::consumption::INSERT", "? <= 0 OR", "1 OR {}"),
    (
        &["replays", "metering"],
        "::admissions::ADMIT",
        "y.key_digest = ? AND y.creation_date > ?",
        "0 AND {}",
    ),
    (
        &["vouchers"],
        "::organizations::create::PERMIT",
        "coalesce(expiry_date, 9007199254740991) > ?",
        "(1 OR {})",
    ),
    (
        &["vouchers"],
        "::organizations::create::COUNT_REDEMPTION",
        "redemptions + 1",
        "redemptions",
    ),
];

/// The same, but only a few hundred seeds find them: what is asked again in the transaction of a change, say, shows only
/// where it was lost between two round trips.
static RARE_BREAKS: &[Break] = &[
    (
        &["credentials"],
        "::service_users::statements::DELETE_ACCESS_KEYS",
        "service_user_id = ?",
        "0 AND {}",
    ),
    (
        &["ends"],
        "::service_users::statements::PERMIT_CREATE",
        "9007199254740991) <= min(",
        "9007199254740991) <= 9007199254740991 + 0 * min(",
    ),
    (
        &["credentials", "grants"],
        "::service_users::statements::PERMIT_CREATE",
        "EXISTS (SELECT 1 FROM tokens WHERE id = ?",
        "1 OR {}",
    ),
    (
        &["quotas"],
        "::admissions::ADMIT",
        "r.quota_resource = it.quota_resource, r.leased_time, 0)",
        "r.quota_resource = it.quota_resource, 0, 0)",
    ),
];

/// What all orders of pairs find: a right that is lost between the round trips of who had it.
static ORDER_BREAKS: &[Break] = &[(
    &["grants"],
    "::service_users::statements::PERMIT_RESET",
    "principal_id = ? AND project_id = ? AND resource_type = 'project' AND permission = ?",
    "(1 OR {})",
)];

/// How long a parameter is, as it stands in a statement.
fn parameter(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("CAST(?")?;
    let end = rest.find(')')?;
    Some("CAST(?".len() + end + 1)
}

/// How long what is looked for is at the beginning of a text, if it stands there.
fn matched(text: &str, mut wanted: &str) -> Option<usize> {
    let mut length = 0;
    while let Some(next) = wanted.chars().next() {
        let rest = text.get(length..)?;
        let step = match next {
            '?' => parameter(rest)?,
            next if rest.starts_with(next) => next.len_utf8(),
            _ => return None,
        };
        length += step;
        wanted = &wanted[next.len_utf8()..];
    }
    Some(length)
}

fn replaced(text: &str, wanted: &str, by: &str) -> Option<String> {
    let (mut done, mut rest, mut found) = (String::new(), text, false);
    while let Some(next) = rest.chars().next() {
        match matched(rest, wanted) {
            Some(length) => {
                done += &by.replace("{}", &rest[..length]);
                rest = &rest[length..];
                found = true;
            }
            None => {
                done.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    found.then_some(done)
}

/// What a run of seeds with this statement broken prints.
fn printed((_, name, wanted, by): &Break, runs: &str) -> String {
    let statements = tenantry::store::statements();
    let mut named = statements.iter().filter(|sql| sql.name().ends_with(name));
    let statement = named
        .next()
        .unwrap_or_else(|| panic!("there is no statement {name}"));
    let text = &statement.prepared().text;
    let broken = replaced(text, wanted, by);
    let broken = broken.unwrap_or_else(|| panic!("{name} has no {wanted}: {text}"));
    let file = std::env::temp_dir().join(format!(
        "broken-{}-{}.json",
        std::process::id(),
        name.replace("::", "-")
    ));
    fs::write(&file, serde_json::json!({ text: broken }).to_string()).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_simulate"))
        .arg(runs)
        .arg("--as-it-is")
        .env("BROKEN_STATEMENTS", &file)
        .output()
        .unwrap();
    fs::remove_file(&file).unwrap();
    String::from_utf8_lossy(&run.stdout).into_owned()
}

#[test]
fn broken_statements_are_noticed() {
    are_noticed(BREAKS, &format!("1..{WITHIN}"));
}

#[test]
#[ignore = "minutes in a debug build: make simulate BROKEN=1"]
fn statements_whose_breaks_are_seldom_met_are_noticed() {
    are_noticed(RARE_BREAKS, &format!("1..{WITHIN}"));
    are_noticed(ORDER_BREAKS, "--orders");
}

fn are_noticed(breaks: &[Break], runs: &str) {
    let mut unnoticed = Vec::new();
    for broken in breaks {
        let (invariants, name, wanted, _) = broken;
        let printed = printed(broken, runs);
        let line = printed.lines().find(|line| line.contains(" does not hold"));
        let line = line.unwrap_or("not at all");
        println!("{name}, {wanted}: {line}");
        let is_noticed = |invariant: &&str| line.contains(&format!("{invariant} does not hold"));
        if !invariants.iter().any(is_noticed) {
            unnoticed.push(format!("{name}, {wanted}, by {invariants:?}: {printed}"));
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

/// Triggers that are taken away, and which invariant notices.
const TRIGGERS: [(&str, &str); 4] = [
    ("counts", "deployments_uncounted"),
    ("counts", "organization_users_counted"),
    ("orphans", "deployments_unassigned"),
    ("orphans", "deployments_fields_gone"),
];

#[test]
fn triggers_that_are_gone_are_noticed() {
    for (invariant, trigger) in TRIGGERS {
        let base = Base::broken_by(&format!("DROP TRIGGER {trigger}"));
        let found = (1..=WITHIN).find_map(|seed| {
            let violation = of_seed(&base, seed).violation?;
            Some((seed, violation))
        });
        let (seed, violation) = found.unwrap_or_else(|| panic!("nobody noticed: {trigger}"));
        println!("{trigger}: seed {seed}: {violation:?}");
        assert_eq!(violation.invariant, invariant, "{violation:?}");
    }
}
