//! What a form was filled from. A form that says all of a thing, such as what a key may do, takes back what another tab
//! has changed since: a page that was opened before a key was narrowed would let it do everything again. So the form says
//! what it had seen, and is taken only while that is so.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::forms::Form;

/// The field that says it.
pub(super) const SEEN: &str = "seen";

/// What stands for a state in a form: of the same state it is the same, in every process of one release.
pub(super) fn mark(state: &impl Debug) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{state:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether a form was filled from a state. One that does not say was not.
pub(super) fn is_of(form: &Form, state: &impl Debug) -> bool {
    form.text(SEEN) == mark(state)
}

/// What the page says otherwise, above the form as it was typed.
pub(super) const CHANGED: &str = "It was changed since you opened this page, perhaps in another tab. Nothing was saved. \
                                  Look at how it is now; if you save once more, it will be as it stands in the form.";
