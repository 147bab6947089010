//! Keys derived from the root secrets, one for each use (HKDF, RFC 5869).
//!
//! A label per use means that a digest made for one purpose is worth nothing for another.

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};
use bloom_domain::account_links::Purpose;
use bloom_domain::api_keys::ApiKeySecret;
use bloom_domain::clients::{ClientSecret, RegistrationToken};
use bloom_domain::digest::Digest;
use bloom_domain::ids::{GrantId, ImageId};
use bloom_domain::secrets::OpaqueSecret;

use crate::root_secret::{Fingerprint, RootSecrets};

/// SHA-256 of a whole credential: the name under which a verdict is cached.
pub(crate) type SecretHash = [u8; 32];

/// SHA-256 of an API key's secret.
pub(crate) fn hash_api_key(secret: &ApiKeySecret) -> SecretHash {
    sha256(secret.expose().as_bytes())
}

/// SHA-256 of an access token.
pub(crate) fn hash_access_token(token: &str) -> SecretHash {
    sha256(token.as_bytes())
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// The keys of the current root secret and of those it replaced.
pub(crate) struct Keyring {
    fingerprint: Fingerprint,
    current: DerivedKeys,
    previous: Vec<DerivedKeys>,
}

/// What is derived from one root secret.
struct DerivedKeys {
    api_key: hmac::Key,
    session: hmac::Key,
    setup_link: hmac::Key,
    invitation: hmac::Key,
    account_link: hmac::Key,
    passkey_challenge: hmac::Key,
    client_secret: hmac::Key,
    registration_token: hmac::Key,
    form: hmac::Key,
    client_id: hmac::Key,
    code: hmac::Key,
    refresh_token: hmac::Key,
    refresh_secret: hmac::Key,
    refresh_successor: hmac::Key,
    image_url: hmac::Key,
    upload_token: hmac::Key,
    logo: hmac::Key,
    authorization_request: LessSafeKey,
    signing_key: LessSafeKey,
    mail: LessSafeKey,
    answer: LessSafeKey,
    cursor: LessSafeKey,
}

impl Keyring {
    pub(crate) fn new(secrets: &RootSecrets) -> Self {
        Self {
            fingerprint: secrets.current.fingerprint(),
            current: DerivedKeys::new(&secrets.current.prk()),
            previous: secrets.previous.iter().map(|s| DerivedKeys::new(&s.prk())).collect(),
        }
    }

    /// Which root secret is the current one.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What is stored for an API key.
    pub(crate) fn api_key_digest(&self, hash: &SecretHash) -> Digest {
        sign(&self.current.api_key, hash)
    }

    /// What may be stored for an API key: the current digest first.
    pub(crate) fn api_key_digests(&self, hash: &SecretHash) -> Vec<Digest> {
        self.all().map(|keys| sign(&keys.api_key, hash)).collect()
    }

    /// What is stored for a session cookie.
    pub(crate) fn session_digest(&self, secret: &OpaqueSecret) -> Digest {
        sign(&self.current.session, &sha256(secret.expose().as_bytes()))
    }

    /// What may be stored for a session cookie: the current digest first.
    pub(crate) fn session_digests(&self, secret: &OpaqueSecret) -> Vec<Digest> {
        let hash = sha256(secret.expose().as_bytes());
        self.all().map(|keys| sign(&keys.session, &hash)).collect()
    }

    /// What is stored for a setup link.
    pub(crate) fn setup_link_digest(&self, secret: &OpaqueSecret) -> Digest {
        sign(&self.current.setup_link, &sha256(secret.expose().as_bytes()))
    }

    /// What may be stored for a setup link: the current digest first.
    pub(crate) fn setup_link_digests(&self, secret: &OpaqueSecret) -> Vec<Digest> {
        let hash = sha256(secret.expose().as_bytes());
        self.all().map(|keys| sign(&keys.setup_link, &hash)).collect()
    }

    /// What is stored for an invitation.
    pub(crate) fn invitation_digest(&self, secret: &OpaqueSecret) -> Digest {
        sign(&self.current.invitation, &sha256(secret.expose().as_bytes()))
    }

    /// What may be stored for an invitation: the current digest first.
    pub(crate) fn invitation_digests(&self, secret: &OpaqueSecret) -> Vec<Digest> {
        let hash = sha256(secret.expose().as_bytes());
        self.all().map(|keys| sign(&keys.invitation, &hash)).collect()
    }

    /// What is stored for a link about an account. The purpose is part of it, so that a link does nothing
    /// else than what it was sent for.
    pub(crate) fn account_link_digest(&self, purpose: Purpose, secret: &OpaqueSecret) -> Digest {
        sign(&self.current.account_link, &account_link(purpose, secret))
    }

    /// What may be stored for such a link: the current digest first.
    pub(crate) fn account_link_digests(
        &self,
        purpose: Purpose,
        secret: &OpaqueSecret,
    ) -> Vec<Digest> {
        let message = account_link(purpose, secret);
        self.all().map(|keys| sign(&keys.account_link, &message)).collect()
    }

    /// What is stored for a client's secret.
    pub(crate) fn client_secret_digest(&self, secret: &ClientSecret) -> Digest {
        sign(&self.current.client_secret, &sha256(secret.expose().as_bytes()))
    }

    /// What may be stored for a client's secret: the current digest first.
    pub(crate) fn client_secret_digests(&self, secret: &ClientSecret) -> Vec<Digest> {
        let hash = sha256(secret.expose().as_bytes());
        self.all().map(|keys| sign(&keys.client_secret, &hash)).collect()
    }

    /// What is stored for a registration access token.
    pub(crate) fn registration_token_digest(&self, token: &RegistrationToken) -> Digest {
        sign(&self.current.registration_token, &sha256(token.expose().as_bytes()))
    }

    /// What may be stored for a registration access token: the current digest first.
    pub(crate) fn registration_token_digests(&self, token: &RegistrationToken) -> Vec<Digest> {
        let hash = sha256(token.expose().as_bytes());
        self.all().map(|keys| sign(&keys.registration_token, &hash)).collect()
    }

    /// The token that a form of this browser carries.
    pub(crate) fn form_token(&self, browser: &OpaqueSecret) -> Digest {
        sign(&self.current.form, browser.expose().as_bytes())
    }

    /// Whether a form's token was made for this browser. Compared in constant time.
    pub(crate) fn is_form_token(&self, browser: &OpaqueSecret, token: &Digest) -> bool {
        self.all().any(|keys| sign(&keys.form, browser.expose().as_bytes()) == *token)
    }

    /// What proves that a challenge for an authenticator is ours.
    pub(crate) fn challenge_tag(&self, challenge: &[u8]) -> [u8; 16] {
        half(sign(&self.current.passkey_challenge, challenge))
    }

    /// Whether a tag proves a challenge. Compared in constant time.
    pub(crate) fn is_challenge_tag(&self, challenge: &[u8], tag: &[u8]) -> bool {
        self.all().any(|keys| is_equal(&half(sign(&keys.passkey_challenge, challenge)), tag))
    }

    /// The id that metadata gets.
    pub(crate) fn client_id(&self, metadata: &[u8]) -> [u8; 16] {
        half(sign(&self.current.client_id, metadata))
    }

    /// The ids that metadata may have got: the current one first.
    pub(crate) fn client_ids(&self, metadata: &[u8]) -> Vec<[u8; 16]> {
        self.all().map(|keys| half(sign(&keys.client_id, metadata))).collect()
    }

    /// What proves that a code is of a grant.
    pub(crate) fn code_tag(&self, grant: GrantId) -> [u8; 16] {
        half(sign(&self.current.code, grant.as_bytes()))
    }

    /// Whether a tag proves a code. Compared in constant time.
    pub(crate) fn is_code_tag(&self, grant: GrantId, tag: &[u8; 16]) -> bool {
        self.all().any(|keys| is_equal(&half(sign(&keys.code, grant.as_bytes())), tag))
    }

    /// What proves that a refresh token was issued here.
    pub(crate) fn refresh_tag(&self, named: &[u8]) -> [u8; 16] {
        half(sign(&self.current.refresh_token, named))
    }

    /// Whether a tag proves a refresh token. Compared in constant time.
    pub(crate) fn is_refresh_tag(&self, named: &[u8], tag: &[u8; 16]) -> bool {
        self.all().any(|keys| is_equal(&half(sign(&keys.refresh_token, named)), tag))
    }

    /// What is stored for the good refresh token of a grant.
    pub(crate) fn refresh_digest(&self, secret: &[u8]) -> Digest {
        sign(&self.current.refresh_secret, secret)
    }

    /// What may be stored for it: the current digest first.
    pub(crate) fn refresh_digests(&self, secret: &[u8]) -> Vec<Digest> {
        self.all().map(|keys| sign(&keys.refresh_secret, secret)).collect()
    }

    /// The secrets that the successor of a refresh token may have: the one made now first.
    pub(crate) fn refresh_successors(&self, presented: &[u8], salt: &[u8; 16]) -> Vec<[u8; 16]> {
        let salted = [presented, salt].concat();
        self.all().map(|keys| half(sign(&keys.refresh_successor, &salted))).collect()
    }

    /// The keys that seal authorization requests: the current one first.
    pub(crate) fn authorization_request_seals(&self) -> impl Iterator<Item = &LessSafeKey> {
        self.all().map(|keys| &keys.authorization_request)
    }

    /// The keys that seal signing keys: the current one first.
    pub(crate) fn signing_key_seals(&self) -> impl Iterator<Item = &LessSafeKey> {
        self.all().map(|keys| &keys.signing_key)
    }

    /// The keys that seal mails on their way: the current one first.
    pub(crate) fn mail_seals(&self) -> impl Iterator<Item = &LessSafeKey> {
        self.all().map(|keys| &keys.mail)
    }

    /// The keys that seal answers which can be had again: the current one first.
    pub(crate) fn answer_seals(&self) -> impl Iterator<Item = &LessSafeKey> {
        self.all().map(|keys| &keys.answer)
    }

    /// The keys that seal cursors: the current one first.
    pub(crate) fn cursor_seals(&self) -> impl Iterator<Item = &LessSafeKey> {
        self.all().map(|keys| &keys.cursor)
    }

    /// What proves that the address of a logo was given away here.
    pub(crate) fn logo_tag(&self, named: &[u8]) -> [u8; 16] {
        half(sign(&self.current.logo, named))
    }

    /// Whether a tag proves the address of a logo. Compared in constant time.
    pub(crate) fn is_logo_tag(&self, named: &[u8], tag: &[u8; 16]) -> bool {
        self.all().any(|keys| is_equal(&half(sign(&keys.logo, named)), tag))
    }

    /// What is stored for the token of an upload.
    pub(crate) fn upload_token_digest(&self, token: &[u8; 16]) -> Digest {
        sign(&self.current.upload_token, token)
    }

    /// What may be stored for the token of an upload: the current digest first.
    pub(crate) fn upload_token_digests(&self, token: &[u8; 16]) -> Vec<Digest> {
        self.all().map(|keys| sign(&keys.upload_token, token)).collect()
    }

    /// What proves the URL of an image.
    pub(crate) fn image_tag(&self, id: ImageId, nonce: &[u8; 16]) -> [u8; 16] {
        half(sign(&self.current.image_url, &[id.as_bytes().as_slice(), nonce].concat()))
    }

    /// Whether a tag proves the URL of an image. Compared in constant time.
    pub(crate) fn is_image_tag(&self, id: ImageId, nonce: &[u8; 16], tag: &[u8; 16]) -> bool {
        let named = [id.as_bytes().as_slice(), nonce].concat();
        self.all().any(|keys| is_equal(&half(sign(&keys.image_url, &named)), tag))
    }

    fn all(&self) -> impl Iterator<Item = &DerivedKeys> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl DerivedKeys {
    fn new(prk: &hkdf::Prk) -> Self {
        let key = |label: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, &derive(prk, label));
        let seal = |label: &[u8]| seal_key(&derive(prk, label));
        Self {
            api_key: key(b"bloom api key digest v1"),
            session: key(b"bloom session digest v1"),
            setup_link: key(b"bloom setup link digest v1"),
            invitation: key(b"bloom invitation digest v1"),
            account_link: key(b"bloom account link digest v1"),
            passkey_challenge: key(b"bloom passkey challenge v1"),
            client_secret: key(b"bloom client secret digest v1"),
            registration_token: key(b"bloom registration access token digest v1"),
            form: key(b"bloom form token v1"),
            client_id: key(b"bloom client id v1"),
            code: key(b"bloom authorization code v1"),
            refresh_token: key(b"bloom refresh token v1"),
            refresh_secret: key(b"bloom refresh token digest v1"),
            refresh_successor: key(b"bloom refresh token successor v1"),
            image_url: key(b"bloom image url v1"),
            upload_token: key(b"bloom upload token digest v1"),
            logo: key(b"bloom logo address v1"),
            authorization_request: seal(b"bloom authorization request seal v1"),
            signing_key: seal(b"bloom signing key seal v1"),
            mail: seal(b"bloom mail seal v1"),
            answer: seal(b"bloom kept answer seal v1"),
            cursor: seal(b"bloom cursor seal v1"),
        }
    }
}

/// 32 bytes for one use (RFC 5869 §2.3).
pub(crate) fn derive(prk: &hkdf::Prk, label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    // HKDF-SHA-256 gives up to 8160 bytes; 32 cannot fail. Were it ever to, an all-zero key must
    // not be used in silence, so the process ends here.
    let filled = prk.expand(&[label], hkdf::HKDF_SHA256).and_then(|output| output.fill(&mut key));
    if filled.is_err() {
        std::process::abort();
    }
    key
}

/// A key of AES-256-GCM.
fn seal_key(key: &[u8; 32]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, key) {
        Ok(key) => LessSafeKey::new(key),
        // 32 bytes are the right length; were they ever not, nothing may be sealed with less.
        Err(_) => std::process::abort(),
    }
}

