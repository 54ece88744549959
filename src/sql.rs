//! The texts of SQL statements, and how their parameters are named.
//!
//! A statement's text is a static that only the macro `statements!` of the store makes, so no text can come from a value,
//! and every text is in a register that a test explains. In the text, `:name` stands for a text parameter and `#name`
//! for an integer one. `#name` becomes `CAST(?n AS INTEGER)`, since D1 binds every number as a float: an integer
//! column never meets a float, and nobody has to remember it.
//!
//! `:name` becomes `CAST(?n AS TEXT)`, which says nothing new about the value and much to SQLite. A bare parameter that a
//! column of a join is compared with is looked at by its planner (`sqlite3ExprIsInteger`: is it 0 or 1?), and from then on
//! each binding of it expires the statement: what the runtime keeps prepared is parsed anew on each call, which was
//! half of a request through the gate. What a CAST makes, the planner does not look at.

pub mod statement;

use std::sync::OnceLock;

/// One statement: a name for logs and tests, and its text.
///
/// Both stand in a register, behind those of other statements: half a thousand addresses would be larger, gzipped, than many
/// of the texts that they point to.
pub struct Sql {
    register: &'static Register,
    number: usize,
    prepared: OnceLock<Prepared>,
}

/// The names and texts of statements, behind each other: each is its name, a space, and its text.
pub struct Register {
    /// All of them.
    pub entries: &'static str,
    /// How many bytes each has.
    pub lengths: &'static [u16],
}

impl Register {
    fn entry(&self, number: usize) -> &'static str {
        let before = self.lengths.iter().take(number);
        let start: usize = before.map(|length| usize::from(*length)).sum();
        let length = self.lengths.get(number).copied().unwrap_or_default();
        let end = start + usize::from(length);
        self.entries.get(start..end).unwrap_or_default()
    }
}

/// A text as SQLite takes it, with the names of its numbered parameters.
pub struct Prepared {
    /// The text with `CAST(?1 AS TEXT)`, `CAST(?2 AS INTEGER)`, ... for its parameters.
    pub text: String,
    /// The parameters in the order of their numbers.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without the sigil.
    pub name: &'static str,
    /// Whether it stands behind `#`, which makes it an integer.
    pub integer: bool,
}

impl Sql {
    /// For the macro alone.
    #[must_use]
    pub const fn new(register: &'static Register, number: usize) -> Self {
        Self {
            register,
            number,
            prepared: OnceLock::new(),
        }
    }

    /// The path of the static that holds it, such as `tenantry::store::users::GET`; in the module its last part.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name_and_text().0
    }

    fn name_and_text(&self) -> (&'static str, &'static str) {
        let entry = self.register.entry(self.number);
        entry.split_once(' ').unwrap_or_default()
    }

    /// The text as it runs; translated once an isolate.
    pub fn prepared(&self) -> &Prepared {
        self.prepared
            .get_or_init(|| prepare(self.name_and_text().1))
    }
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Replaces `:name` and `#name` outside of quotes by numbered parameters of their kind.
fn prepare(source: &'static str) -> Prepared {
    let mut text = String::with_capacity(source.len());
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (piece, after) = match first {
            '\'' => split_literal(rest),
            ':' | '#' => {
                let name_and_rest = rest.get(1..).unwrap_or_default();
                let end = name_and_rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(name_and_rest.len());
                let (name, after) = name_and_rest.split_at(end);
                let integer = first == '#';
                let number = match parameters.iter().position(|known| known.name == name) {
                    Some(index) => index + 1,
                    None => {
                        parameters.push(Parameter { name, integer });
                        parameters.len()
                    }
                };
                let kind = if integer { "INTEGER" } else { "TEXT" };
                text.push_str(&format!("CAST(?{number} AS {kind})"));
                rest = after;
                continue;
            }
            c => rest.split_at(c.len_utf8()),
        };
        text.push_str(piece);
        rest = after;
    }
    Prepared { text, parameters }
}

