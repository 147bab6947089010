//! CBOR (RFC 8949), as far as authenticators write it: definite lengths, no tags, no floats (CTAP2 canonical form).

/// How deep lists and maps may lie in each other: an attestation has three levels.
const MAX_DEPTH: usize = 6;

/// A data item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// True, false, null.
    Simple(u8),
}

impl<'a> Item<'a> {
    /// Reads an item at the beginning of some bytes; gives what comes after it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        read(bytes, MAX_DEPTH)
    }

    /// Reads an item that is all there is.
    pub(crate) fn read_whole(bytes: &'a [u8]) -> Option<Self> {
        Self::read(bytes).and_then(|(item, rest)| rest.is_empty().then_some(item))
    }

    /// A member of a map, by its name.
    pub(crate) fn named(&self, name: &str) -> Option<&Self> {
        self.find(|key| matches!(key, Item::Text(text) if *text == name))
    }

    /// A member of a map, by its number.
    pub(crate) fn numbered(&self, number: i64) -> Option<&Self> {
        self.find(|key| *key == Item::Integer(number))
    }

    fn find(&self, is_it: impl Fn(&Self) -> bool) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

fn read(bytes: &[u8], depth: usize) -> Option<(Item<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (major, info) = (first >> 5, first & 0x1f);
    let (number, rest) = argument(info, rest)?;
    match major {
        0 => Some((Item::Integer(i64::try_from(number).ok()?), rest)),
        1 => Some((Item::Integer((-1_i64).checked_sub(i64::try_from(number).ok()?)?), rest)),
        2 => take(rest, number).map(|(bytes, rest)| (Item::Bytes(bytes), rest)),
        3 => {
            let (text, rest) = take(rest, number)?;
            Some((Item::Text(std::str::from_utf8(text).ok()?), rest))
        }
        4 => list(rest, number, depth.checked_sub(1)?),
        5 => map(rest, number, depth.checked_sub(1)?),
        7 if info < 24 => Some((Item::Simple(info), rest)),
        _ => None,
    }
}

/// The number after the first byte: in it, or in the 1, 2, 4 or 8 bytes that follow.
fn argument(info: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let length = match info {
        0..=23 => return Some((u64::from(info), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(length)?;
    Some((digits.iter().fold(0, |number, &digit| number << 8 | u64::from(digit)), rest))
}

fn take(bytes: &[u8], length: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

fn list(mut rest: &[u8], count: u64, depth: usize) -> Option<(Item<'_>, &[u8])> {
    // Nothing is set aside for what may not be there: each item is at least a byte.
    let mut items = Vec::new();
    for _ in 0..count {
        let (item, after) = read(rest, depth)?;
        items.push(item);
        rest = after;
    }
    Some((Item::List(items), rest))
}

fn map(mut rest: &[u8], count: u64, depth: usize) -> Option<(Item<'_>, &[u8])> {
    let mut members: Vec<(Item<'_>, Item<'_>)> = Vec::new();
    for _ in 0..count {
        let (key, after) = read(rest, depth)?;
        let (value, after) = read(after, depth)?;
        // Which of two members with one key counts must not be a matter of who reads.
        if members.iter().any(|(other, _)| *other == key) {
            return None;
        }
        members.push((key, value));
        rest = after;
    }
    Some((Item::Map(members), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_standard_are_read() {
        // RFC 8949, appendix A.
        for (hex, item) in [
            ("00", Item::Integer(0)),
            ("1864", Item::Integer(100)),
            ("1b000000e8d4a51000", Item::Integer(1_000_000_000_000)),
            ("3903e7", Item::Integer(-1_000)),
            ("4401020304", Item::Bytes(&[1, 2, 3, 4])),
            ("6449455446", Item::Text("IETF")),
            ("f5", Item::Simple(21)),
            ("83010203", Item::List(vec![Item::Integer(1), Item::Integer(2), Item::Integer(3)])),
            (
                "a201020304",
                Item::Map(vec![
                    (Item::Integer(1), Item::Integer(2)),
                    (Item::Integer(3), Item::Integer(4)),
                ]),
            ),
        ] {
            let bytes = from_hex(hex);
            assert_eq!(Item::read_whole(&bytes), Some(item), "{hex}");
            for length in 0..bytes.len() {
                assert_eq!(Item::read_whole(&bytes[..length]), None, "{hex} cut to {length}");
            }
        }
    }

    #[test]
    fn what_an_authenticator_does_not_write_is_refused() {
        let deep = "81".repeat(64) + "00";
        for hex in [
            "",
            "5f42010243030405ff",
            "c074",
            "f93c00",
            "fb3ff199999999999a",
            "9bffffffffffffffff",
            "ff",
            "1bffffffffffffffff",
            "a2010201",
            "a201020103",
            "61ff",
            "0000",
            &deep,
        ] {
            assert_eq!(Item::read_whole(&from_hex(hex)), None, "{hex}");
        }
    }

    fn from_hex(hex: &str) -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }
}
