//! Senders: where a request came from, as the owner of a credential is shown it.

use std::net::IpAddr;

/// How much of a user agent is kept, in bytes.
const MAX_AGENT: usize = 200;

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// The address; `None` when the server cannot tell it, and at the command line.
    pub address: Option<IpAddr>,
    /// What the program called itself; empty when it did not.
    pub agent: String,
}

impl Sender {
    /// A sender with the user agent that a request brought.
    #[must_use]
    pub fn new(address: Option<IpAddr>, agent: &[u8]) -> Self {
        let mut kept = String::new();
        write_agent(agent, &mut kept);
        Self { address, agent: kept }
    }
}

/// Appends what is kept of a user agent: its beginning, as far as it is printable ASCII, so that it
/// shows as nothing else on a page or in a terminal.
pub fn write_agent(agent: &[u8], kept: &mut String) {
    let printable = agent.iter().take(MAX_AGENT).filter(|byte| (0x20..0x7f).contains(*byte));
    kept.extend(printable.map(|&byte| char::from(byte)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_short_and_printable() {
        let sender = Sender::new(None, b"curl/8\x1b[2J \xffx");
        assert_eq!(sender.agent, "curl/8[2J x");
        assert_eq!(Sender::new(None, &[b'a'; 1_000]).agent.len(), MAX_AGENT);
    }
}
