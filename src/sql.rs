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

/// One statement: its text, and natively its name.
///
/// They stand in a register, behind those of other statements: half a thousand addresses would be larger, gzipped, than many
/// of the texts that they point to.
pub struct Sql {
    register: &'static Register,
    number: u16,
}

/// The texts of statements, behind each other.
pub struct Register {
    /// All of them.
    pub texts: &'static str,
    /// Their names; the module does without, where half a thousand of them are 2 KB.
    #[cfg(not(target_arch = "wasm32"))]
    pub names: &'static [&'static str],
    /// How many bytes each has.
    pub lengths: &'static [u16],
    /// What each was prepared to be, once it was. Here, since what begins as nothing is not in the module.
    pub prepared: &'static [OnceLock<Prepared>],
}

impl Register {
    fn text(&self, number: u16) -> &'static str {
        let number = usize::from(number);
        let before = self.lengths.iter().take(number);
        let start: usize = before.map(|length| usize::from(*length)).sum();
        let length = self.lengths.get(number).copied().unwrap_or_default();
        let end = start + usize::from(length);
        self.texts.get(start..end).unwrap_or_default()
    }
}

/// A text as SQLite takes it, with the names of its numbered parameters.
#[derive(Debug, Default)]
pub struct Prepared {
    /// The text with `CAST(?1 AS TEXT)`, `CAST(?2 AS INTEGER)`, ... for its parameters.
    pub text: String,
    /// The parameters in the order of their numbers.
    pub parameters: Vec<Parameter>,
    /// Whether it is made of rules.
    pub has_rules: bool,
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
        assert!(number <= u16::MAX as usize, "too many statements");
        Self {
            register,
            number: number as u16,
        }
    }

    /// The path of the static that holds it, such as `tenantry::store::users::GET`.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn name(&self) -> &'static str {
        let name = self.register.names.get(usize::from(self.number));
        name.copied().unwrap_or_default()
    }

    fn text(&self) -> &'static str {
        self.register.text(self.number)
    }

    /// The text as it runs; translated once an isolate.
    pub fn prepared(&self) -> &'static Prepared {
        // A register has as many as it has entries.
        static NONE: OnceLock<Prepared> = OnceLock::new();
        let prepared = self.register.prepared.get(usize::from(self.number));
        prepared
            .unwrap_or(&NONE)
            .get_or_init(|| prepare(self.text(), Form::Statement))
    }

    /// What tells why a permit was not given: a SELECT whose one row has a column for each of its rules and for each thing
    /// that is told besides. Made anew each time, since few permits are refused.
    #[must_use]
    pub fn verdict(&self) -> Prepared {
        prepare(self.text(), Form::Verdict)
    }

    /// The text with a permit that is given where all of its other rules hold, over the same parameters; for the tests of
    /// the tests.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn without(&self, rule: &'static str) -> Prepared {
        prepare(self.text(), Form::Without(rule))
    }

    /// The names of a permit's rules, in their order.
    #[must_use]
    pub fn rules(&self) -> Vec<&'static str> {
        let mut rules = Vec::new();
        let mut rest = self.text();
        while let Some((piece, after)) = next_piece(rest) {
            if let Piece::Rule(name) = piece {
                rules.push(name);
            }
            rest = after;
        }
        rules
    }
}

/// The name of the rule that something changes. Where it alone does not hold, nothing is refused: nothing was to be done.
pub const CHANGES: &str = "changes";

/// The condition of a permit, rule by rule, each with a name: `rules! { may: caller_may!(), name_is_free: name_is_free!() }`. The
/// permit is given where all of them hold; where it was not, the verdict, made from the same text, says of each whether it
/// holds. What stands behind a semicolon is in the verdict alone: a flag or a value that the refusal needs.
///
/// In the text a rule is its name in braces with its condition behind it, `{?name}` what is told besides, and `{}` ends them.
macro_rules! rules {
    ($($rule:ident: $condition:expr),+ $(,)? $(; $($told:ident: $value:expr),+ $(,)?)?) => {
        concat!(
            $("{", stringify!($rule), "}", $condition,)+
            $($("{?", stringify!($told), "}", $value,)+)?
            "{}"
        )
    };
}
pub(crate) use rules;

/// Its name, and in the module its number among the statements of the store, by which `statements::print_statements` of the
/// tests finds it.
impl std::fmt::Display for Sql {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        #[cfg(not(target_arch = "wasm32"))]
        return formatter.write_str(self.name());
        #[cfg(target_arch = "wasm32")]
        return write!(formatter, "statement {}", self.number);
    }
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{self}")
    }
}

