//! Streams of events (contract sections 5.5 and 5.6): however they are cut, they say the same.

use serde_json::value::RawValue;
use tenantry::domain::event_stream::{
    Collected, Data, EventStream, MAX_LINE, last_line, value_event,
};
use tenantry::domain::openai_stream::{MAX_EVENT, OpenAiStream};

use crate::{Verdict, text};

/// What is kept of what follows the last event of a stream.
const TAIL: usize = 4_096;

/// A length, so many bytes of places where the stream is cut, and the stream.
pub fn look(input: &[u8]) -> Verdict {
    let (length, input) = input.split_first().unwrap_or((&0, &[]));
    let (cuts, stream) = input.split_at(usize::from(*length % 16).min(input.len()));
    let data = read(&[stream]);
    let pieces = cut(stream, cuts);
    let each: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(read(&pieces), data, "{pieces:?}");
    assert_eq!(read(&each), data);
    assert_eq!(data, as_lines(stream));
    for hides_usage in [false, true] {
        let whole = passed(hides_usage, &[stream]);
        assert_eq!(passed(hides_usage, &pieces), whole, "{pieces:?}");
        assert_eq!(passed(hides_usage, &each), whole);
        nothing_is_lost(hides_usage, stream, &whole);
    }
    let values: Vec<&str> = data
        .iter()
        .filter_map(|data| match data {
            Data::Value(value) => Some(value.as_str()),
            Data::Done => None,
        })
        .collect();
    is_written_as_read(&values);
    match values.is_empty() {
        true => Verdict::Refused,
        false => Verdict::Accepted,
    }
}

fn cut<'a>(stream: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = stream;
    for cut in cuts {
        let (piece, left) = rest.split_at(usize::from(*cut).min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces.push(rest);
    pieces
}

fn read(pieces: &[&[u8]]) -> Vec<Data> {
    let mut stream = EventStream::default();
    let mut found = Vec::new();
    for piece in pieces {
        // No input is as long as the longest line.
        found.extend(stream.push(piece).unwrap());
    }
    found.extend(stream.finish());
    found
}

/// The same by a reading of its own, of the whole at once (HTML, section 9.2.6).
fn as_lines(stream: &[u8]) -> Vec<Data> {
    assert!(stream.len() <= MAX_LINE);
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let lines = stream.split(|byte| matches!(byte, b'\n' | b'\r'));
    let values = lines.filter_map(|line| {
        let value = if line == b"data" {
            &line[4..]
        } else {
            line.strip_prefix(b"data:")?
        };
        Some(value.strip_prefix(b" ").unwrap_or(value))
    });
    values
        .map(|value| match value.trim_ascii() {
            b"[DONE]" => Data::Done,
            _ => Data::Value(String::from_utf8_lossy(value).into_owned()),
        })
        .collect()
}

/// What is passed on, what is held back, and whether the stream has come to its end.
fn passed(hides_usage: bool, pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>, bool) {
    let mut stream = OpenAiStream::new(hides_usage);
    let mut passed = Vec::new();
    for piece in pieces {
        passed.extend(stream.push(piece));
    }
    passed.extend(stream.finish());
    if let Some(usage) = stream.usage() {
        let counts = [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens,
        ];
        let known: Vec<i64> = counts.into_iter().flatten().collect();
        assert!(!known.is_empty() && known.iter().all(|count| (0..1 << 53).contains(count)));
    }
    let is_done = stream.is_done();
    (passed, stream.into_held(), is_done)
}

/// What is passed on and then held back is the stream, but for chunks that tell the usage and what follows the end.
fn nothing_is_lost(hides_usage: bool, stream: &[u8], whole: &(Vec<u8>, Vec<u8>, bool)) {
    let (passed, held, is_done) = whole;
    assert!(stream.len() <= MAX_EVENT);
    assert!(*is_done || held.is_empty(), "{}", text(held));
    let both = [passed.as_slice(), held].concat();
    if hides_usage {
        // What is left out has been told.
        assert!(
            both.len() == stream.len() || text(stream).contains("\"usage\"") || held.len() >= TAIL
        );
    } else {
        assert!(stream.starts_with(&both), "{}", text(&both));
        assert!(
            both.len() == stream.len() || held.len() >= TAIL || *is_done,
            "{}",
            text(&both)
        );
    }
}

/// What is collected is a list of the values, and what is written for a caller is one line each.
fn is_written_as_read(values: &[&str]) {
    let (mut texts, mut parsed) = (Collected::new(false), Collected::new(true));
    for value in values {
        assert!(!value.contains(['\n', '\r']), "{value:?}");
        texts.push(value);
        parsed.push(value);
        let event = value_event(value);
        assert_eq!(event, [b"data:", value.as_bytes(), b"\n\n"].concat());
    }
    let texts = texts.into_json().unwrap();
    let list: Vec<String> = serde_json::from_str(&texts).unwrap();
    assert_eq!(list, values);
    let parsed = parsed.into_json().unwrap();
    let list: Vec<&RawValue> = serde_json::from_str(&parsed).unwrap();
    assert_eq!(list.len(), values.len(), "{parsed}");
    let line = last_line(&parsed);
    assert_eq!(
        line.iter().position(|byte| matches!(byte, b'\n' | b'\r')),
        Some(line.len() - 1)
    );
}
