//! The stream of an OpenAI-compatible answer on its way to the caller (contract section 5.6).
//!
//! It is passed on byte for byte, but for two things. Its last event, `[DONE]` or the end of a response, is held back until
//! the record is settled, so that no caller has a whole answer that is not accounted for. And the chunk that only tells
//! the usage is left out where the caller has not asked for it.
//!
//! Both are whole events, so an event is passed on when it has ended, at the empty line behind it; a comment at the end of
//! its line. One that is too long to be kept is passed on as it comes, and not read.

use super::openai::{TokenUsage, member};

/// Longest event that is read, in bytes. The last one of `/responses` holds the answer as a whole.
pub const MAX_EVENT: usize = 1 << 20;

/// What is kept of what follows the last event, in bytes: nothing that counts for anyone.
const MAX_TAIL: usize = 4_096;

/// The types of events that end a stream of `/responses`, which has no `[DONE]`.
const LAST_TYPES: [&str; 3] = [
    r#""response.completed""#,
    r#""response.failed""#,
    r#""response.incomplete""#,
];

/// Passes a stream on.
#[derive(Debug, Default)]
pub struct OpenAiStream {
    /// Whether a chunk that only tells the usage is left out.
    hides_usage: bool,
    /// What has come of an event that has not ended.
    event: Vec<u8>,
    /// Whether that event is too long, so that it is passed on unread.
    is_unread: bool,
    /// Whether a line of that event has ended.
    has_line: bool,
    /// Whether nothing has come of the line under way.
    is_line_empty: bool,
    /// What becomes of an LF that comes next, where the last byte was a CR.
    after_cr: Option<Fate>,
    /// The last event and what followed it.
    held: Vec<u8>,
    /// How much of that is the event.
    held_event: usize,
    is_done: bool,
    usage: Option<TokenUsage>,
}

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// They stay with an event that has not ended.
    Kept,
    Passed,
    LeftOut,
    Held,
}

impl OpenAiStream {
    /// A stream that begins. `hides_usage` is whether the usage is asked for by us alone.
    #[must_use]
    pub fn new(hides_usage: bool) -> Self {
        Self {
            hides_usage,
            is_line_empty: true,
            ..Self::default()
        }
    }

    /// Takes the next bytes, which may end anywhere, and answers what is to be passed on now.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut passed = Vec::with_capacity(bytes.len());
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            match self.after_cr.take() {
                Some(fate) if piece == b"\n" => self.give(piece, fate, &mut passed),
                _ => self.take(piece, &mut passed),
            }
        }
        passed
    }

    /// The stream has ended: answers what is still to be passed on, but for what is held.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let mut passed = Vec::new();
        self.end_event(&mut passed);
        passed
    }

    /// Whether the last event has come. A stream that ends without it has broken off; what follows it need not be read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// The usage that the stream has told so far.
    #[must_use]
    pub fn usage(&self) -> Option<TokenUsage> {
        self.usage
    }

    /// The last event, to be passed on once the record is settled.
    #[must_use]
    pub fn into_held(self) -> Vec<u8> {
        self.held
    }

    /// Takes a part of a line, with its end if it has come.
    fn take(&mut self, piece: &[u8], passed: &mut Vec<u8>) {
        let ends_line = piece
            .last()
            .is_some_and(|last| matches!(last, b'\n' | b'\r'));
        let is_empty = self.is_line_empty && ends_line && piece.len() == 1;
        self.is_line_empty = ends_line;
        self.give(piece, Fate::Kept, passed);
        if !ends_line {
            return;
        }
        let is_comment = !self.has_line && self.event.first() == Some(&b':');
        let fate = if is_empty || is_comment {
            self.end_event(passed)
        } else {
            self.has_line = true;
            Fate::Kept
        };
        self.after_cr = piece.ends_with(b"\r").then_some(fate);
    }

    /// The event has ended: what becomes of it.
    fn end_event(&mut self, passed: &mut Vec<u8>) -> Fate {
        if self.is_done {
            return Fate::Held;
        }
        let event = std::mem::take(&mut self.event);
        let fate = if self.is_unread {
            Fate::Passed
        } else {
            self.judge(&event)
        };
        (self.is_unread, self.has_line) = (false, false);
        self.give(&event, fate, passed);
        fate
    }

    fn give(&mut self, bytes: &[u8], fate: Fate, passed: &mut Vec<u8>) {
        match fate {
            Fate::Kept if self.is_done => self.hold(bytes),
            Fate::Kept if self.is_unread => passed.extend_from_slice(bytes),
            Fate::Kept => {
                self.event.extend_from_slice(bytes);
                if self.event.len() > MAX_EVENT {
                    self.is_unread = true;
                    passed.append(&mut self.event);
                }
            }
            Fate::Passed => passed.extend_from_slice(bytes),
            Fate::LeftOut => {}
            Fate::Held => self.hold(bytes),
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.held.is_empty() {
            self.held_event = bytes.len();
        }
        if self.held.len() + bytes.len() <= self.held_event + MAX_TAIL {
            self.held.extend_from_slice(bytes);
        }
    }

    fn judge(&mut self, event: &[u8]) -> Fate {
        let data = data_of(event);
        if data.trim() == "[DONE]" {
            self.is_done = true;
            return Fate::Held;
        }
        if data.contains("\"usage\"") {
            let usage = TokenUsage::of(&data);
            self.usage = usage.or(self.usage);
            if self.hides_usage && only_tells_usage(&data) {
                return Fate::LeftOut;
            }
        }
        // Cheaper than to read the type of each.
        let may_be_last = LAST_TYPES.iter().any(|last| data.contains(last));
        if may_be_last && member(&data, "type").is_some_and(|kind| LAST_TYPES.contains(&kind)) {
            self.is_done = true;
            return Fate::Held;
        }
        Fate::Passed
    }
}