/// A quoted literal from its first quote to its last, and what follows it.
fn split_literal(text: &'static str) -> (&'static str, &'static str) {
    let end = text
        .get(1..)
        .and_then(|inside| inside.find('\''))
        .map_or(text.len(), |at| at + 2);
    text.split_at(end)
}

/// Goes through a text and hands on each byte that is left when white space is folded: outside of quotes a run of it is one
/// space. Answers how many there are.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where nothing else can look at a byte"
)]
const fn fold_into<const N: usize>(text: &str, folded: &mut [u8; N]) -> usize {
    let text = text.as_bytes();
    let (mut from, mut to, mut is_quoted) = (0, 0, false);
    while from < text.len() {
        let byte = text[from];
        let is_space = byte.is_ascii_whitespace() && !is_quoted;
        is_quoted ^= byte == b'\'';
        if !is_space || from == 0 || !text[from - 1].is_ascii_whitespace() {
            if to < N {
                folded[to] = if is_space { b' ' } else { byte };
            }
            to += 1;
        }
        from += 1;
    }
    to
}

/// The length of a text whose white space is folded.
pub(crate) const fn folded_length(text: &str) -> usize {
    fold_into(text, &mut [])
}

/// A text whose white space is folded: the module carries no indentation.
pub(crate) const fn folded<const N: usize>(text: &str) -> [u8; N] {
    let mut folded = [0; N];
    fold_into(text, &mut folded);
    folded
}

/// The statements of a file, as they are declared: the name of each, and its text.
pub(crate) type Declared = &'static [(&'static str, &'static str)];

/// How many statements these files have.
pub(crate) const fn how_many(files: &[Declared]) -> usize {
    number_of(("", ""), files)
}

/// The number of a statement among those of all files, in their order; how many there are, where it is none of them.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where no iterator can be used"
)]
pub(crate) const fn number_of(wanted: (&str, &str), files: &[Declared]) -> usize {
    let (mut file, mut number) = (0, 0);
    while file < files.len() {
        let mut place = 0;
        while place < files[file].len() {
            let (name, text) = files[file][place];
            if are_equal(name, wanted.0) && are_equal(text, wanted.1) {
                return number;
            }
            (place, number) = (place + 1, number + 1);
        }
        file += 1;
    }
    number
}

/// How many bytes each entry of a register of these files has.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where no iterator can be used"
)]
pub(crate) const fn lengths<const N: usize>(files: &[Declared]) -> [u16; N] {
    let (mut lengths, mut file, mut number) = ([0; N], 0, 0);
    while file < files.len() {
        let mut place = 0;
        while place < files[file].len() {
            let (name, text) = files[file][place];
            let length = name.len() + " ".len() + text.len();
            assert!(length <= u16::MAX as usize, "a statement is too long");
            lengths[number] = length as u16;
            (place, number) = (place + 1, number + 1);
        }
        file += 1;
    }
    lengths
}

/// The sum of lengths.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where no iterator can be used"
)]
pub(crate) const fn sum(lengths: &[u16]) -> usize {
    let (mut at, mut sum) = (0, 0);
    while at < lengths.len() {
        sum += lengths[at] as usize;
        at += 1;
    }
    sum
}

/// The entries of a register of these files, behind each other.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where no iterator can be used"
)]
pub(crate) const fn entries<const N: usize>(files: &[Declared]) -> [u8; N] {
    let (mut entries, mut file) = ([0; N], 0);
    let mut room = entries.as_mut_slice();
    while file < files.len() {
        let mut place = 0;
        while place < files[file].len() {
            let (name, text) = files[file][place];
            room = put(room, name);
            room = put(room, " ");
            room = put(room, text);
            place += 1;
        }
        file += 1;
    }
    entries
}

/// Puts a text at the beginning of what there is room in, and answers what is left of that.
const fn put<'a>(room: &'a mut [u8], text: &str) -> &'a mut [u8] {
    let (begin, left) = room.split_at_mut(text.len());
    begin.copy_from_slice(text.as_bytes());
    left
}