fn account_link(purpose: Purpose, secret: &OpaqueSecret) -> Vec<u8> {
    let hash = sha256(secret.expose().as_bytes());
    [&hash, purpose.as_str().as_bytes()].concat()
}

fn half(digest: Digest) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_bytes()[..16]);
    half
}

fn is_equal(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

fn sign(key: &hmac::Key, message: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(hmac::sign(key, message).as_ref());
    Digest::from_bytes(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_secret::RootSecret;

    #[test]
    fn one_secret_gives_unrelated_keys_for_each_use() {
        let secrets = RootSecrets { current: RootSecret::new([7; 32]), previous: Vec::new() };
        let ring = Keyring::new(&secrets);
        let secret = OpaqueSecret::new(&[1; 32]);
        assert_ne!(ring.session_digest(&secret), ring.setup_link_digest(&secret));
        assert_ne!(ring.session_digest(&secret), ring.form_token(&secret));
    }

    #[test]
    fn a_replaced_root_secret_is_still_read_with() {
        let old = RootSecrets { current: RootSecret::new([7; 32]), previous: Vec::new() };
        let new = Keyring::new(&old.rotated(RootSecret::new([8; 32])));
        let old = Keyring::new(&old);
        let hash = [3; 32];
        assert_ne!(new.api_key_digest(&hash), old.api_key_digest(&hash));
        assert_eq!(new.api_key_digests(&hash)[1], old.api_key_digest(&hash));
        let browser = OpaqueSecret::new(&[1; 32]);
        assert!(new.is_form_token(&browser, &old.form_token(&browser)));
        assert!(!old.is_form_token(&browser, &new.form_token(&browser)));
    }
}
