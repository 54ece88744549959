//! Which of the two wire formats a path belongs to (contract section 1).

use percent_encoding::percent_decode_str;

/// A wire format: how paths are read, what credentials are taken, how errors look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Surface {
    /// The UbiOps-compatible one and the operator's, whose errors are sentences.
    #[default]
    Sentences,
    /// The ModelArts-compatible one below `/v1`, whose errors have codes.
    ModelArts,
}

impl Surface {
    /// The surface of a raw path: its first segment decides.
    #[must_use]
    pub fn of(raw_path: &str) -> Self {
        let first = raw_path.split('/').find(|segment| !segment.is_empty());
        match first.map(|segment| percent_decode_str(segment).decode_utf8_lossy()) {
            Some(first) if first == "v1" => Self::ModelArts,
            _ => Self::Sentences,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_decides() {
        for path in ["/v1", "/v1/x/workspaces", "//v1/x", "/%761/x"] {
            assert_eq!(Surface::of(path), Surface::ModelArts, "{path}");
        }
        for path in ["/", "/v2.1/v1", "/v1x", "/operator/v1/users", "/V1"] {
            assert_eq!(Surface::of(path), Surface::Sentences, "{path}");
        }
    }
}
