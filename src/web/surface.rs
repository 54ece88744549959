//! The wire formats (contract sections 1 and 5.6); which one a path belongs to is in the table of routes.

/// A wire format: how paths are read, what credentials are taken, how errors look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Surface {
    /// The UbiOps-compatible one and the operator's, whose errors are sentences.
    #[default]
    Sentences,
    /// The OpenAI-compatible one below a project, whose errors are objects.
    OpenAi,
    /// The ModelArts-compatible one below `/v1`, whose errors have codes.
    ModelArts,
}
