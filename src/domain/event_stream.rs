//! Streams of events: those of upstreams read, and those of `/requests/stream` written (contract section 5.5).
//!
//! UbiOps' helper reads an answer line by line: what follows `data:` is a value, lines that begin with `event:` and empty
//! ones are skipped, and any other line is the request as a whole, one line of JSON (UbiOps spec 4.6). Even a comment
//! would be shown to people as an error. So nothing of an upstream's framing is passed on, only its values.

use serde::de::IgnoredAny;

use super::wire::json_literal;

/// Longest line of an upstream, in bytes.
pub const MAX_LINE: usize = 1 << 20;

/// Longest list of values that is kept as a request's result, in bytes of JSON.
pub const MAX_COLLECTED: usize = 256 * 1024;

/// What a caller is sent in silence.
pub const PING: &[u8] = b"event: ping\n\n";

/// What some programs write before a text to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What an upstream sent on a `data:` line, less one leading space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A value. It holds no line break.
    Value(String),
    /// `[DONE]`, by which OpenAI-like servers end a stream: no value.
    Done,
}

/// A line was longer than [`MAX_LINE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTooLong;

/// Reads a `text/event-stream` (HTML, section 9.2.6) as it comes, in pieces that may end anywhere.
#[derive(Debug, Default)]
pub struct EventStream {
    /// The line that has not ended.
    line: Vec<u8>,
    /// Whether the last line ended with CR, so that an LF belongs to its end.
    is_after_cr: bool,
    /// Whether a line has ended: before the first a byte order mark may stand.
    has_begun: bool,
}

