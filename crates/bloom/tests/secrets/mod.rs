//! What is a secret, by what stands before it and how it looks.

/// What has the shape of a secret in an answer or in what a command printed.
pub(crate) fn those_in(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (before, length) in SHAPES {
        for (at, _) in text.match_indices(before) {
            let secret = beginning(&text[at + before.len()..], |c| c.is_ascii_alphanumeric());
            if secret.len() == length {
                found.push(secret);
            }
        }
    }
    for before in IN_ANSWERS {
        for (at, _) in text.match_indices(before) {
            let secret = beginning(&text[at + before.len()..], is_part);
            if secret.len() >= SHORTEST && !is_id(secret) {
                found.push(secret);
            }
        }
    }
    found
}

/// Whether a text that nobody has noted a secret of holds a key or a token all the same: what is shown of one to
/// tell it from others is shorter.
pub(crate) fn looks_like_one(text: &str) -> bool {
    ["bloom_cs_", "bloom_rat_", "bloom_rt_", "bloom_sk_", "eyJ"].iter().any(|shape| {
        text.match_indices(shape).any(|(at, _)| {
            let rest = text[at + shape.len()..].bytes();
            rest.take_while(|&b| b.is_ascii_alphanumeric() || b"-_".contains(&b)).count() >= 12
        })
    })
}

/// Whether a text is the id of something, such as of the invitation that a page takes back.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// What a secret of those kinds is made of.
pub(crate) fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.~".contains(c)
}

/// No secret of those kinds is shorter.
pub(crate) const SHORTEST: usize = 20;

/// What stands before a secret, and its length.
const SHAPES: [(&str, usize); 6] = [
    ("bloom_sk_", 38),
    ("/setup/", 32),
    ("bloom=", 32),
    ("password (shown only now): ", 20),
    ("password  ", 20),
    ("\"password\":\"", 20),
];

/// What stands before a token, a code, a sealed question or the secret of a form, link or client.
const IN_ANSWERS: [&str; 15] = [
    "bloom_cs_",
    "bloom_rat_",
    "bloom_rt_",
    "__Host-bloom=",
    "\"access_token\":\"",
    "\"id_token\":\"",
    "\"refresh_token\":\"",
    "\"client_secret\":\"",
    "\"registration_access_token\":\"",
    "code=",
    "request=",
    "name=\"form_token\" value=\"",
    "name=\"request\" value=\"",
    "/invitations/",
    "#token=",
];

fn beginning(text: &str, is_part: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}
