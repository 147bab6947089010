//! Authorization codes: a grant's id, and what proves that this server made a code of it.
//!
//! So a code is stored nowhere, not even as a digest, and one that was made up costs no query. Which
//! code is good, and that it is good once, stands in the grant.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::ids::GrantId;

use crate::keyring::Keyring;

/// The code of a grant: 43 characters.
pub(crate) fn issue(keyring: &Keyring, grant: GrantId) -> String {
    URL_SAFE_NO_PAD.encode([*grant.as_bytes(), keyring.code_tag(grant)].concat())
}

/// The grant that a presented code is of; `None` when no server with this root secret made it.
pub(crate) fn parse(keyring: &Keyring, code: &str) -> Option<GrantId> {
    let bytes = URL_SAFE_NO_PAD.decode(code).ok()?;
    let (id, tag) = bytes.split_first_chunk::<16>()?;
    let grant = GrantId::from_bytes(*id);
    keyring.is_code_tag(grant, tag.try_into().ok()?).then_some(grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_secret::{RootSecret, RootSecrets};

    #[test]
    fn a_code_names_its_grant_and_cannot_be_made_up() {
        let secrets = RootSecrets { current: RootSecret::new([7; 32]), previous: Vec::new() };
        let ring = Keyring::new(&secrets);
        let grant = GrantId::from_bytes([5; 16]);
        let code = issue(&ring, grant);
        assert_eq!(parse(&ring, &code), Some(grant));
        let rotated = Keyring::new(&secrets.rotated(RootSecret::new([8; 32])));
        assert_eq!(parse(&rotated, &code), Some(grant));
        let other = RootSecrets { current: RootSecret::new([9; 32]), previous: Vec::new() };
        assert_eq!(parse(&Keyring::new(&other), &code), None);
        for (index, _) in code.char_indices() {
            let mut forged = code.clone();
            let letter = if &code[index..=index] == "A" { "B" } else { "A" };
            forged.replace_range(index..=index, letter);
            // The last character carries two bits that count for nothing; those are refused too.
            assert_eq!(parse(&ring, &forged), None, "{index}");
        }
        assert_eq!(parse(&ring, ""), None);
    }
}
