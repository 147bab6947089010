//! What stands around every page: the word mark, the way about, and the token of every form.

/// The frame of a page. The title is not here: each page names itself in its own template.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// The email address of who is signed in.
    pub(crate) signed_in_as: Option<String>,
    /// The token bound to this browser's session, sent back by every form as `form_token`.
    pub(crate) form_token: String,
}

#[cfg(test)]
impl Layout {
    /// Somebody without a session.
    pub(super) fn sample_stranger() -> Self {
        Self { signed_in_as: None, form_token: "sample-form-token".into() }
    }

    /// Somebody with a session.
    pub(super) fn sample_signed_in() -> Self {
        Self { signed_in_as: Some("ada@example.com".into()), ..Self::sample_stranger() }
    }
}
