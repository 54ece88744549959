use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<HeaderTemplates, Invalid> {
    let mut templates = HeaderTemplates::default();
    for (name, template) in pairs {
        templates.add(&name, template)?;
    }
    Ok(templates)
}

fn templates(pairs: &[(&str, &str)]) -> Result<HeaderTemplates, Invalid> {
    let owned = |(name, template): &(&str, &str)| ((*name).to_owned(), (*template).to_owned());
    of_pairs(pairs.iter().map(owned))
}

fn expanded(template: &str, variables: &[(&str, &str)]) -> Result<String, Unexpanded> {
    let templates = templates(&[("x-a", template)]).unwrap();
    let values: HashMap<&str, &str> = variables.iter().copied().collect();
    let headers = templates.expand(|name| values.get(name).copied())?;
    assert_eq!(headers.len(), 1);
    Ok(headers[0].1.clone())
}

#[test]
fn a_variable_stands_in_braces_and_two_dollars_are_one() {
    let variables = [("KEY", "s3cret"), ("_b2", "${KEY} $$")];
    for (template, value) in [
        ("Bearer ${KEY}", "Bearer s3cret"),
        ("${KEY}${KEY}", "s3crets3cret"),
        ("$$${KEY}$$", "$s3cret$"),
        ("$${KEY}", "${KEY}"),
        ("a ${_b2} z", "a ${KEY} $$ z"),
        ("plain\ttext ~", "plain\ttext ~"),
        ("", ""),
    ] {
        assert_eq!(expanded(template, &variables).unwrap(), value, "{template}");
    }
}

#[test]
fn the_names_of_the_variables_are_known_beforehand() {
    let templates = templates(&[("b", "${Y} ${X} $${Z}"), ("a", "${X}")]).unwrap();
    assert_eq!(templates.variables(), ["X", "Y"]);
}

#[test]
fn a_template_that_means_nothing_is_refused() {
    for (template, wrong) in [
        ("$", "begins nothing"),
        ("a$b", "begins nothing"),
        ("${KEY", "begins nothing"),
        ("$$$", "begins nothing"),
        ("${}", "where the name of a variable"),
        ("${1A}", "where the name of a variable"),
        ("${A-B}", "where the name of a variable"),
        ("${A B}", "where the name of a variable"),
        ("${${A}}", "where the name of a variable"),
        ("a\r\nb", "visible ASCII"),
        ("a\0", "visible ASCII"),
        ("a\u{1f}", "visible ASCII"),
        ("a\u{7f}", "visible ASCII"),
        ("é", "visible ASCII"),
    ] {
        let refusal = templates(&[("x-a", template)]).unwrap_err().to_string();
        assert!(refusal.contains(wrong), "{template:?}: {refusal}");
    }
    assert!(templates(&[("x-a", &"x".repeat(1024))]).is_ok());
    assert!(templates(&[("x-a", &"x".repeat(1025))]).is_err());
    assert!(templates(&[("x-a", &format!("${{{}}}", "A".repeat(64)))]).is_ok());
    assert!(templates(&[("x-a", &format!("${{{}}}", "A".repeat(65)))]).is_err());
}

#[test]
fn names_of_the_connection_of_the_body_and_of_ours_are_refused() {
    for name in [
        "Connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "Proxy-Connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-type",
        "Content-Length",
        "content-anything",
        "accept-encoding",
        "cookie",
        "expect",
        "user-agent",
        "traceparent",
        "tracestate",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-x",
        "x-real-ip",
        "CF-Connecting-IP",
        "webhook-id",
        "svix-signature",
        "tenantry-request-id",
        "",
        "a b",
        "a:",
        "a\n",
        "é",
        &"x".repeat(129),
    ] {
        assert!(templates(&[(name, "x")]).is_err(), "{name:?}");
    }
    for name in [
        "authorization",
        "X-Api-Key",
        "accept",
        "x-forward",
        "content",
        "openai-organization",
        "te2",
        &"x".repeat(128),
    ] {
        assert!(templates(&[(name, "x")]).is_ok(), "{name:?}");
    }
}

