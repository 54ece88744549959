//! The tables of docs/proof.md that tests make: what the page says was tried is what they have tried.
//!
//! `UPDATE_GOLDEN=1 cargo test --test api` writes them anew, as it does the golden files.

use std::path::PathBuf;
use std::sync::Mutex;

/// Tests that make tables run at once.
static PAGE: Mutex<()> = Mutex::new(());

/// Holds a table against the one that the page has between its marks of this name.
#[track_caller]
pub(crate) fn stands_in_the_page(name: &str, table: &str) {
    println!("{table}");
    let held = PAGE.lock();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/proof.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = page.split_once(&start).expect("the page has a mark");
    let (known, after) = rest.split_once(&end).expect("the page has its end");
    let table = format!("\n{}\n\n", table.trim());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{before}{start}{table}{end}{after}")).unwrap();
    } else {
        assert!(
            known == table,
            "docs/proof.md is stale in {name}, where it should say:{table}UPDATE_GOLDEN=1 writes it"
        );
    }
    drop(held);
}
