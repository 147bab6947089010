//! Finds API keys in any bytes, by shape and checksum.
//!
//! What is around a key does not matter: one that is glued to other letters is lost all the same. The
//! checksum keeps everything else out, but for one in four billion texts that look like a key.

use memchr::{memchr_iter, memmem, memrchr};

use super::{ApiKeySecret, KeyHint, PREFIX, SECRET_LEN, ShapeError};

/// A key that was found. Its secret is not part of it: what a scanner writes is kept in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What can be shown of the key.
    pub hint: KeyHint,
    /// The line it is on, from 1.
    pub line: u64,
    /// Where in its line it begins, in bytes from 1.
    pub column: u64,
}

/// Reads a stream piece by piece. A key is found exactly once, however the pieces cut it.
#[derive(Debug, Clone, Default)]
pub struct Finder {
    /// The end of what was read, one byte short of a key: whatever begins in it was not whole yet.
    tail: Vec<u8>,
    read: u64,
    line_ends: u64,
    line_start: u64,
    others: u64,
}

impl Finder {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on; gives the keys whose last byte is in this piece.
    pub fn read(&mut self, piece: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        self.look_across_the_border(piece, &mut found);
        let mut passed = 0;
        for start in memmem::find_iter(piece, PREFIX) {
            let Some(candidate) = piece.get(start..start + SECRET_LEN) else { break };
            self.pass(&piece[passed..start]);
            passed = start;
            self.judge(candidate, self.read, &mut found);
        }
        self.pass(&piece[passed..]);
        self.keep_tail(piece);
        found
    }

    /// How many texts of a key's shape had another checksum: broken keys, or those of other systems.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Looks at what begins in the tail and ends in this piece.
    fn look_across_the_border(&mut self, piece: &[u8], found: &mut Vec<Found>) {
        let inside = self.tail.len();
        if inside == 0 {
            return;
        }
        let mut joint = std::mem::take(&mut self.tail);
        joint.extend_from_slice(&piece[..piece.len().min(SECRET_LEN - 1)]);
        for start in memmem::find_iter(&joint, PREFIX).take_while(|&start| start < inside) {
            if let Some(candidate) = joint.get(start..start + SECRET_LEN) {
                self.judge(candidate, self.read - (inside - start) as u64, found);
            }
        }
        joint.truncate(inside);
        self.tail = joint;
    }

    /// A key holds no line end, so it begins on the line that was reached last.
    fn judge(&mut self, candidate: &[u8], position: u64, found: &mut Vec<Found>) {
        let Ok(text) = std::str::from_utf8(candidate) else { return };
        match ApiKeySecret::parse(text) {
            Ok(secret) => found.push(Found {
                hint: secret.hint(),
                line: self.line_ends + 1,
                column: position - self.line_start + 1,
            }),
            Err(ShapeError::Checksum) => self.others += 1,
            Err(ShapeError::Form | ShapeError::Prefix) => {}
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.line_ends += memchr_iter(b'\n', bytes).count() as u64;
        if let Some(last) = memrchr(b'\n', bytes) {
            self.line_start = self.read + last as u64 + 1;
        }
        self.read += bytes.len() as u64;
    }

    fn keep_tail(&mut self, piece: &[u8]) {
        let fresh = &piece[piece.len().saturating_sub(SECRET_LEN - 1)..];
        let too_old = (self.tail.len() + fresh.len()).saturating_sub(SECRET_LEN - 1);
        self.tail.drain(..too_old);
        self.tail.extend_from_slice(fresh);
    }
}

/// A text in which each key is cut to its hint, such as a path that holds one.
#[must_use]
pub fn without_keys(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(PREFIX) {
        let (before, from) = rest.split_at(start);
        kept.push_str(before);
        let length = match from.get(..SECRET_LEN).map(ApiKeySecret::parse) {
            Some(Ok(secret)) => {
                kept.push_str(&secret.hint().to_string());
                SECRET_LEN
            }
            _ => {
                kept.push_str(PREFIX);
                PREFIX.len()
            }
        };
        rest = &from[length..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests;
