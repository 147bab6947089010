//! The operator: whoever may run commands on the server's machine.

/// Proof that a verb was asked for on the command line.
///
/// Only the `bloom` crate makes one: for a command that holds the data folder's lock, or that came
/// over the control socket, which only the folder's owner can open.
#[derive(Debug)]
pub struct Operator(());

impl Operator {
    /// The person at the command line. Whoever calls this has checked that it is.
    #[must_use]
    pub fn at_the_command_line() -> Self {
        Self(())
    }
}
