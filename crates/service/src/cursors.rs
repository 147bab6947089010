//! Cursors: where the next page of a list begins.
//!
//! A cursor is sealed, and bound to the list it is of and to whose that is: what a caller makes up, changes, or
//! brings from elsewhere opens nothing. It names the last thing that was shown, not a number of things, so a list
//! that grows at its head meanwhile shows nothing twice and leaves nothing out.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::operations::Operation;
use crate::{Error, Principal, Service, sealed};

/// The longest cursor that is looked at.
const MAX: usize = 512;

/// What a cursor is bound to: the list, whose it is, and what it is narrowed to.
fn purpose(operation: &Operation, principal: &Principal, filter: &[u8]) -> Vec<u8> {
    let account = principal.account_id();
    [b"cursor ", operation.id.as_bytes(), b" ", account.as_bytes().as_slice(), filter].concat()
}

/// A cursor after the last thing that was shown.
pub(crate) fn seal<T: Serialize>(
    service: &Service,
    principal: &Principal,
    operation: &Operation,
    filter: &[u8],
    last: &T,
) -> Result<String, Error> {
    let keyring = service.keyring.load();
    let purpose = purpose(operation, principal, filter);
    sealed::seal(keyring.cursor_seals().next(), &service.entropy, &purpose, last)
}

/// What a cursor says was shown last.
///
/// # Errors
/// [`Error::InvalidCursor`].
pub(crate) fn open<T: DeserializeOwned>(
    service: &Service,
    principal: &Principal,
    operation: &Operation,
    filter: &[u8],
    cursor: &str,
) -> Result<T, Error> {
    let keyring = service.keyring.load();
    let purpose = purpose(operation, principal, filter);
    let opened = sealed::open(keyring.cursor_seals(), &purpose, cursor);
    opened.filter(|_| cursor.len() <= MAX).ok_or(Error::InvalidCursor)
}
