//! Writes JSON: one writer for all that the module writes.

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Value;
use std::io;

/// A JSON text in the making, which never holds more bytes than it may.
///
/// It is the only writer of the module: each other one would bring the code of all that it writes once more.
struct Writer {
    bytes: Vec<u8>,
    most: usize,
}

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that most texts fit in.
const EXPECTED: usize = 512;

/// Writes a value as JSON of at most `most` bytes, of about `expected`: a buffer that grew to many would for a moment hold
/// them twice.
///
/// # Errors
/// An error of writing for a longer text; others for a value that has no JSON form.
pub fn to_vec<T: Serialize + ?Sized>(
    value: &T,
    most: usize,
    expected: usize,
) -> serde_json::Result<Vec<u8>> {
    let mut writer = Writer {
        bytes: Vec::with_capacity(expected.min(most)),
        most,
    };
    serde_json::to_writer(&mut writer, value).map(|()| writer.bytes)
}

/// A JSON list in the making.
pub struct List(Writer);

impl List {
    /// A list whose text has at most so many bytes.
    #[must_use]
    pub fn of_at_most(most: usize) -> Self {
        let bytes = Vec::with_capacity(EXPECTED);
        Self(Writer {
            bytes,
            // With the bracket at its end.
            most: most - 1,
        })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// As [`to_vec`].
    pub fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> serde_json::Result<()> {
        self.0.bytes.push(match self.0.bytes.is_empty() {
            true => b'[',
            false => b',',
        });
        serde_json::to_writer(&mut self.0, item)
    }

    /// Its text.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        let mut bytes = self.0.bytes;
        if bytes.is_empty() {
            bytes.push(b'[');
        }
        bytes.push(b']');
        bytes
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// The value has no JSON form.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let bytes = to_vec(value, usize::MAX, 128)?;
    String::from_utf8(bytes).map_err(serde_json::Error::custom)
}

/// The JSON of a value of which it is known that it has one: of texts, numbers, lists and trees.
#[must_use]
pub fn text<T: Serialize + ?Sized>(value: &T) -> String {
    to_string(value).unwrap_or_default()
}

/// The tree of a value, which is written and read again: to turn each type into trees takes as much code once more as to
/// write it. A value that holds trees itself may be nested too deep to be read, and is none for this.
#[must_use]
pub fn tree<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::from_str(&text(value)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(most: usize, items: &[&str]) -> Option<String> {
        let mut list = List::of_at_most(most);
        for item in items {
            list.push(item).ok()?;
        }
        String::from_utf8(list.end()).ok()
    }

    #[test]
    fn a_list_is_written_item_by_item() {
        for items in [&[][..], &["a"], &["a", "b\"", ""]] {
            assert_eq!(list(100, items), Some(text(&items)));
        }
    }

    #[test]
    fn a_list_has_no_more_bytes_than_it_may() {
        let items = ["a", "bc"];
        let length = text(&items).len();
        assert!(list(length, &items).is_some());
        assert!(list(length - 1, &items).is_none());
    }
}