/// The data of an event: its lines of data, apart by a line break (HTML, section 9.2.6).
fn data_of(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let text = text.trim_start_matches('\u{feff}');
    let lines: Vec<&str> = text
        .split(['\n', '\r'])
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|value| value.strip_prefix(' ').unwrap_or(value))
        .collect();
    lines.join("\n")
}

/// Whether a chunk has a usage and an empty list of choices.
fn only_tells_usage(data: &str) -> bool {
    let is_empty = |list: &str| {
        let items = list
            .strip_prefix('[')
            .and_then(|list| list.strip_suffix(']'));
        items.is_some_and(|items| items.trim().is_empty())
    };
    member(data, "choices").is_some_and(is_empty)
        && member(data, "usage").is_some_and(|usage| usage.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHUNK: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n";
    const USAGE: &str = "data: {\"choices\": [ ],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    /// What a stream in pieces comes to: what was passed on at each piece, at the end, and what was held.
    fn passed(hides_usage: bool, pieces: &[&[u8]]) -> (Vec<String>, String, OpenAiStream) {
        let mut stream = OpenAiStream::new(hides_usage);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let now = pieces
            .iter()
            .map(|piece| text(stream.push(piece)))
            .collect();
        let end = text(stream.finish());
        (now, end, stream)
    }

    fn held(stream: OpenAiStream) -> String {
        String::from_utf8(stream.into_held()).unwrap()
    }

    #[test]
    fn events_are_passed_on_when_they_have_ended_and_the_last_is_held() {
        let pieces: [&[u8]; 4] = [
            b": hi\n",
            CHUNK.as_bytes(),
            b"data: {\"a\"",
            b":1}\n\ndata: [DONE]\n",
        ];
        let (now, end, stream) = passed(true, &pieces);
        assert_eq!(now, [": hi\n", CHUNK, "", "data: {\"a\":1}\n\n"]);
        assert_eq!(end, "");
        assert!(stream.is_done());
        assert_eq!(held(stream), "data: [DONE]\n");
    }

    #[test]
    fn the_chunk_of_the_usage_is_left_out_where_it_was_not_asked_for() {
        let whole = [CHUNK, USAGE, DONE].concat();
        for hides_usage in [true, false] {
            let (now, _, stream) = passed(hides_usage, &[whole.as_bytes()]);
            let expected = if hides_usage {
                CHUNK.to_owned()
            } else {
                [CHUNK, USAGE].concat()
            };
            assert_eq!(now, [expected]);
            assert_eq!(stream.usage().unwrap().total_tokens, Some(3));
            assert_eq!(held(stream), DONE);
        }
    }

    #[test]
    fn a_chunk_that_tells_more_than_the_usage_is_passed_on() {
        for chunk in [
            "data: {\"choices\":[],\"usage\":null}\n\n",
            "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
            "data: {\"choices\":[{}],\"usage\":{\"total_tokens\":3}}\n\n",
            "data: {\"usage\":{\"total_tokens\":3}}\n\n",
            "data: \"usage\"\n\n",
        ] {
            let (now, _, _) = passed(true, &[chunk.as_bytes()]);
            assert_eq!(now, [chunk]);
        }
    }

    #[test]
    fn a_stream_of_responses_ends_with_its_response() {
        let delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"\\\"response.completed\\\"\"}\n\n";
        let last = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"total_tokens\":3}}}\n\n";
        let (now, _, stream) = passed(false, &[delta.as_bytes(), last.as_bytes()]);
        assert_eq!(now, [delta, ""]);
        assert!(stream.is_done());
        assert_eq!(stream.usage().unwrap().prompt_tokens, Some(1));
        assert_eq!(held(stream), last);
    }

    #[test]
    fn what_follows_the_last_event_is_held_and_does_not_grow() {
        let (now, end, mut stream) = passed(true, &[DONE.as_bytes(), b"\r\n: x\r\n\r\n"]);
        assert_eq!((now.concat(), end.as_str()), (String::new(), ""));
        for _ in 0..100 {
            assert_eq!(stream.push(&[b'x'; 1_000]), b"");
        }
        let held = held(stream);
        assert!(held.starts_with("data: [DONE]\n\n\r\n: x\r\n\r\n") && held.len() < 5_000);
    }

    #[test]
    fn behind_the_last_event_4096_bytes_are_held() {
        let tail = |pieces: &[usize]| {
            let (_, _, mut stream) = passed(true, &[DONE.as_bytes()]);
            for length in pieces {
                assert_eq!(stream.push(&vec![b'x'; *length]), b"");
            }
            held(stream).len() - DONE.len()
        };
        assert_eq!(tail(&[4_096]), 4_096);
        assert_eq!(tail(&[4_096, 1]), 4_096);
        assert_eq!(tail(&[4_097]), 0);
        assert_eq!(tail(&[4_095, 1]), 4_096);
    }

    #[test]
    fn an_event_of_a_mebibyte_is_read_and_a_longer_one_is_not() {
        let (_, _, mut stream) = passed(true, &[]);
        assert_eq!(stream.push(&vec![b'x'; 1 << 20]), b"");
        assert_eq!(stream.push(b"x").len(), (1 << 20) + 1);
    }

    #[test]
    fn a_stream_that_breaks_off_has_no_last_event() {
        let (now, end, stream) = passed(true, &[CHUNK.as_bytes(), b"data: {\"choi"]);
        assert_eq!(
            (now.concat().as_str(), end.as_str()),
            (CHUNK, "data: {\"choi")
        );
        assert!(!stream.is_done());
        assert_eq!(held(stream), "");
    }

    #[test]
    fn an_event_that_is_too_long_passes_as_it_comes_and_the_next_is_read_again() {
        let mut stream = OpenAiStream::new(true);
        let start = b"data: {\"choices\":[],\"usage\":{\"total_tokens\":1},\"x\":\"";
        let mut passed = stream.push(start);
        assert_eq!(passed, b"");
        passed.extend(stream.push(&vec![b'x'; MAX_EVENT]));
        assert_eq!(passed.len(), start.len() + MAX_EVENT);
        assert_eq!(stream.push(b"yy"), b"yy");
        assert_eq!(stream.push(b"\"}\r\n\r"), b"\"}\r\n\r");
        assert_eq!(stream.usage(), None);
        assert_eq!(stream.push(b"\n"), b"\n");
        assert_eq!(stream.push(USAGE.as_bytes()), b"");
        assert_eq!(stream.push(DONE.as_bytes()), b"");
        assert!(stream.is_done() && stream.usage().is_some());
    }

    #[test]
    fn the_end_of_a_left_out_chunk_is_left_out_wherever_it_is_cut() {
        let usage = USAGE.replace('\n', "\r\n");
        let (first, last) = usage.as_bytes().split_at(usage.len() - 1);
        let (now, end, _) = passed(true, &[first, last, CHUNK.as_bytes()]);
        assert_eq!(
            (now, end.as_str()),
            (vec![String::new(), String::new(), CHUNK.to_owned()], "")
        );
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
        fn what_comes_out_is_what_came_in_less_what_is_left_out(
            events in proptest::collection::vec(prop_oneof![
                3 => Just(CHUNK.to_owned()),
                1 => Just(USAGE.to_owned()),
                1 => Just("event: x\ndata: {\"a\":\ndata: \"€🍎\"}\nid: 1\n\n".to_owned()),
                1 => Just(": ping\n".to_owned()),
                1 => Just("\n".to_owned()),
            ], 0..8),
            is_ended in any::<bool>(), end in "(\n|\r|\r\n)", hides_usage in any::<bool>(),
            cuts in proptest::collection::vec(any::<usize>(), 0..12),
        ) {
            let lined = |text: &str| text.replace('\n', &end);
            let whole: String = events.iter().map(|event| lined(event)).collect::<String>()
                + &if is_ended { lined(DONE) } else { String::new() };
            let expected: String = events.iter()
                .filter(|event| !(hides_usage && *event == USAGE))
                .map(|event| lined(event)).collect();
            let pieces = cut(whole.as_bytes(), &cuts);
            let mut stream = OpenAiStream::new(hides_usage);
            let mut out = Vec::new();
            for piece in &pieces {
                out.extend(stream.push(piece));
            }
            out.extend(stream.finish());
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
            prop_assert_eq!(stream.is_done(), is_ended);
            prop_assert_eq!(stream.usage().is_some(), events.iter().any(|event| event == USAGE));
            prop_assert_eq!(held(stream), if is_ended { lined(DONE) } else { String::new() });
        }

        #[test]
        fn no_byte_is_lost_whatever_comes(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), any::<u8>()], 0..60),
            cuts in proptest::collection::vec(any::<usize>(), 0..6),
        ) {
            let mut stream = OpenAiStream::new(true);
            let mut out = Vec::new();
            for piece in cut(&bytes, &cuts) {
                out.extend(stream.push(&piece));
            }
            out.extend(stream.finish());
            prop_assert_eq!(out, bytes);
        }
    }
}
