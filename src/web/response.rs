//! A response as the app makes it.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use crate::domain::json;
use crate::error::Error;
use crate::platform::Stream;

/// The media type of every body but a few.
pub const JSON: &str = "application/json";

/// So long is a body of ours at most, in bytes (contract section 4, *What one caller can cost*). Clients hold answers
/// whole, and an isolate has 128 MB for all that it answers at once.
pub const LONGEST_BODY: usize = 8 << 20;

/// A response.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Headers that somebody else has named, likewise.
    pub passed: Vec<(String, String)>,
    /// Its body.
    pub body: Body,
}

/// What a response has for a body.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file, which the platform fetches.
    File(Asset),
    /// What is written bit by bit, by work that the handler has left to be done. Its `cache-control` is the handler's.
    Stream(Stream),
}

impl Body {
    /// The bytes that it has; of a file and a stream none.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Empty | Self::File(_) | Self::Stream(_) => Vec::new(),
        }
    }
}

/// A file of `public/`. Only its name goes through the app: the platform hands the file itself to the client, so a
/// megabyte never passes through the module's memory.
#[derive(Debug)]
pub struct Asset {
    /// Its path below `public/`, with a slash in front.
    pub path: Cow<'static, str>,
    /// Whether its name says what is in it: then it may be kept for ever, and one that is not there is of another build.
    pub is_hashed: bool,
    /// Whether its headers alone are asked for (RFC 9110 section 9.3.2).
    pub is_head: bool,
    /// `If-None-Match` of the request: a client that has the file is told so with 304 (RFC 9110 section 13.1.2).
    pub if_none_match: Option<String>,
}

impl Response {
    /// A response without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            passed: Vec::new(),
            body: Body::Empty,
        }
    }

    /// A response with a JSON body.
    ///
    /// # Errors
    /// 400 for a body beyond [`LONGEST_BODY`]; an inconsistency, when the value has no JSON form.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Error> {
        Self::json_of_length(status, value, 128)
    }

    /// The same of about so many bytes: a buffer that grew to many would for a moment hold them twice.
    fn json_of_length(
        status: StatusCode,
        value: &impl Serialize,
        bytes: usize,
    ) -> Result<Self, Error> {
        Self::of_json(status, json::to_vec(value, LONGEST_BODY, bytes))
    }

    /// Apart from what makes the text, which stands in the module once for each type.
    fn of_json(status: StatusCode, body: serde_json::Result<Vec<u8>>) -> Result<Self, Error> {
        let body = body.map_err(|error| match error.is_io() {
            true => Error::answer_too_long(),
            false => Error::inconsistent(format!("response: {error}")),
        })?;
        Ok(Self {
            headers: vec![("content-type", JSON.to_owned())],
            body: Body::Bytes(body),
            ..Self::empty(status)
        })
    }

    /// 200 with a JSON text for a body.
    #[must_use]
    pub fn of_json_text(text: String) -> Self {
        Self {
            body: Body::Bytes(text.into_bytes()),
            headers: vec![("content-type", JSON.to_owned())],
            ..Self::empty(StatusCode::OK)
        }
    }

    /// 200 with a file for a body.
    #[must_use]
    pub fn file(asset: Asset, media_type: &'static str) -> Self {
        Self {
            body: Body::File(asset),
            headers: vec![("content-type", media_type.to_owned())],
            ..Self::empty(StatusCode::OK)
        }
    }

    /// 200 with a JSON body.
    ///
    /// # Errors
    /// As [`Response::json`].
    pub fn ok(value: &impl Serialize) -> Result<Self, Error> {
        Self::json(StatusCode::OK, value)
    }

    /// 200 with a JSON list of these, each of which is written when it has come.
    ///
    /// # Errors
    /// As [`Response::json`].
    pub fn list<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let mut list = json::List::of_at_most(LONGEST_BODY);
        let written = items.into_iter().try_for_each(|item| list.push(&item));
        Self::of_json(StatusCode::OK, written.map(|()| list.end()))
    }

    /// The same of items that may turn out not to be what they should.
    ///
    /// # Errors
    /// Those of the items; and as [`Response::json`].
    pub fn list_of<T: Serialize>(
        items: impl IntoIterator<Item = Result<T, Error>>,
    ) -> Result<Self, Error> {
        let mut list = json::List::of_at_most(LONGEST_BODY);
        let mut written = Ok(());
        for item in items {
            let item = item?;
            written = written.and_then(|()| list.push(&item));
        }
        Self::of_json(StatusCode::OK, written.map(|()| list.end()))
    }

    /// 200 with a long JSON body of about so many bytes.
    ///
    /// # Errors
    /// As [`Response::json`].
    pub fn ok_of_length(value: &impl Serialize, bytes: usize) -> Result<Self, Error> {
        Self::json_of_length(StatusCode::OK, value, bytes)
    }

    /// 201 with a JSON body.
    ///
    /// # Errors
    /// As [`Response::json`].
    pub fn created(value: &impl Serialize) -> Result<Self, Error> {
        Self::json(StatusCode::CREATED, value)
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// Adds the name of a request header that the answer depends on to `Vary` (RFC 9110 section 12.5.5).
    pub fn vary(&mut self, name: &str) {
        match self.headers.iter_mut().find(|(known, _)| *known == "vary") {
            Some((_, names)) => *names = format!("{names}, {name}"),
            None => self.header("vary", name),
        }
    }

    /// Adds a header.
    pub fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name, value.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_body_is_8_mib_long_at_most() {
        let of_length = |length: usize| Response::ok(&"x".repeat(length - 2));
        assert_eq!(
            of_length(LONGEST_BODY).unwrap().body.into_bytes().len(),
            LONGEST_BODY
        );
        let error = of_length(LONGEST_BODY + 1).unwrap_err();
        assert_eq!(*error.kind(), Kind::Invalid);
        assert!(error.sentence().contains("limit and after"));
    }
}
