//! Dead ends, as pages: what happened and what to do.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_service::Error;
use bloom_service::authorization::Refusal;
use http::{HeaderValue, StatusCode, header};

use super::again::Again;
use super::place::Place;
use super::views::{Layout, Link, Message};
use super::{headers, next, page, proof, redirect, reset, security};
use crate::api::errors::whole_seconds;
use crate::edge::Cause;

/// Why there is no page to show.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nothing is at this address.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed,
    /// A form was sent under another name than the public one; holds the public origin.
    OtherHost(String),
    /// The form's token is not of this browser.
    ForeignForm,
    /// The same of an answer to an app's question; holds where it is asked again.
    StaleQuestion(String),
    /// The form cannot be read; says why.
    UnreadableForm(&'static str),
    /// The form was sent before, and what that was answered is not there any more; holds where it is sent to.
    FormSent(String),
    /// The form is not of the type that forms are.
    FormType,
    /// The form is larger than it may be; holds how many bytes it may have.
    FormTooLarge(usize),
    /// Something else comes first; holds the path of it.
    First(String),
    /// They have to show first that it is still them, and what they typed is kept; holds the path for that.
    ProofFirst(String),
    /// The file is larger than one may be.
    FileTooLarge,
    /// Whoever sent it is no longer signed in.
    SignedOut,
    /// The same, and after signing in they go on at this path.
    SignedOutAt(String),
    /// The account is suspended; holds the token to sign out with, where somebody is signed in.
    Banned(Option<String>),
    /// The setup link does not work.
    SetupLinkSpent,
    /// The link to make an account with is.
    SignUpLinkSpent,
    /// The invitation is unknown, expired, answered or taken back.
    InvitationSpent,
    /// A link from a mail about an account is unknown, expired or used.
    AccountLinkSpent,
    /// The link to choose a new password with is.
    ResetLinkSpent,
    /// It is the only way by which the person can sign in.
    LastWayIn,
    /// The link is for another account than the one that is signed in.
    OtherAccount,
    /// The person's role does not let them do that.
    NotAllowed,
    /// An app asked to sign somebody out in a way that cannot be read.
    EndSession(OAuthError),
    /// An authorization that cannot go on.
    Authorization(Refusal),
    /// The verb failed.
    Failed(Error),
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Failed(error) => error.into(),
            refusal => Self::Authorization(refusal),
        }
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        match error {
            Error::SignedOut => Self::SignedOut,
            Error::ProofNeeded => Self::First(next::link(proof::PATH, None)),
            Error::AccountBanned => Self::Banned(None),
            Error::SetupLinkSpent => Self::SetupLinkSpent,
            Error::InvitationNotFound => Self::InvitationSpent,
            Error::AccountLinkSpent => Self::AccountLinkSpent,
            Error::OtherAccount => Self::OtherAccount,
            Error::LastWayIn => Self::LastWayIn,
            Error::NotAllowed => Self::NotAllowed,
            Error::ApiKeyNotFound
            | Error::ClientNotFound
            | Error::OwnersChoice
            | Error::ConnectionNotFound
            | Error::BrandNotFound
            | Error::ImageNotFound
            | Error::WorkspaceNotFound
            | Error::MemberNotFound => Self::NotFound,
            error => Self::Failed(error),
        }
    }
}

/// Status, title, text and way out.
struct Words {
    status: StatusCode,
    title: &'static str,
    text: String,
    action: Option<(&'static str, &'static str)>,
}

