//! Plans: what a workspace is entitled to.

/// The plan of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The plan of a server whose operator has not turned billing on: everything, without a bill.
    SelfHosted,
    /// A plan whose operations cost credits that must be there.
    Metered,
}

impl Plan {
    /// Whether operations run whatever the balance is.
    #[must_use]
    pub fn has_unlimited_credits(self) -> bool {
        match self {
            Self::SelfHosted => true,
            Self::Metered => false,
        }
    }
}
