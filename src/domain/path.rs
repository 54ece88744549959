//! The path of a request, split before it is decoded.
//!
//! A path parameter may hold any character, percent-encoded (the clients encode all but unreserved ones), so the raw
//! path is split on `/` first and each segment decoded on its own. A segment that would then hold `/` or NUL, or is
//! not UTF-8, names nothing that can exist: the answer is "not found", never an error about encoding. Empty segments
//! are dropped, because older clients send doubled slashes; ModelArts' clients mean an empty id by them.

use percent_encoding::percent_decode_str;

/// Where the raw path of a request is taken apart; there is nothing to hold.
#[derive(Debug)]
pub enum RawPath {}

impl RawPath {
    /// Splits and decodes a raw path (without query).
    ///
    /// A `%` that two hexadecimal digits do not follow stands for itself, as in the percent-decode of the WHATWG URL
    /// standard.
    pub fn parse(raw_path: &str) -> Result<Segments, NoSuchPath> {
        raw_path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(decoded)
            .collect::<Result<_, _>>()
            .map(Segments)
    }

    /// The same with its empty segments, each standing between two slashes or behind the last one.
    pub fn parse_with_empty(raw_path: &str) -> Result<Segments, NoSuchPath> {
        raw_path
            .strip_prefix('/')
            .unwrap_or(raw_path)
            .split('/')
            .map(decoded)
            .collect::<Result<_, _>>()
            .map(Segments)
    }
}

fn decoded(segment: &str) -> Result<String, NoSuchPath> {
    let text = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| NoSuchPath)?;
    if text.contains(['/', '\0']) {
        return Err(NoSuchPath);
    }
    Ok(text.into_owned())
}

/// The path cannot name anything that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such path")]
pub struct NoSuchPath;

/// The decoded segments of a path; none holds `/` or NUL, and none is empty unless that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segments(Vec<String>);

impl Segments {
    /// The segments, first to last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.0.iter().map(String::as_str)
    }

    /// The segment at a position, counted from 0.
    pub fn get(&self, position: usize) -> Option<&str> {
        self.0.get(position).map(String::as_str)
    }

    /// How many segments there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the root path.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The decoded path for matching: each segment after a `/`; `/` alone for the root.
    pub fn joined(&self) -> String {
        if self.0.is_empty() {
            return "/".to_owned();
        }
        self.iter()
            .fold(String::new(), |path, segment| path + "/" + segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    fn joined(raw_path: &str) -> String {
        RawPath::parse(raw_path).unwrap().joined()
    }

    #[test]
    fn doubled_and_trailing_slashes_collapse() {
        assert_eq!(joined("/v2.1//status/"), "/v2.1/status");
        assert_eq!(joined("/"), "/");
        assert_eq!(joined("///"), "/");
        assert_eq!(joined(""), "/");
    }

    #[test]
    fn empty_segments_are_kept_where_they_are_ids() {
        let segments = RawPath::parse_with_empty("/v1/p/workspaces//quotas").unwrap();
        let kept: Vec<_> = segments.iter().collect();
        assert_eq!(kept, ["v1", "p", "workspaces", "", "quotas"]);
        assert_eq!(
            RawPath::parse_with_empty("/v1/p/").unwrap().get(2),
            Some("")
        );
    }

    #[test]
    fn each_segment_is_decoded_on_its_own() {
        assert_eq!(joined("/projects/p%20q/a%2Bb"), "/projects/p q/a+b");
        assert_eq!(joined("/a+b/%C3%A9"), "/a+b/é");
    }

    #[test]
    fn decoding_happens_once() {
        assert_eq!(joined("/%252F"), "/%2F");
    }

    #[test]
    fn an_encoded_slash_or_nul_names_nothing() {
        for raw_path in [
            "/projects/p%2Fe",
            "/projects/p%2fe",
            "/a%00",
            "/%2F",
            "/a\0",
        ] {
            assert_eq!(RawPath::parse(raw_path), Err(NoSuchPath), "{raw_path:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_name_nothing() {
        for raw_path in ["/%FF", "/%C3", "/a/%ED%A0%80/b", "/%C0%AF"] {
            assert_eq!(RawPath::parse(raw_path), Err(NoSuchPath), "{raw_path}");
        }
    }

    #[test]
    fn a_stray_percent_sign_stands_for_itself() {
        assert_eq!(joined("/100%/%zz/%2"), "/100%/%zz/%2");
    }

    #[test]
    fn dots_are_ordinary_segments() {
        assert_eq!(joined("/projects/../%2e%2e/."), "/projects/../../.");
    }

    proptest! {
        #[test]
        fn encoded_segments_come_back(segments in proptest::collection::vec("[^/\0]{1,40}", 0..6)) {
            let raw_path: String = segments
                .iter()
                .map(|segment| format!("/{}", utf8_percent_encode(segment, NON_ALPHANUMERIC)))
                .collect();
            let parsed = RawPath::parse(&raw_path).unwrap();
            prop_assert_eq!(parsed.iter().collect::<Vec<_>>(), segments);
        }

        #[test]
        fn no_segment_is_empty_or_holds_a_slash_or_nul(raw_path in "(/|%|2|f|F|0|a|é|\\PC){0,40}") {
            if let Ok(segments) = RawPath::parse(&raw_path) {
                prop_assert!(segments.iter().all(|s| !s.is_empty() && !s.contains(['/', '\0'])));
            }
        }
    }
}