#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where nothing else can look at a byte"
)]
const fn are_equal(a: &str, b: &str) -> bool {
    let (a, b, mut at) = (a.as_bytes(), b.as_bytes(), 0);
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// A static statement that is in no register but its own.
#[cfg(test)]
macro_rules! alone {
    ($name:ident = $text:expr) => {
        static $name: $crate::sql::Sql = {
            const FILES: &[$crate::sql::Declared] = &[&[(stringify!($name), $text)]];
            static LENGTHS: [u16; 1] = $crate::sql::lengths(FILES);
            static REGISTER: $crate::sql::Register = $crate::sql::Register {
                entries: concat!(stringify!($name), " ", $text),
                lengths: &LENGTHS,
            };
            $crate::sql::Sql::new(&REGISTER, 0)
        };
    };
}
#[cfg(test)]
pub(crate) use alone;

/// A fresh UUID of version 4, made where rows are made by a SELECT. It is an id and no secret.
macro_rules! fresh_uuid {
    () => {
        "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
               || substr('89ab', 1 + (abs(random()) % 4), 1) || substr(hex(randomblob(2)), 2) || '-'
               || hex(randomblob(6)))"
    };
}
pub(crate) use fresh_uuid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_parameter_gets_one_number_however_often_it_stands() {
        let prepared = prepare("SELECT :a, #b, :a FROM t WHERE x = #b");
        assert_eq!(
            prepared.text,
            "SELECT CAST(?1 AS TEXT), CAST(?2 AS INTEGER), CAST(?1 AS TEXT) FROM t WHERE x = CAST(?2 AS INTEGER)"
        );
        let names: Vec<_> = prepared
            .parameters
            .iter()
            .map(|parameter| (parameter.name, parameter.integer))
            .collect();
        assert_eq!(names, [("a", false), ("b", true)]);
    }

    #[test]
    fn white_space_is_folded_outside_of_quotes() {
        const TEXT: &str = "SELECT  'a  b',\n   'é'\t FROM t ";
        const FOLDED: [u8; folded_length(TEXT)] = folded(TEXT);
        assert_eq!(
            std::str::from_utf8(&FOLDED),
            Ok("SELECT 'a  b', 'é' FROM t ")
        );
    }

    #[test]
    fn statements_stand_behind_each_other_and_are_found_whole() {
        const FILES: &[Declared] = &[
            &[("A", "SELECT 'x y'"), ("B", "SELECT 1")],
            &[],
            &[("A", "SELECT é")],
        ];
        const LENGTHS: [u16; how_many(FILES)] = lengths(FILES);
        const ENTRIES: [u8; sum(&LENGTHS)] = entries(FILES);
        static REGISTER: Register = Register {
            entries: match std::str::from_utf8(&ENTRIES) {
                Ok(entries) => entries,
                Err(_) => "",
            },
            lengths: &LENGTHS,
        };
        let found = |declared| {
            let sql = Sql::new(&REGISTER, number_of(declared, FILES));
            (sql.name(), sql.prepared().text.clone())
        };
        assert_eq!(
            found(("A", "SELECT 'x y'")),
            ("A", "SELECT 'x y'".to_owned())
        );
        assert_eq!(found(("B", "SELECT 1")), ("B", "SELECT 1".to_owned()));
        assert_eq!(found(("A", "SELECT é")), ("A", "SELECT é".to_owned()));
        assert_eq!(number_of(("B", "SELECT é"), FILES), how_many(FILES));
    }

    #[test]
    fn a_literal_is_left_as_it_is() {
        let prepared = prepare("SELECT 'a:b  #c', :d");
        assert_eq!(prepared.text, "SELECT 'a:b  #c', CAST(?1 AS TEXT)");
        assert_eq!(prepared.parameters.len(), 1);
    }
}