#[test]
fn each_name_stands_once_in_lower_case_and_there_are_at_most_20() {
    let same = templates(&[("X-A", "1"), ("x-a", "2")]).unwrap_err();
    assert!(same.as_str().contains("'x-a' stands twice"));
    let json = crate::domain::json::from_str::<HeaderTemplates>(r#"{"a": "1", "a": "2"}"#);
    assert!(json.unwrap_err().to_string().contains("stands twice"));
    let many = |count: usize| of_pairs((0..count).map(|at| (format!("x-{at}"), String::new())));
    assert!(many(20).is_ok() && many(21).is_err());
    let kept = templates(&[("X-B", "1"), ("X-A", "$$")]).unwrap();
    assert_eq!(kept.to_json(), r#"{"x-a":"$$","x-b":"1"}"#);
    assert_eq!(serde_json::to_string(&kept).unwrap(), kept.to_json());
}

#[test]
fn a_fault_names_the_variable_and_never_its_value() {
    let secret = format!("hunter2\n{}", "x".repeat(9000));
    let missing = expanded("${KEY}", &[]).unwrap_err();
    assert!(missing.to_string().contains("'KEY' is not set"));
    let unsendable = expanded("${KEY}", &[("KEY", &secret)]).unwrap_err();
    assert!(unsendable.to_string().contains("'KEY' has a character"));
    assert!(!format!("{unsendable} {unsendable:?}").contains("hunter2"));
    let long = "y".repeat(8 << 10);
    assert_eq!(expanded("${KEY}", &[("KEY", &long)]).unwrap(), long);
    let too_long = expanded("${KEY}.", &[("KEY", &long)]).unwrap_err();
    assert!(
        too_long
            .to_string()
            .contains("'KEY' makes the header 'x-a' longer")
    );
    assert!(!format!("{too_long:?}").contains("yy"));
}

#[test]
fn all_headers_together_have_32_kib() {
    let five: Vec<_> = (0..5)
        .map(|at| (format!("x-{at}"), "${KEY}".to_owned()))
        .collect();
    let long = "y".repeat(8 << 10);
    let four = of_pairs(five.iter().take(4).cloned()).unwrap();
    assert!(four.expand(|_| Some(&long)).is_ok());
    let fault = of_pairs(five).unwrap().expand(|_| Some(&long)).unwrap_err();
    assert_eq!(fault.variable(), "KEY");
    assert!(fault.to_string().contains("together"));
    let last = |template: &str| {
        let fifth = ("x-4".to_owned(), template.to_owned());
        let four = (0..4).map(|at| (format!("x-{at}"), "${KEY}".to_owned()));
        of_pairs(four.chain([fifth]))
            .unwrap()
            .expand(|_| Some(&long))
            .is_ok()
    };
    assert!(last("") && !last("y"));
}

proptest! {
    #[test]
    fn no_value_gets_out_of_its_header(template in "[ -~]{0,20}(\\$\\{A\\})[ -~]{0,20}", value in any::<String>()) {
        if let Ok(templates) = templates(&[("x-a", &template)])
            && let Ok(headers) = templates.expand(|_| Some(&value))
        {
            for (_, header) in headers {
                prop_assert!(header.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)));
            }
        }
    }

    #[test]
    fn a_value_with_a_line_break_or_nul_never_becomes_a_header(
        before in "[ -~]{0,9}", after in "[ -~]{0,9}", evil in prop::sample::select(vec!['\r', '\n', '\0', '\u{7f}', '\u{85}']),
    ) {
        let value = format!("{before}{evil}{after}");
        let result = expanded("a ${KEY} z", &[("KEY", &value)]);
        prop_assert!(result.is_err());
    }

    #[test]
    fn what_is_accepted_is_written_back_and_read_alike(template in "([$]{1,2}|[{}]|[A-Z]|[ -~]){0,12}") {
        if let Ok(kept) = templates(&[("x-a", &template)]) {
            let again: HeaderTemplates = crate::domain::json::from_str(&kept.to_json()).unwrap();
            prop_assert_eq!(again, kept);
        }
    }
}
