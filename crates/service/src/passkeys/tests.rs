//! What an authenticator sends, and everything that is not that.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::authenticator_data::{AuthenticatorData, ClientData};
use super::public_key::PublicKey;

fn ed25519() -> (Ed25519KeyPair, Vec<u8>) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    // {1: 1, 3: -8, -1: 6, -2: x}
    let mut cose = vec![0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
    cose.extend(pair.public_key().as_ref());
    (pair, cose)
}

fn p256() -> (EcdsaKeyPair, Vec<u8>) {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    cose.extend(&point[1..33]);
    cose.extend([0x22, 0x58, 0x20]);
    cose.extend(&point[33..]);
    (pair, cose)
}

/// Authenticator data with a credential.
fn data(flags: u8, cose: &[u8]) -> Vec<u8> {
    let mut data = vec![9; 32];
    data.push(flags);
    data.extend([0, 0, 0, 5]);
    if flags & 0x40 != 0 {
        data.extend([0; 16]);
        data.extend([0, 3, b'k', b'e', b'y']);
        data.extend(cose);
    }
    data
}

#[test]
fn each_kind_of_key_verifies_its_own_signatures_only() {
    let (ed25519, of_ed25519) = ed25519();
    let (p256, of_p256) = p256();
    let message = b"what was signed";
    let by_p256 = p256.sign(&SystemRandom::new(), message).unwrap();
    let by_ed25519 = ed25519.sign(message);
    for (cose, own, other) in [
        (&of_ed25519, by_ed25519.as_ref(), by_p256.as_ref()),
        (&of_p256, by_p256.as_ref(), by_ed25519.as_ref()),
    ] {
        let key = PublicKey::read(cose).unwrap();
        assert!(key.has_signed(message, own));
        assert!(!key.has_signed(b"something else", own) && !key.has_signed(message, other));
        for at in 0..own.len() {
            let mut forged = own.to_vec();
            forged[at] ^= 1;
            assert!(!key.has_signed(message, &forged), "byte {at}");
        }
        assert!(!key.has_signed(message, &[]));
    }
}

#[test]
fn a_key_of_another_kind_is_none() {
    let (_, good) = ed25519();
    for (at, byte) in [(2, 2), (4, 0x26), (6, 7), (8, 0x57), (9, 0x1f)] {
        let mut other = good.clone();
        other[at] = byte;
        assert_eq!(PublicKey::read(&other), None, "byte {at}");
    }
    assert_eq!(PublicKey::read(&[&good[..], &[0]].concat()), None, "too much");
    assert_eq!(PublicKey::read(&[0xa0]), None);
}

#[test]
fn authenticator_data_is_read_whole_or_not_at_all() {
    let (_, cose) = p256();
    let whole = data(0x45, &cose);
    let read = AuthenticatorData::read(&whole).unwrap();
    assert!(read.is_verified());
    assert_eq!((read.sign_count, read.site), (5, [9; 32]));
    let credential = read.credential.unwrap();
    assert_eq!((credential.id, credential.public_key), (&b"key"[..], &cose[..]));
    for length in 0..whole.len() {
        assert_eq!(AuthenticatorData::read(&whole[..length]), None, "{length} bytes of it");
    }
    assert_eq!(AuthenticatorData::read(&[&whole[..], &[0]].concat()), None, "too much");
    // With extensions there is a map after it.
    let extended = [&data(0xc5, &cose)[..], &[0xa1, 0x61, b'x', 0xf5]].concat();
    assert!(AuthenticatorData::read(&extended).is_some());
    assert_eq!(AuthenticatorData::read(&data(0xc5, &cose)), None);
    for (flags, is_verified) in [(0, false), (1, false), (4, false), (5, true)] {
        let bytes = data(flags, &[]);
        assert_eq!(AuthenticatorData::read(&bytes).unwrap().is_verified(), is_verified, "{flags}");
    }
}

#[test]
fn client_data_is_an_object_with_all_that_is_looked_at() {
    let good =
        br#"{"type":"webauthn.get","challenge":"YQ","origin":"https://a.example","other":1}"#;
    let read = ClientData::read(good).unwrap();
    assert!(!read.is_in_a_foreign_frame && read.kind == "webauthn.get");
    for bad in [&b""[..], b"[]", b"{}", br#"{"type":"webauthn.get","origin":"x"}"#, b"\xff"] {
        assert!(ClientData::read(bad).is_none());
    }
}
