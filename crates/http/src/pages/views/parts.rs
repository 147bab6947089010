//! The ways from one part of a long list to the others.

/// The ways from one part of a long list to the others.
#[derive(Debug, Clone)]
pub(crate) struct PartLinks {
    /// Which part it is: "11 to 20 of 43".
    pub(crate) words: String,
    /// The path of the part before it.
    pub(crate) previous: Option<String>,
    /// The path of the part after it.
    pub(crate) next: Option<String>,
}

#[cfg(test)]
impl PartLinks {
    /// A part in the middle.
    pub(super) fn sample() -> Self {
        Self {
            words: "11 to 20 of 100".into(),
            previous: Some("/settings?keys=0#api-keys".into()),
            next: Some("/settings?keys=20#api-keys".into()),
        }
    }
}
