//! The log.

/// Where the lines of the log go.
pub trait Log {
    /// Writes a line.
    fn write(&self, line: &str);
}