impl EventStream {
    /// Takes the next bytes and answers what lines of data ended in them.
    ///
    /// # Errors
    /// [`LineTooLong`]: what follows cannot be read.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Data>, LineTooLong> {
        let mut found = Vec::new();
        if self.is_after_cr && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.is_after_cr = false;
        }
        while let Some(length) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(length);
            self.extend(line)?;
            found.extend(self.end_line());
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.is_after_cr = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.extend(bytes)?;
        Ok(found)
    }

    /// The stream has ended: answers the data of a last line that was not.
    pub fn finish(&mut self) -> Option<Data> {
        self.end_line()
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), LineTooLong> {
        if self.line.len() + bytes.len() > MAX_LINE {
            return Err(LineTooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Option<Data> {
        let line = match self.line.strip_prefix(BYTE_ORDER_MARK) {
            Some(line) if !self.has_begun => line,
            _ => &self.line,
        };
        let data = data_of(line);
        self.has_begun = true;
        self.line.clear();
        data
    }
}

/// The data of a line, if it is one of data.
fn data_of(line: &[u8]) -> Option<Data> {
    let value = match line {
        b"data" => &[],
        _ => line.strip_prefix(b"data:")?,
    };
    let value = value.strip_prefix(b" ").unwrap_or(value);
    if value.trim_ascii() == b"[DONE]" {
        return Some(Data::Done);
    }
    Some(Data::Value(String::from_utf8_lossy(value).into_owned()))
}

/// A value as a caller is sent it. Of several lines there would be none: a value was one line.
#[must_use]
pub fn value_event(value: &str) -> Vec<u8> {
    format!("data:{value}\n\n").into_bytes()
}

/// The last line: the request as JSON. Line breaks in it can only stand between its parts, as in the answer of an
/// upstream that writes its JSON for people, and become spaces.
#[must_use]
pub fn last_line(json: &str) -> Vec<u8> {
    let mut line = json.replace(['\n', '\r'], " ").into_bytes();
    line.push(b'\n');
    line
}

/// The values of a stream, collected as its request's result.
#[derive(Debug)]
pub struct Collected {
    /// As a list of texts.
    texts: List,
    /// As a list of JSON values, while all of them are and it is wanted.
    values: Option<List>,
}

impl Collected {
    /// None yet. A structured output has its values parsed, if all are JSON.
    #[must_use]
    pub fn new(is_structured: bool) -> Self {
        Self {
            texts: List::default(),
            values: is_structured.then(List::default),
        }
    }

    /// Takes the next value.
    pub fn push(&mut self, value: &str) {
        self.texts.push(&json_literal(value));
        if let Some(values) = &mut self.values {
            if serde_json::from_str::<IgnoredAny>(value).is_ok() {
                values.push(value);
            } else {
                self.values = None;
            }
        }
    }

    /// The list as JSON; `None` beyond [`MAX_COLLECTED`].
    #[must_use]
    pub fn into_json(self) -> Option<String> {
        self.values.unwrap_or(self.texts).into_json()
    }
}

/// A list of JSON values; of one that is too long nothing is kept.
#[derive(Debug, Default)]
struct List {
    items: String,
    is_too_long: bool,
}

impl List {
    fn push(&mut self, item: &str) {
        // Two brackets, and a comma before all but the first.
        if self.is_too_long || self.items.len() + item.len() + 3 > MAX_COLLECTED {
            self.is_too_long = true;
            self.items = String::new();
            return;
        }
        if !self.items.is_empty() {
            self.items.push(',');
        }
        self.items.push_str(item);
    }

    fn into_json(self) -> Option<String> {
        (!self.is_too_long).then(|| format!("[{}]", self.items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<Data> {
        let mut stream = EventStream::default();
        let mut found = Vec::new();
        for piece in pieces {
            found.extend(stream.push(piece).unwrap());
        }
        found.extend(stream.finish());
        found
    }

    fn values(texts: &[&str]) -> Vec<Data> {
        texts
            .iter()
            .map(|text| Data::Value((*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_value_is_what_follows_data_less_one_space() {
        let stream = b"data:a\ndata: b\ndata:  c\ndata:\ndata\n\ndata: d: e\n\n";
        assert_eq!(read(&[stream]), values(&["a", "b", " c", "", "", "d: e"]));
    }

    #[test]
    fn all_other_lines_are_nothing() {
        let stream = b": data: x\nevent: data\nid: 1\nretry: 5\n data: x\nDATA: x\ndatabase: x\n{\"a\": 1}\n\n";
        assert_eq!(read(&[stream]), []);
    }

    #[test]
    fn a_line_ends_with_lf_crlf_or_cr() {
        let expected = values(&["a", "b", "c", "d"]);
        assert_eq!(read(&[b"data:a\ndata:b\r\ndata:c\rdata:d"]), expected);
        assert_eq!(
            read(&[b"data:a\r", b"", b"\ndata:b\rdata:c\r", b"data:d\r"]),
            expected
        );
    }

    #[test]
    fn the_end_of_the_openai_stream_is_told_apart() {
        assert_eq!(
            read(&[b"data: [DONE]\ndata:[DONE] \ndata: \"[DONE]\"\n"]),
            [Data::Done, Data::Done, Data::Value("\"[DONE]\"".to_owned())]
        );
    }

    #[test]
    fn a_byte_order_mark_counts_for_nothing_in_front_alone() {
        assert_eq!(read(&[b"\xef", b"\xbb\xbfda", b"ta:a\n"]), values(&["a"]));
        assert_eq!(read(&[b"\n\xef\xbb\xbfdata:a\n"]), []);
    }

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        assert_eq!(read(&[b"data:\xff\n"]), values(&["\u{fffd}"]));
    }

    #[test]
    fn a_line_has_a_mebibyte_at_most() {
        let push = |length: usize| {
            let mut stream = EventStream::default();
            let half = vec![b'x'; length / 2];
            stream.push(&half)?;
            stream.push(&vec![b'x'; length - half.len()])?;
            stream.push(b"\ndata:a\n")
        };
        assert_eq!(push(1 << 20), Ok(values(&["a"])));
        assert_eq!(push((1 << 20) + 1), Err(LineTooLong));
        let mut stream = EventStream::default();
        let mut whole = vec![b'x'; MAX_LINE + 1];
        whole.push(b'\n');
        assert_eq!(stream.push(&whole), Err(LineTooLong));
    }

    /// Values as the clients' helper reads an answer.
    fn as_read_by_the_helper(answer: &[u8]) -> (Vec<String>, Vec<String>) {
        let text = std::str::from_utf8(answer).unwrap();
        let (mut values, mut others) = (Vec::new(), Vec::new());
        for line in text.split(['\n', '\r']) {
            if let Some(value) = line.strip_prefix("data:") {
                values.push(value.to_owned());
            } else if !line.starts_with("event:") && !line.is_empty() {
                others.push(line.to_owned());
            }
        }
        (values, others)
    }

    #[test]
    fn the_clients_helper_reads_values_and_the_last_line() {
        let answer = [
            value_event("{\"a\": 1}"),
            PING.to_vec(),
            value_event(" x"),
            value_event(""),
            last_line("{\"id\": 1,\r\n  \"result\": \"a\\nb\"}"),
        ];
        let (values, others) = as_read_by_the_helper(&answer.concat());
        assert_eq!(values, ["{\"a\": 1}", " x", ""]);
        assert_eq!(others, ["{\"id\": 1,    \"result\": \"a\\nb\"}"]);
    }

    fn collected(is_structured: bool, values: &[&str]) -> Option<String> {
        let mut collected = Collected::new(is_structured);
        for value in values {
            collected.push(value);
        }
        collected.into_json()
    }

    #[test]
    fn values_are_parsed_where_all_are_json_and_it_is_wanted() {
        let collected = |is_structured, values| collected(is_structured, values).unwrap();
        assert_eq!(collected(true, &["1", " {\"a\": []}"]), r#"[1, {"a": []}]"#);
        assert_eq!(collected(false, &["1", "{}"]), r#"["1","{}"]"#);
        assert_eq!(collected(true, &["1", "a\"b"]), r#"["1","a\"b"]"#);
        assert_eq!(collected(true, &["a", "1"]), r#"["a","1"]"#);
        assert_eq!(collected(true, &[""]), r#"[""]"#);
        assert_eq!(collected(true, &[]), "[]");
    }

    #[test]
    fn beyond_256_kib_there_is_no_list() {
        let filled = |length: usize| collected(false, &["", &"x".repeat(length)]);
        // `["","` and `"]`.
        let most = (256 << 10) - 7;
        assert_eq!(filled(most).unwrap().len(), 256 << 10);
        assert_eq!(filled(most + 1), None);
        assert_eq!(collected(false, &[&"x".repeat(MAX_COLLECTED), ""]), None);
        // As texts it would be too long; as the numbers that they are it is not.
        assert!(collected(true, &["1"; 100_000]).is_some());
        assert_eq!(collected(false, &["1"; 100_000]), None);
    }

    fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places
            .windows(2)
            .map(|pair| bytes[pair[0]..pair[1]].to_vec())
            .collect()
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_a_stream_is_cut(
            lines in proptest::collection::vec(("(data:? ?|: |event:|)", "(\\[DONE\\]|[a€🍎 ]{0,4})", "(\n|\r|\r\n)"), 0..8),
            mark in any::<bool>(),
            cuts in proptest::collection::vec(any::<usize>(), 0..8),
        ) {
            let mut stream = if mark { "\u{feff}".to_owned() } else { String::new() };
            for (name, value, end) in &lines {
                stream.extend([name.as_str(), value, end]);
            }
            let whole = read(&[stream.as_bytes()]);
            let pieces = cut(stream.as_bytes(), &cuts);
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(read(&pieces), whole);
        }

        #[test]
        fn what_is_written_is_read_by_ours_and_by_the_helper(values in proptest::collection::vec("[^\r\n]{0,12}", 0..6)) {
            let answer: Vec<u8> = values.iter().flat_map(|value| value_event(value)).collect();
            prop_assert_eq!(as_read_by_the_helper(&answer).0, values.clone());
            // Ours takes off one space, as browsers do.
            let spaced: Vec<u8> = values.iter().flat_map(|value| value_event(&format!(" {value}"))).collect();
            let expected: Vec<Data> = values.into_iter().map(|value| {
                if value.as_bytes().trim_ascii() == b"[DONE]" { Data::Done } else { Data::Value(value) }
            }).collect();
            prop_assert_eq!(read(&[&spaced]), expected);
        }

        #[test]
        fn what_is_collected_is_a_list_of_as_many(
            is_structured in any::<bool>(), values in proptest::collection::vec("([0-9]|true|\"a\"|\\PC{0,4})", 0..6)
        ) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let list: Vec<serde_json::Value> = serde_json::from_str(&collected(is_structured, &values).unwrap()).unwrap();
            let parsed: Result<Vec<serde_json::Value>, _> = values.iter().map(|value| serde_json::from_str(value)).collect();
            let expected = match parsed {
                Ok(parsed) if is_structured => parsed,
                _ => values.into_iter().map(serde_json::Value::from).collect(),
            };
            prop_assert_eq!(list, expected);
        }

        #[test]
        fn no_bytes_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..5)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            read(&pieces);
        }
    }
}
