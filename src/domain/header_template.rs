//! The headers that an upstream is sent beside ours: names, and templates into which variables are put (contract section
//! 5.2).
//!
//! `${NAME}` stands for a variable and `$$` for a `$`; a value is put in as it is and not expanded again. What comes out is
//! visible ASCII, spaces and tabs and nothing else, so no value can end a header and begin another. Who cannot be expanded
//! is told which variable is at fault, and never its value.

use std::fmt::{self, Display, Formatter};

use super::json::{self, Fault, FromJson, Json};
use super::numbered::Numbered;
use serde::ser::{Serialize, Serializer};

use super::{Invalid, quoted};

/// Most headers of an upstream.
pub const MAX_HEADERS: usize = 20;
/// Longest name of a header, in bytes.
const MAX_NAME: usize = 128;
/// Longest template, in bytes.
pub const MAX_TEMPLATE: usize = 1 << 10;
/// Longest value of a header, in bytes.
const MAX_VALUE: usize = 8 << 10;
/// All values together, in bytes.
const MAX_VALUES: usize = 32 << 10;
/// Longest name of a variable.
const MAX_VARIABLE: usize = 64;

/// Names that are of the connection (RFC 9110, section 7.6.1), of the body, or ours to set.
const RESERVED: [&str; 17] = [
    "accept-encoding",
    "connection",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-forwarded",
    "x-real-ip",
];
/// How names begin that are reserved likewise.
const RESERVED_PREFIXES: [&str; 7] = [
    "content-",
    "x-forwarded-",
    "cf-",
    "proxy-",
    "webhook-",
    "svix-",
    "tenantry-",
];

/// Headers in the order of their names in lower case, at most 20.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderTemplates(Vec<(String, Template)>);

impl HeaderTemplates {
    /// Adds a header.
    ///
    /// # Errors
    /// A name that is none, cannot be set or stands there already; a template that is none; a header too many.
    pub fn add(&mut self, name: &str, template: String) -> Result<(), Invalid> {
        let name = header_name(name)?;
        let place = match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Err(place) => place,
            Ok(_) => {
                return Err(Invalid::new(format!(
                    "'{name}' stands twice; each header is named once, in whatever case"
                )));
            }
        };
        if self.0.len() == MAX_HEADERS {
            return Err(Invalid::new(format!(
                "there are more than {MAX_HEADERS}; at most {MAX_HEADERS} are allowed"
            )));
        }
        let template = Template::parse(template)
            .map_err(|wrong| Invalid::new(format!("the template of '{name}' {wrong}")))?;
        self.0.insert(place, (name, template));
        Ok(())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The names of the variables in them, each once and in their order.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Numbered::default();
        for (_, template) in &self.0 {
            for piece in template.pieces() {
                if let Piece::Variable(name) = piece {
                    names.number(name);
                }
            }
        }
        names.iter().map(|(name, _)| name).collect()
    }

    /// The headers with the values of their variables in place.
    ///
    /// # Errors
    /// The variable that is missing, or whose value cannot go into a header.
    pub fn expand<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Vec<(String, String)>, Unexpanded> {
        let mut together = 0;
        let mut headers = Vec::with_capacity(self.0.len());
        for (name, template) in &self.0 {
            let mut header = String::new();
            for piece in template.pieces() {
                let (variable, text) = match piece {
                    Piece::Text(text) => (None, text),
                    Piece::Variable(variable) => {
                        let fault = |wrong| Unexpanded::new(variable, name, wrong);
                        let text = value(variable).ok_or_else(|| fault(Wrong::Missing))?;
                        if !text.bytes().all(may_be_sent) {
                            return Err(fault(Wrong::Unsendable));
                        }
                        (Some(variable), text)
                    }
                };
                header.push_str(text);
                together += text.len();
                let wrong = match variable {
                    _ if header.len() > MAX_VALUE => Wrong::TooLong,
                    _ if together > MAX_VALUES => Wrong::TooLongTogether,
                    _ => continue,
                };
                // Templates alone are shorter than either bound, so a variable has filled it.
                let variable = variable.or_else(|| self.variables().first().copied());
                return Err(Unexpanded::new(variable.unwrap_or_default(), name, wrong));
            }
            headers.push((name.clone(), header));
        }
        Ok(headers)
    }

    /// As a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::text(self)
    }
}

/// A template that has been parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template(String);

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