impl PageError {
    fn words(&self) -> Words {
        let words = |status, title, text: &str, action| Words {
            status,
            title,
            text: text.to_owned(),
            action,
        };
        let home = Some(("Go to the start page", "/"));
        let sign_in = Some(("Sign in", "/sign-in"));
        match self {
            Self::NotFound => words(
                StatusCode::NOT_FOUND,
                "Page not found",
                "There is nothing at this address. Check it for a typing mistake.",
                home,
            ),
            Self::MethodNotAllowed => words(
                StatusCode::METHOD_NOT_ALLOWED,
                "This address takes something else",
                "It cannot be used this way. Go back and use the page’s own links and buttons.",
                home,
            ),
            Self::OtherHost(origin) => words(
                StatusCode::BAD_REQUEST,
                "This is not the address of this server",
                &format!("Nothing was changed. Open {origin} and send the form there."),
                // There it leads on to the public address.
                home,
            ),
            Self::ForeignForm => words(
                StatusCode::FORBIDDEN,
                "This form has expired",
                "The page was open for too long, you signed in or out meanwhile, or your browser keeps no cookies, \
                 which this site needs. It was not taken now; if you sent it twice, look whether it was done the \
                 first time. If not, open the form again and send it once more.",
                home,
            ),
            Self::StaleQuestion(_) => words(
                StatusCode::FORBIDDEN,
                "This form has expired",
                "You signed in or out meanwhile, perhaps in another tab, or the page was open for too long. Nothing \
                 was allowed. Open the question again, and look who is signed in.",
                Some(("Open the question again", "/")),
            ),
            Self::FormSent(_) => words(
                StatusCode::CONFLICT,
                "This form was sent already",
                "What it asks for was done the first time, and nothing was done now. A secret that was shown then \
                 is not shown again: if you do not have it, rotate it where it is listed, or revoke it.",
                Some(("See what was done", "/")),
            ),
            Self::UnreadableForm(why) => words(
                StatusCode::BAD_REQUEST,
                "This form cannot be read",
                &format!("{why} Nothing was changed. Open the form again and send it once more."),
                home,
            ),
            Self::FormType => words(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This form cannot be read",
                "It was sent as another type than application/x-www-form-urlencoded. Nothing was \
                 changed.",
                home,
            ),
            Self::FormTooLarge(most) => words(
                StatusCode::PAYLOAD_TOO_LARGE,
                "This form is too large",
                &format!(
                    "It may have {} KiB, which is more than enough to type. Nothing was changed. Shorten what you \
                     typed and send it once more.",
                    most / 1024
                ),
                home,
            ),
            Self::FileTooLarge => words(
                StatusCode::PAYLOAD_TOO_LARGE,
                "This file is too large",
                "Nothing was changed. A logo may have 5 MiB. Go back and choose a smaller file.",
                home,
            ),
            // It is a redirect, see `page`.
            Self::First(_) | Self::SignedOut | Self::SignedOutAt(_) => words(
                StatusCode::UNAUTHORIZED,
                "You are signed out",
                "Your session has ended, so nothing was done now. If you sent the form twice, look whether it \
                 was done the first time. If not, sign in and do it once more.",
                sign_in,
            ),
            Self::ProofFirst(_) => words(
                StatusCode::FORBIDDEN,
                "Confirm first that it is you",
                "You did so too long ago for what this form asks for, so nothing was done now.",
                Some(("Confirm that it is you", proof::PATH)),
            ),
            Self::Banned(token) => words(
                StatusCode::FORBIDDEN,
                "Your account is suspended",
                "Nothing is lost. Ask the person who runs this server.",
                // Whoever is signed in signs out first, by a button.
                token.is_none().then_some(("Sign in with another account", "/sign-in")),
            ),
            Self::SetupLinkSpent => words(
                StatusCode::GONE,
                "This link does not work",
                "It was used already, is more than an hour old, or is incomplete. If this server \
                 has no account yet, restart it to get a new link.",
                sign_in,
            ),
            Self::SignUpLinkSpent => words(
                StatusCode::GONE,
                "This link does not work",
                "It was used already, is more than a day old, or is incomplete. If you made your account with it, \
                 sign in. If not, ask for another link.",
                Some(("Ask for another link", "/sign-up")),
            ),
            Self::InvitationSpent => words(
                StatusCode::GONE,
                "This invitation does not work",
                "It was answered or taken back, another one was sent since, the workspace is deleted, or it is \
                 more than a week old or incomplete. Ask whoever sent it for another one.",
                home,
            ),
            Self::AccountLinkSpent => words(
                StatusCode::GONE,
                "This link does not work",
                "It was used already, is more than a day old, or is incomplete; or another one was sent since. \
                 If something is still to do, it says so under Security, where you get another link.",
                Some(("Go to Security", security::PATH)),
            ),
            Self::ResetLinkSpent => words(
                StatusCode::GONE,
                "This link does not work",
                "It was used already, is more than an hour old, or is incomplete. If you have just chosen a new \
                 password with it, sign in with that one. If not, ask for another link.",
                Some(("Ask for another link", reset::PATH)),
            ),
            Self::OtherAccount => words(
                StatusCode::FORBIDDEN,
                "This link is for another account",
                "Nothing was changed. Sign in with the account that it was sent for, then open it once more.",
                Some(("Sign in with another account", "/sign-in?again=1")),
            ),
            Self::LastWayIn => words(
                StatusCode::CONFLICT,
                "This is your only way to sign in",
                "Nothing was changed. Add another one first: a password or a passkey. Then come back and remove \
                 this one.",
                Some(("Go to Security", security::PATH)),
            ),
            Self::NotAllowed => words(
                StatusCode::FORBIDDEN,
                "Your role does not allow this",
                "Nothing was changed. Ask the owner of the workspace.",
                Some(("Go to your workspaces", "/settings#workspaces")),
            ),
            Self::Failed(Error::TooManyWorkspaces) => words(
                StatusCode::CONFLICT,
                "They own too many workspaces",
                "Nothing was changed. They have to delete one, or give one away, before they can take this \
                 one.",
                Some(("Go to your workspaces", "/settings#workspaces")),
            ),
            Self::Failed(Error::NoSeat { .. }) => words(
                StatusCode::CONFLICT,
                "There is no room in this workspace",
                "Its plan has fewer seats than there are people. Nothing was changed, and the invitation stays \
                 good. Ask whoever sent it to make room.",
                home,
            ),
            Self::EndSession(_) => words(
                StatusCode::BAD_REQUEST,
                "This app’s request cannot be answered",
                "It asked to sign you out in a way that Bloom does not take. Nothing was changed.",
                home,
            ),
            Self::Authorization(refusal) => Self::authorization_words(refusal),
            Self::Failed(Error::TooMany { .. }) => words(
                StatusCode::TOO_MANY_REQUESTS,
                "Too much was asked from where you are",
                "Nothing was changed. Wait a minute, then try once more.",
                None,
            ),
            Self::Failed(Error::Busy { .. } | Error::Unavailable(_) | Error::Behind) => words(
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is busy",
                "Nothing was changed. Wait a few seconds, then try once more.",
                None,
            ),
            Self::Failed(Error::MailUnavailable(_)) => words(
                StatusCode::SERVICE_UNAVAILABLE,
                "No mail can be sent now",
                "This needs one, so nothing was changed. Try once more in a few minutes; if it stays so, tell \
                 the person who runs this server.",
                None,
            ),
            Self::Failed(_) => words(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "The fault is the server's. The person who runs it finds the cause in the log.",
                home,
            ),
        }
    }

