//! Grants: one approved authorization, its code, and the chain of refresh tokens that follows.
//!
//! ```text
//! Approved --redeem--> Redeemed --rotate--> Redeemed (next generation) ...
//!     \--------------------\----revoke----> Revoked
//! ```
//!
//! What is decided here is decided from values: the grant as it was read, what was presented, and the
//! time. The statement that follows repeats the state it was decided on.

use std::time::Duration;

use bloom_oauth::pkce::{CodeChallenge, CodeVerifier};

use crate::access::Access;
use crate::digest::Digest;
use crate::ids::{ConnectionId, GrantId};
use crate::time::Timestamp;

/// A code is good for this long (RFC 6749 §4.1.2 recommends at most ten minutes).
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// An access token and an id token are good for this long.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(3_600);
/// A refresh token that is not used for this long ends its grant.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 86_400);
/// So many wrong verifiers spend a code: whoever has it cannot prove that it is theirs.
pub const MAX_WRONG_VERIFIERS: i64 = 5;
/// A second redemption within this time is a double submit, which must not log a person out.
const DOUBLE_SUBMIT: Duration = Duration::from_secs(10);
/// A refresh may have looked at the clock this long before it is run. Without the salt that it still has a
/// right to it would look like a theft.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// One approved authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The `sid` of its tokens.
    pub id: GrantId,
    /// Which person let which client in.
    pub connection: ConnectionId,
    /// The redirect URI of the authorization request, byte for byte.
    pub redirect_uri: String,
    /// What the redeemer must find the verifier of.
    pub challenge: CodeChallenge,
    /// The granted scope tokens, space-separated.
    pub scope: String,
    /// What its tokens may do at most.
    pub access: Access,
    /// For the id token.
    pub nonce: Option<String>,
    /// When the person had signed in: `auth_time`.
    pub signed_in_at: Timestamp,
    /// When it was approved.
    pub created_at: Timestamp,
    /// How far it has come.
    pub state: GrantState,
    /// When it ends by itself: when its refresh token was not used for too long, or, before the code is redeemed,
    /// when neither the code is good nor the yes could be sent again that made it.
    pub ends_at: Timestamp,
}

/// How far a grant has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// The code was issued.
    Approved {
        /// How many wrong verifiers came with it.
        wrong_verifiers: i64,
    },
    /// The code was redeemed.
    Redeemed {
        /// When.
        at: Timestamp,
        /// The chain of refresh tokens, for a client that registered for it.
        refresh: Option<Refresh>,
    },
    /// It is over.
    Revoked,
}

/// Where the chain of refresh tokens stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// The number of the one good refresh token; they count from 0.
    pub generation: u32,
    /// The digest of its secret.
    pub digest: Digest,
}

/// What is to be done about a presented code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redemption {
    /// Issue tokens.
    Redeem,
    /// Count a wrong verifier.
    WrongVerifier,
    /// The code was redeemed before, and whoever brings it can prove that it is theirs: end the grant.
    Replayed,
    /// The code was redeemed a moment ago, and whoever brings it again can prove that it is theirs: do nothing, and take
    /// it for no guess.
    DoubleSubmit,
    /// Do nothing; says why, for the client's developer.
    Refuse(&'static str),
}

/// What is to be done about a presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It is the good one: issue its successor.
    Rotate,
    /// It was used before: answer with the newest one if it was used a moment ago, else end the grant.
    Used,
    /// Do nothing; says why, for the client's developer.
    Refuse(&'static str),
}

/// What is to be done about a refresh token that was used before, and when `rotated_at` is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// It was used a moment ago: answer with the newest of its chain.
    Answer,
    /// It comes back late, so it was stolen, from the app or by it: end the grant.
    End,
}

/// Decides about a refresh token that was used before. `rotated_at` is when, as long as its rotation is
/// kept; `window` is for how long it may be answered.
#[must_use]
pub fn reuse(rotated_at: Option<Timestamp>, window: Duration, now: Timestamp) -> Reuse {
    match rotated_at {
        Some(rotated_at) if now < rotated_at.plus(window) => Reuse::Answer,
        _ => Reuse::End,
    }
}

/// Rotations that were made at or before this time are of no use to anybody, and their salts are erased.
#[must_use]
pub fn rotations_are_over(window: Duration, now: Timestamp) -> Timestamp {
    now.minus(window + ON_ITS_WAY)
}