impl Template {
    fn parse(text: String) -> Result<Self, String> {
        if text.len() > MAX_TEMPLATE {
            return Err(format!(
                "has {} bytes; at most {MAX_TEMPLATE} are allowed",
                text.len()
            ));
        }
        if !text.bytes().all(may_be_sent) {
            return Err("may consist of visible ASCII, spaces and tabs only".to_owned());
        }
        let mut rest = text.as_str();
        while let Some((piece, after)) = next_piece(rest) {
            if let Piece::Variable(name) = piece
                && !is_variable(name)
            {
                return Err(format!(
                    "has {} where the name of a variable should stand; '${{NAME}}' is a variable, whose name is letters, \
                     digits and '_', at most {MAX_VARIABLE}; '$$' is a '$'",
                    quoted(name)
                ));
            }
            rest = after;
        }
        if rest.is_empty() {
            return Ok(Self(text));
        }
        Err("has a '$' that begins nothing; '${NAME}' is a variable, '$$' is a '$'".to_owned())
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut rest = self.0.as_str();
        std::iter::from_fn(move || {
            let (piece, after) = next_piece(rest)?;
            rest = after;
            Some(piece)
        })
    }
}

/// The first piece of a template and what follows it; none at its end, or before a `$` that begins nothing.
fn next_piece(text: &str) -> Option<(Piece<'_>, &str)> {
    let Some(marked) = text.strip_prefix('$') else {
        let end = text.find('$').unwrap_or(text.len());
        let (plain, after) = text.split_at(end);
        return (!plain.is_empty()).then_some((Piece::Text(plain), after));
    };
    if let Some(after) = marked.strip_prefix('$') {
        return Some((Piece::Text("$"), after));
    }
    let (name, after) = marked.strip_prefix('{')?.split_once('}')?;
    Some((Piece::Variable(name), after))
}

/// The name in lower case, if it may be set.
fn header_name(name: &str) -> Result<String, Invalid> {
    // RFC 9110, section 5.6.2.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
        return Err(Invalid::new(format!(
            "{} is not the name of a header; a name is 1 to {MAX_NAME} letters, digits and some of \
             the signs of RFC 9110, such as '-'",
            quoted(name)
        )));
    }
    let name = name.to_ascii_lowercase();
    let is_reserved = RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix));
    if is_reserved {
        return Err(Invalid::new(format!(
            "'{name}' cannot be set: it belongs to the connection, to the body, or to what is \
             sent with every request; take another name"
        )));
    }
    Ok(name)
}

/// Whether this is the name of a variable: `^[A-Za-z_][A-Za-z0-9_]{0,63}$`.
fn is_variable(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.len() <= MAX_VARIABLE
        && name.bytes().all(word)
        && name.starts_with(|first: char| !first.is_ascii_digit())
}

/// Whether a byte may stand in a header's value.
fn may_be_sent(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// Why headers could not be made; `Display` is the sentence for the caller. It never holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexpanded {
    variable: String,
    header: String,
    wrong: Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Missing,
    Unsendable,
    TooLong,
    TooLongTogether,
}

impl Unexpanded {
    fn new(variable: &str, header: &str, wrong: Wrong) -> Self {
        Self {
            variable: variable.to_owned(),
            header: header.to_owned(),
            wrong,
        }
    }

    /// The variable at fault.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl Display for Unexpanded {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            variable, header, ..
        } = self;
        write!(formatter, "the variable '{variable}' ")?;
        match self.wrong {
            Wrong::Missing => write!(
                formatter,
                "is not set, and the header '{header}' of the upstream needs it; set it on the version, the deployment \
                 or the project"
            ),
            Wrong::Unsendable => write!(
                formatter,
                "has a character that no header can have, and the header '{header}' of the upstream needs it; visible \
                 ASCII, spaces and tabs are allowed"
            ),
            Wrong::TooLong => write!(
                formatter,
                "makes the header '{header}' longer than {MAX_VALUE} bytes"
            ),
            Wrong::TooLongTogether => write!(
                formatter,
                "makes the headers of the upstream longer than {MAX_VALUES} bytes together"
            ),
        }
    }
}

impl FromJson for HeaderTemplates {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let mut templates = Self::default();
        // Pair by pair, so that a name that stands twice is seen.
        for (name, template) in json.pairs(&"an object of templates by the names of headers")? {
            String::from_json(template)
                .and_then(|template| Ok(templates.add(&name, template)?))
                .map_err(|fault| fault.of_member(&name))?;
        }
        Ok(templates)
    }
}

impl Serialize for HeaderTemplates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = self.0.iter();
        serializer.collect_map(texts.map(|(name, template)| (name, &template.0)))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for HeaderTemplates {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HeaderTemplates".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Templates of header values by the names of the headers. ${NAME} stands for a variable, \
                            $$ for a $; header names are stored in lower case. Headers of the connection, of the body \
                            and of Tenantry itself cannot be set.",
            "maxProperties": MAX_HEADERS,
            "additionalProperties": { "type": "string", "maxLength": MAX_TEMPLATE },
            "examples": [{ "authorization": "Bearer ${API_KEY}" }],
        })
    }
}

#[cfg(test)]
#[path = "header_template_tests.rs"]
mod tests;
