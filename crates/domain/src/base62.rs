//! Base62: digits and letters, so that a double click selects the whole text.

use zeroize::Zeroize;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes the low `out.len()` base62 digits of a 256-bit big-endian number, most significant first.
///
/// For 32 digits of random bytes the result is off an even distribution by less than 2^-65, which
/// nobody can notice.
pub(crate) fn write(mut number: [u8; 32], out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            // `value` is below 62 * 256, so the quotient fits a byte.
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *digit = ALPHABET[remainder as usize];
    }
    number.zeroize();
}

/// A number in six digits. Apart from [`write`], because this one runs on every request.
pub(crate) fn of_u32(mut number: u32) -> [u8; 6] {
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits<const N: usize>(number: u64) -> String {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&number.to_be_bytes());
        let mut out = [0; N];
        write(bytes, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn counts_in_base_62() {
        assert_eq!(digits::<3>(0), "000");
        assert_eq!(digits::<3>(61), "00z");
        assert_eq!(digits::<3>(62), "010");
        assert_eq!(digits::<6>(u64::from(u32::MAX)), "4gfFC3");
        for number in [0, 61, 62, 1_000_000_007, u32::MAX] {
            assert_eq!(of_u32(number), digits::<6>(number.into()).as_bytes(), "{number}");
        }
    }
}
