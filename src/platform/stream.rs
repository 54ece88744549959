//! Answers that are written bit by bit.

use std::any::Any;
use std::fmt;

use super::Local;

/// Where an answer is written to.
pub trait Sink {
    /// Completes when the bytes have been taken.
    ///
    /// # Errors
    /// [`Gone`]: nobody takes them any more.
    fn write(&mut self, bytes: Vec<u8>) -> Local<'_, Result<(), Gone>>;
    /// Ends the answer. Without it the client sees one that broke off.
    fn close(&mut self) -> Local<'_, Result<(), Gone>>;
}

/// The caller has hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// The other end of a [`Sink`], which the platform alone knows what to do with.
pub struct Stream(pub Box<dyn Any>);

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stream(..)")
    }
}

/// Makes answers that are written bit by bit.
pub trait Streams {
    /// A new one: where it is written to, and what the response has for a body.
    fn open(&self) -> (Box<dyn Sink>, Stream);
    /// The same of an answer of so many bytes, which is told its client: one that ends sooner is seen to have broken off.
    fn open_of_length(&self, bytes: usize) -> (Box<dyn Sink>, Stream);
}