    fn authorization_words(refusal: &Refusal) -> Words {
        let words = |title, text: &str| Words {
            status: StatusCode::BAD_REQUEST,
            title,
            text: text.to_owned(),
            action: None,
        };
        match refusal {
            Refusal::Unreadable(_) => words(
                "This app’s request cannot be answered",
                "It cannot be read: something is missing in the link by which the app sent you, or it has \
                 something that none may have. Nothing was changed. Go back to the app; if it happens again, \
                 tell its developer.",
            ),
            Refusal::Untrusted(_) => words(
                "This app’s request cannot be answered",
                "Bloom does not know the app, or not the address that it wants the answer at. \
                 Nothing was changed. Go back to the app; if it happens again, tell its developer.",
            ),
            Refusal::AppRefused => words(
                "This app is refused here",
                "The operator of this server has disabled the app. Nothing was changed. Ask them, if you \
                 think that is a mistake.",
            ),
            Refusal::Explained { error, .. }
                if matches!(error.code, ErrorCode::LoginRequired | ErrorCode::ConsentRequired) =>
            {
                words(
                    "This app has to ask you first",
                    "It asked to be let in without showing you anything, and that is not possible now. Nothing was \
                     changed, and nothing was sent to the app. Go back to it and sign in from there.",
                )
            }
            Refusal::Explained { .. } => words(
                "This app’s request has a mistake",
                "Nothing was changed, and nothing was sent to the app.",
            ),
            Refusal::Expired | Refusal::Failed(_) => words(
                "This request has expired",
                "Nothing was changed. Go back to the app and start again.",
            ),
            Refusal::OtherAccount => words(
                "You are signed in as somebody else",
                "The question was for another account. Nothing was changed. Go back to the app and \
                 start again.",
            ),
        }
    }

