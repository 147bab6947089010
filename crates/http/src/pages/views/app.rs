//! An app as a person is shown it: what it calls itself, and what is known of it beyond that.

/// Which app it is.
#[derive(Debug, Clone)]
pub(crate) struct AppIdentity {
    /// What it calls itself.
    pub(crate) name: String,
    /// What is known of it.
    pub(crate) kind: AppKind,
}

/// What is known of an app beyond the name it chose.
#[derive(Debug, Clone)]
pub(crate) enum AppKind {
    /// That it is of this host: the host says so itself, or the operator does.
    Verified {
        /// The host that the person is sent to afterwards.
        host: String,
    },
    /// Nothing but where the person is sent afterwards.
    Unverified {
        /// The host of that address.
        host: String,
    },
    /// Nothing at all: it runs on the device of whoever looks at the page.
    OnThisDevice,
}

#[cfg(test)]
impl AppIdentity {
    pub(super) fn sample(name: &str, kind: AppKind) -> Self {
        Self { name: name.into(), kind }
    }

    pub(super) fn sample_unverified() -> Self {
        Self::sample("Newsletter Studio", AppKind::Unverified { host: "studio.example".into() })
    }

    pub(super) fn sample_verified() -> Self {
        Self::sample("Newsletter Studio", AppKind::Verified { host: "studio.example".into() })
    }

    pub(super) fn sample_on_this_device() -> Self {
        Self::sample("Sketchbook", AppKind::OnThisDevice)
    }
}