/// What a statement's text is prepared to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The statement itself; a permit is given, with a row that says so, where all of its rules hold.
    Statement,
    /// The verdict on a permit.
    Verdict,
    /// The statement, as if this rule always held.
    #[cfg(not(target_arch = "wasm32"))]
    Without(&'static str),
}

/// A part of a statement's text.
enum Piece {
    /// What stays as it is.
    Plain(&'static str),
    /// `:name` or, an integer, `#name`.
    Parameter(Parameter),
    /// `{name}`: the condition of a rule follows.
    Rule(&'static str),
    /// `{?name}`: a value follows that the verdict alone tells.
    Told(&'static str),
    /// `{}`: all rules stand before it.
    End,
}

/// The first piece of a text, and the rest.
fn next_piece(text: &'static str) -> Option<(Piece, &'static str)> {
    let first = text.chars().next()?;
    let behind = text.get(1..).unwrap_or_default();
    Some(match first {
        '\'' => {
            let (literal, rest) = split_literal(text);
            (Piece::Plain(literal), rest)
        }
        ':' | '#' => {
            let end = behind
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(behind.len());
            let (name, rest) = behind.split_at(end);
            let integer = first == '#';
            (Piece::Parameter(Parameter { name, integer }), rest)
        }
        '{' => {
            let (name, rest) = behind.split_once('}').unwrap_or_default();
            let piece = match name.strip_prefix('?') {
                Some(told) => Piece::Told(told),
                None if name.is_empty() => Piece::End,
                None => Piece::Rule(name),
            };
            (piece, rest)
        }
        c => {
            let (plain, rest) = text.split_at(c.len_utf8());
            (Piece::Plain(plain), rest)
        }
    })
}

/// Replaces `:name` and `#name` outside of quotes by numbered parameters of their kind, and puts the rules together as the
/// form asks.
fn prepare(source: &'static str, form: Form) -> Prepared {
    let mut text = String::with_capacity(source.len());
    let mut parameters: Vec<Parameter> = Vec::new();
    let is_verdict = form == Form::Verdict;
    // The rule, or what is told, whose text is being read; and whether that text belongs to this form.
    let (mut within, mut is_wanted) = (None, !is_verdict);
    let mut rest = source;
    while let Some((piece, after)) = next_piece(rest) {
        rest = after;
        match piece {
            Piece::Plain(plain) if is_wanted => text.push_str(plain),
            Piece::Parameter(parameter) if is_wanted => {
                let is_known = |known: &Parameter| known.name == parameter.name;
                let place = parameters.iter().position(is_known);
                let number = place.unwrap_or_else(|| {
                    parameters.push(parameter);
                    parameters.len() - 1
                }) + 1;
                let kind = if parameter.integer { "INTEGER" } else { "TEXT" };
                text.push_str(&format!("CAST(?{number} AS {kind})"));
            }
            Piece::Plain(_) | Piece::Parameter(_) => {}
            Piece::Rule(name) | Piece::Told(name) if is_verdict => {
                text.push_str(&match within {
                    None => "SELECT (".to_owned(),
                    Some(last) => format!(") AS {last}, ("),
                });
                (within, is_wanted) = (Some(name), true);
            }
            Piece::Rule(name) => {
                text.push_str(if within.is_none() { "(" } else { ") AND (" });
                #[cfg(not(target_arch = "wasm32"))]
                if form == Form::Without(name) {
                    text.push_str("1 OR ");
                }
                within = Some(name);
            }
            Piece::Told(_) => is_wanted = false,
            Piece::End if is_verdict => {
                text.push_str(&format!(") AS {}", within.unwrap_or_default()));
                is_wanted = false;
            }
            Piece::End => {
                text.push_str(") RETURNING 1 AS done");
                is_wanted = true;
            }
        }
    }
    Prepared {
        text,
        parameters,
        has_rules: within.is_some(),
    }
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

/// How many bytes each text of these files has.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where no iterator can be used"
)]
pub(crate) const fn lengths<const N: usize>(files: &[Declared]) -> [u16; N] {
    let (mut lengths, mut file, mut number) = ([0; N], 0, 0);
    while file < files.len() {
        let mut place = 0;
        while place < files[file].len() {
            let length = files[file][place].1.len();
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

/// The texts of these files, behind each other.
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the module is compiled, where no iterator can be used"
)]
pub(crate) const fn texts<const N: usize>(files: &[Declared]) -> [u8; N] {
    let (mut texts, mut file) = ([0; N], 0);
    let mut room = texts.as_mut_slice();
    while file < files.len() {
        let mut place = 0;
        while place < files[file].len() {
            room = put(room, files[file][place].1);
            place += 1;
        }
        file += 1;
    }
    texts
}

/// The names of the statements of these files, in their order.
#[cfg(not(target_arch = "wasm32"))]
#[expect(
    clippy::indexing_slicing,
    reason = "it runs when the crate is compiled, where no iterator can be used"
)]
pub(crate) const fn names<const N: usize>(files: &[Declared]) -> [&'static str; N] {
    let (mut names, mut file, mut number) = ([""; N], 0, 0);
    while file < files.len() {
        let mut place = 0;
        while place < files[file].len() {
            names[number] = files[file][place].0;
            (place, number) = (place + 1, number + 1);
        }
        file += 1;
    }
    names
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
            static PREPARED: [std::sync::OnceLock<$crate::sql::Prepared>; 1] =
                [const { std::sync::OnceLock::new() }];
            static REGISTER: $crate::sql::Register = $crate::sql::Register {
                texts: $text,
                names: &[stringify!($name)],
                lengths: &LENGTHS,
                prepared: &PREPARED,
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
        let prepared = prepare("SELECT :a, #b, :a FROM t WHERE x = #b", Form::Statement);
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
        const TEXTS: [u8; sum(&LENGTHS)] = texts(FILES);
        static NAMES: [&str; 3] = names(FILES);
        static PREPARED: [OnceLock<Prepared>; 3] = [const { OnceLock::new() }; 3];
        static REGISTER: Register = Register {
            texts: match std::str::from_utf8(&TEXTS) {
                Ok(texts) => texts,
                Err(_) => "",
            },
            names: &NAMES,
            lengths: &LENGTHS,
            prepared: &PREPARED,
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
        let prepared = prepare("SELECT 'a:b  #c {d}', :e", Form::Statement);
        assert_eq!(prepared.text, "SELECT 'a:b  #c {d}', CAST(?1 AS TEXT)");
        assert_eq!(prepared.parameters.len(), 1);
        assert!(!prepared.has_rules);
    }

    alone!(
        PERMIT = concat!(
            "INSERT INTO t SELECT :a WHERE ",
            rules! { may: "#b = 1", fits: ":a < #c OR #c IS NULL"; limit: "(SELECT :d)" }
        )
    );

    #[test]
    fn a_permit_is_given_where_all_of_its_rules_hold() {
        let permit = PERMIT.prepared();
        assert_eq!(
            permit.text,
            "INSERT INTO t SELECT CAST(?1 AS TEXT) WHERE (CAST(?2 AS INTEGER) = 1) AND \
             (CAST(?1 AS TEXT) < CAST(?3 AS INTEGER) OR CAST(?3 AS INTEGER) IS NULL) RETURNING 1 AS done"
        );
        assert_eq!(permit.parameters.len(), 3);
        assert!(permit.has_rules);
        assert_eq!(PERMIT.rules(), ["may", "fits"]);
    }

    #[test]
    fn a_permit_without_a_rule_has_the_same_parameters() {
        let permit = PERMIT.without("fits");
        assert_eq!(
            permit.text,
            "INSERT INTO t SELECT CAST(?1 AS TEXT) WHERE (CAST(?2 AS INTEGER) = 1) AND \
             (1 OR CAST(?1 AS TEXT) < CAST(?3 AS INTEGER) OR CAST(?3 AS INTEGER) IS NULL) RETURNING 1 AS done"
        );
        assert_eq!(permit.parameters, PERMIT.prepared().parameters);
    }

    #[test]
    fn a_verdict_says_of_each_rule_whether_it_holds_and_tells_what_stands_behind_them() {
        let verdict = PERMIT.verdict();
        assert_eq!(
            verdict.text,
            "SELECT (CAST(?1 AS INTEGER) = 1) AS may, \
             (CAST(?2 AS TEXT) < CAST(?3 AS INTEGER) OR CAST(?3 AS INTEGER) IS NULL) AS fits, \
             ((SELECT CAST(?4 AS TEXT))) AS limit"
        );
        assert_eq!(verdict.parameters.len(), 4);
    }
}
