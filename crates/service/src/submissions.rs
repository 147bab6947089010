//! Forms that make something, and are sent twice: a second click, a reload, the way back.
//!
//! 1. A page gives its forms a number ([`anonymous_number`]). The same address with the same fields and number is the
//!    same form, known by a digest.
//! 2. What a form makes is written in the person's name, and every such write begins with their session
//!    (`Claim::check`). There the form is taken, in the same transaction: what is made is made once, however many
//!    requests race and whatever crashes.
//! 3. Then the answer is kept: where it led, or, sealed and for a minute, the page that it was. Whoever sends the form
//!    again gets that. A browser shows the answer of the second click only, so a secret that was in the first
//!    one's would be lost.
//! 4. A form that was refused has done nothing and is let go.
//! 5. A form that ends something ([`Twice::Tried`]) is done each time, since what it ends may have come back: whoever
//!    takes a deletion back and goes back to delete it all the same must not be told that it is deleted. Only when there
//!    is nothing left to end is it answered as the first time.

use bloom_domain::ids::AccountId;
use bloom_domain::submissions::{SHOWN_AGAIN, UNDER_WAY};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::submissions::{Attempt, Sent};

use crate::keyring::sha256;
use crate::sessions::SignedIn;
use crate::{Error, Service, sealed};

/// A form as one request sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission {
    attempt: Attempt,
    at: Timestamp,
    twice: Twice,
}

/// What becomes of a form that is sent a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twice {
    /// It is answered as the first time, and does nothing.
    Answered,
    /// It is done again, if there is still something to do.
    Tried,
}

/// How a form was answered that was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Not at all: it was refused since, and can be sent.
    Refused,
    /// Not yet.
    NotYet,
    /// With the way to an address.
    LedTo(String),
    /// With this page.
    Page(Vec<u8>),
    /// With a page that is forgotten.
    Forgotten,
}

/// The number that a page gives its forms.
///
/// # Errors
/// When there are no random bytes.
pub fn anonymous_number(service: &Service) -> Result<[u8; 8], Error> {
    service.entropy.draw()
}

/// A form as it arrived, for the address that it was sent to.
///
/// # Errors
/// When there are no random bytes.
pub fn anonymous_begin(
    service: &Service,
    path: &str,
    sent: &[u8],
    twice: Twice,
) -> Result<Submission, Error> {
    // No path has a NUL in it.
    let digest = sha256(&[path.as_bytes(), b"\0", sent].concat());
    let attempt = Attempt { digest, number: service.entropy.draw()? };
    Ok(Submission { attempt, at: service.now(), twice })
}

/// What the person makes from here on, they make by this form. Whoever calls this knows that the form is the person's.
///
/// # Errors
/// [`Error::FormSent`].
pub async fn bind(
    service: &Service,
    person: &mut SignedIn,
    submission: Submission,
) -> Result<(), Error> {
    let digest = submission.attempt.digest;
    let find = move |tx: &mut Tx<'_>| store::submissions::find(tx, &digest);
    if submission.twice == Twice::Answered && service.store.read(find).await?.is_some() {
        return Err(Error::FormSent);
    }
    person.sends(submission);
    Ok(())
}

impl Submission {
    /// Takes the form in the transaction of what it makes.
    pub(crate) fn take(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<Result<(), Error>, store::Error> {
        let is_new = store::submissions::take(tx, &self.attempt, account, self.at)?;
        Ok(if is_new || self.twice == Twice::Tried { Ok(()) } else { Err(Error::FormSent) })
    }

    /// What a page is bound to.
    fn purpose(&self) -> Vec<u8> {
        [b"page ".as_slice(), &self.attempt.digest].concat()
    }
}

/// Keeps where the form led, if it made something.
///
/// # Errors
/// When the database cannot be written.
pub async fn anonymous_led_to(
    service: &Service,
    submission: Submission,
    place: String,
) -> Result<(), Error> {
    let attempt = submission.attempt;
    let keep = move |tx: &mut Tx<'_>| store::submissions::keep_place(tx, &attempt, &place);
    Ok(service.store.write(keep).await?)
}

/// Keeps the page that the form was answered with, if it made something.
///
/// # Errors
/// When the database cannot be written.
pub async fn anonymous_shown(
    service: &Service,
    submission: Submission,
    page: &[u8],
) -> Result<(), Error> {
    let keyring = service.keyring.load();
    let key = keyring.answer_seals().next();
    let sealed = sealed::seal_bytes(key, &service.entropy, &submission.purpose(), page)?;
    let attempt = submission.attempt;
    let keep = move |tx: &mut Tx<'_>| store::submissions::keep_page(tx, &attempt, &sealed);
    Ok(service.store.write(keep).await?)
}

/// Lets go of a form that was refused.
///
/// # Errors
/// When the database cannot be written.
pub async fn anonymous_refused(service: &Service, submission: Submission) -> Result<(), Error> {
    let attempt = submission.attempt;
    let release = move |tx: &mut Tx<'_>| store::submissions::release(tx, &attempt);
    Ok(service.store.write(release).await?)
}

/// How the form was answered by the request that has taken it. Only for whom [`bind`] was asked: they are the person who
/// sent it.
///
/// # Errors
/// When the database cannot be read.
pub async fn anonymous_answer(
    service: &Service,
    submission: Submission,
) -> Result<Answered, Error> {
    let digest = submission.attempt.digest;
    let find = move |tx: &mut Tx<'_>| store::submissions::find(tx, &digest);
    let Some(sent) = service.store.read(find).await? else { return Ok(Answered::Refused) };
    let now = service.now();
    Ok(match sent {
        Sent { led_to: Some(place), .. } => Answered::LedTo(place),
        Sent { page: Some(page), at, .. } if now < at.plus(SHOWN_AGAIN) => {
            let keyring = service.keyring.load();
            let purpose = submission.purpose();
            let opened = sealed::open_bytes(keyring.answer_seals(), &purpose, &page);
            opened.map_or(Answered::Forgotten, Answered::Page)
        }
        Sent { page: None, at, .. } if now < at.plus(UNDER_WAY) => Answered::NotYet,
        Sent { .. } => Answered::Forgotten,
    })
}
