//! Texts, each told from the others by a number.

use std::collections::BTreeMap;

/// Texts in the order of their letters, numbered from 0 in the order in which they first came.
///
/// Each type of map is some 5 KB of the module's code. So what is looked up by a text, whatever it is, stands in a list
/// here, and its place in the list is the number of the text: this is the one map beside those of JSON trees.
#[derive(Debug, Default)]
pub struct Numbered<'a>(BTreeMap<&'a str, usize>);

impl<'a> Numbered<'a> {
    /// The number of a text, which from now on has one.
    pub fn number(&mut self, text: &'a str) -> usize {
        if let Some(number) = self.get(text) {
            return number;
        }
        let next = self.0.len();
        self.0.insert(text, next);
        next
    }

    /// The number of a text that has one.
    #[must_use]
    pub fn get(&self, text: &str) -> Option<usize> {
        self.0.get(text).copied()
    }

    /// Whether this is the first time that the text comes.
    pub fn is_new(&mut self, text: &'a str) -> bool {
        let before = self.0.len();
        self.number(text) == before
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts with their numbers, in the order of their letters.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, usize)> {
        self.0.iter().map(|(text, number)| (*text, *number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_the_number_that_it_came_with() {
        let mut texts = Numbered::default();
        assert_eq!(
            ["b", "a", "b", "c"].map(|text| texts.number(text)),
            [0, 1, 0, 2]
        );
        assert_eq!(
            (texts.get("c"), texts.get("d"), texts.len()),
            (Some(2), None, 3)
        );
        assert_eq!((texts.is_new("d"), texts.is_new("d")), (true, false));
    }

    #[test]
    fn they_are_listed_in_the_order_of_their_letters() {
        let mut texts = Numbered::default();
        for text in ["b", "", "é", "a"] {
            texts.number(text);
        }
        let listed: Vec<_> = texts.iter().collect();
        assert_eq!(listed, [("", 1), ("a", 3), ("b", 0), ("é", 2)]);
    }
}