impl Grant {
    /// Whether its tokens are good for requests.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state != GrantState::Revoked && now < self.ends_at
    }

    /// Decides about its code, presented by its client with a redirect URI and a verifier
    /// (RFC 6749 §4.1.3, RFC 7636 §4.6).
    ///
    /// A second redemption never gets tokens. It ends the grant only when it brings all that the
    /// first must have brought, and comes too late for a double submit: a spent code that was merely
    /// seen proves nothing, and must not be a way to log somebody out.
    #[must_use]
    pub fn redemption(
        &self,
        redirect_uri: &str,
        verifier: &CodeVerifier,
        now: Timestamp,
    ) -> Redemption {
        let is_proven = redirect_uri == self.redirect_uri && self.challenge.is_met_by(verifier);
        match self.state {
            GrantState::Revoked => Redemption::Refuse("the authorization was revoked"),
            GrantState::Redeemed { at, .. } if is_proven && now.since(at) > DOUBLE_SUBMIT => {
                Redemption::Replayed
            }
            GrantState::Redeemed { .. } if is_proven => Redemption::DoubleSubmit,
            GrantState::Redeemed { .. } => Redemption::Refuse("the code was used before"),
            GrantState::Approved { wrong_verifiers: MAX_WRONG_VERIFIERS.. } => {
                Redemption::Refuse("the code was presented with too many wrong code_verifiers")
            }
            GrantState::Approved { .. } if now >= self.created_at.plus(CODE_LIFETIME) => {
                Redemption::Refuse("the code has expired; it is good for 60 seconds")
            }
            GrantState::Approved { .. } if redirect_uri != self.redirect_uri => {
                Redemption::Refuse("redirect_uri is not that of the authorization request")
            }
            GrantState::Approved { .. } if !is_proven => Redemption::WrongVerifier,
            GrantState::Approved { .. } => Redemption::Redeem,
        }
    }

    /// Decides about a refresh token of this grant, presented by its client. Its authenticity was
    /// proven before; `digest` is that of its secret.
    #[must_use]
    pub fn rotation(&self, generation: u32, digest: &[Digest], now: Timestamp) -> Rotation {
        let GrantState::Redeemed { refresh: Some(refresh), .. } = self.state else {
            return Rotation::Refuse("the refresh token was revoked");
        };
        if !self.is_live(now) {
            return Rotation::Refuse("the refresh token has expired");
        }
        if generation < refresh.generation {
            Rotation::Used
        } else if generation == refresh.generation && digest.contains(&refresh.digest) {
            Rotation::Rotate
        } else {
            // A database restored from a backup knows less than it once did.
            Rotation::Refuse("the refresh token is not known")
        }
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const REDIRECT: &str = "https://app.example/cb";

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_unix_micros(1_800_000_000_000_000).plus(Duration::from_secs(secs))
    }

    fn grant(state: GrantState) -> Grant {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        Grant {
            id: GrantId::from_bytes([1; 16]),
            connection: ConnectionId::from_bytes([2; 16]),
            redirect_uri: REDIRECT.into(),
            challenge: CodeChallenge::parse(Some(challenge), Some("S256")).unwrap(),
            scope: "openid".into(),
            access: Access::All,
            nonce: None,
            signed_in_at: at(0),
            created_at: at(0),
            state,
            ends_at: at(60),
        }
    }

    fn redemption(state: GrantState, redirect: &str, verifier: &str, secs: u64) -> Redemption {
        let verifier = CodeVerifier::parse(verifier).unwrap();
        grant(state).redemption(redirect, &verifier, at(secs))
    }

    fn redeemed(secs: u64) -> GrantState {
        GrantState::Redeemed { at: at(secs), refresh: None }
    }

    #[test]
    fn a_code_is_good_once_for_a_minute_with_its_redirect_and_verifier() {
        let fresh = GrantState::Approved { wrong_verifiers: 4 };
        let wrong = "x".repeat(43);
        assert_eq!(redemption(fresh, REDIRECT, VERIFIER, 59), Redemption::Redeem);
        assert_eq!(redemption(fresh, REDIRECT, &wrong, 59), Redemption::WrongVerifier);
        let is_refused = |redemption| matches!(redemption, Redemption::Refuse(_));
        assert!(is_refused(redemption(fresh, REDIRECT, VERIFIER, 60)));
        assert!(is_refused(redemption(fresh, "https://app.example/cb/", VERIFIER, 1)));
        let worn = GrantState::Approved { wrong_verifiers: 5 };
        assert!(is_refused(redemption(worn, REDIRECT, VERIFIER, 1)));
        assert!(is_refused(redemption(GrantState::Revoked, REDIRECT, VERIFIER, 1)));
    }

    #[test]
    fn a_second_redemption_ends_the_grant_only_when_it_proves_whose_it_is() {
        let is_refused = |redemption| matches!(redemption, Redemption::Refuse(_));
        assert_eq!(redemption(redeemed(5), REDIRECT, VERIFIER, 15), Redemption::DoubleSubmit);
        assert_eq!(redemption(redeemed(5), REDIRECT, VERIFIER, 16), Redemption::Replayed);
        assert!(is_refused(redemption(redeemed(5), REDIRECT, &"x".repeat(43), 16)));
        assert!(is_refused(redemption(redeemed(5), "https://evil.example", VERIFIER, 16)));
    }

    #[test]
    fn one_refresh_token_is_good_and_every_earlier_one_was_used() {
        let good = Digest::from_bytes([7; 32]);
        let refresh = Some(Refresh { generation: 3, digest: good });
        let grant = grant(GrantState::Redeemed { at: at(0), refresh });
        assert_eq!(grant.rotation(3, &[good], at(59)), Rotation::Rotate);
        assert_eq!(grant.rotation(2, &[good], at(59)), Rotation::Used);
        assert_eq!(grant.rotation(0, &[], at(59)), Rotation::Used);
        let other = Digest::from_bytes([8; 32]);
        for refused in [grant.rotation(3, &[other], at(59)), grant.rotation(4, &[good], at(59))] {
            assert!(matches!(refused, Rotation::Refuse(_)));
        }
        assert!(matches!(grant.rotation(3, &[good], at(60)), Rotation::Refuse(_)), "expired");
    }
}