    /// The way back to the app, and the line for its developer.
    fn to_the_app(&self) -> (Option<Link>, Option<String>) {
        let line = |error: &OAuthError| format!("{}: {}", error.code.as_str(), error.description);
        match self {
            Self::EndSession(error)
            | Self::Authorization(Refusal::Untrusted(error) | Refusal::Unreadable(error)) => {
                (None, Some(line(error)))
            }
            Self::Authorization(Refusal::Explained { error, client, back }) => {
                let link = Link { label: format!("Go back to {client}"), href: back.clone() };
                (Some(link), Some(line(error)))
            }
            _ => (None, None),
        }
    }

    /// What is said at a place: a form that finds nothing was on a page where there was something.
    fn words_at(&self, place: &Place) -> Words {
        match self {
            Self::NotFound if place.list().is_some() => Words {
                title: "It is not there any more",
                text: "What this form is for was deleted or ended meanwhile, or is not yours. Nothing was changed."
                    .to_owned(),
                ..self.words()
            },
            _ => self.words(),
        }
    }

    /// The way out that depends on the place: to the form that could not be read, and from what is gone to what is left.
    fn way_back(&self, place: &Place) -> Option<Link> {
        match self {
            Self::NotFound => place.list(),
            Self::UnreadableForm(_)
            | Self::FormType
            | Self::FormTooLarge(_)
            | Self::FileTooLarge => place.form(),
            _ => None,
        }
    }

    /// Where the way out leads.
    fn onward(&self, href: &'static str) -> String {
        match self {
            Self::SignedOutAt(path) => next::link(href, Some(path)),
            // The address of a form, opened like a page, leads to where it belongs.
            Self::FormSent(path) | Self::ProofFirst(path) | Self::StaleQuestion(path) => {
                path.clone()
            }
            _ => href.to_owned(),
        }
    }

    /// Why, for the operator, when there is something to be told.
    pub(crate) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Failed(
                Error::Busy { .. }
                | Error::TooMany { .. }
                | Error::TooManyWorkspaces
                | Error::NoSeat { .. },
            ) => None,
            Self::Failed(error) => Some(Cause(error.to_string().into())),
            _ => None,
        }
    }
}

impl PageError {
    /// The status of its page.
    pub(crate) fn status(&self) -> StatusCode {
        self.words().status
    }

    /// Whether the same can go well a little later.
    pub(crate) fn is_passing(&self) -> bool {
        let status = self.status();
        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
    }

    /// What its page says. `reference` is the request's id, by which the operator finds the cause; `place` is where it
    /// was asked for; `layout` is the frame for whoever is there; `again` is the form that ended here.
    pub(super) fn view(
        &self,
        reference: &str,
        place: &Place,
        layout: Option<Layout>,
        again: Option<Again>,
    ) -> Message {
        let words = self.words_at(place);
        let is_ours = words.status.is_server_error();
        let (back, details) = self.to_the_app();
        let again = again.map(|again| again.form);
        let onward = |(label, href): (&str, &'static str)| Link {
            label: label.to_owned(),
            href: self.onward(href),
        };
        // A form that is kept is tried again by its button.
        let tries_again = words.action.is_none() && self.is_passing() && again.is_none();
        let action = self
            .way_back(place)
            .or_else(|| words.action.map(onward))
            .or_else(|| tries_again.then(|| place.link()));
        let leaves = match self {
            Self::Banned(token) => token.clone(),
            _ => None,
        };
        Message {
            layout: layout.unwrap_or_default(),
            title: words.title.to_owned(),
            text: words.text,
            action,
            leaves,
            back,
            details,
            again,
            reference: is_ours.then(|| reference.to_owned()),
        }
    }

    /// The page, as [`Self::view`] says it, and what goes with it.
    pub(crate) fn page(
        &self,
        reference: &str,
        place: &Place,
        layout: Option<Layout>,
        again: Option<Again>,
    ) -> Response {
        if let Self::First(path) = self {
            return redirect(path);
        }
        let status = self.status();
        let cookie = again.as_ref().and_then(|again| again.cookie.clone());
        let mut response = page(status, &self.view(reference, place, layout, again));
        headers::protect(response.headers_mut());
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let wait = match self {
                Self::Failed(Error::Busy { retry_after } | Error::TooMany { retry_after }) => {
                    whole_seconds(*retry_after)
                }
                _ => 1,
            };
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        if let Some(cause) = self.cause() {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

impl IntoResponse for PageError {
    /// Only a mark: [`super::around`] makes the page, since it knows the request's id.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
