//! SQL as constants: written once, named, and listed so that a test can prepare every one.

/// One SQL statement in the portable subset, with parameters `?1`, `?2`, ….
///
/// Only the `statements!` macro makes one. It also lists it for the catalogue, so no SQL can
/// reach a database without having been prepared on both by a test.
#[derive(Debug)]
pub struct Statement {
    name: &'static str,
    sql: &'static str,
}

impl Statement {
    /// For the `statements!` macro alone.
    pub(crate) const fn listed(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql }
    }

    /// The module path and name, for errors.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The text as written, which is also the text SQLite gets.
    #[must_use]
    pub fn sql(&self) -> &'static str {
        self.sql
    }

    /// Whether the statement can be run by [`crate::Store::read`]. The catalogue's test compares
    /// this with what SQLite says.
    pub(crate) fn reads_only(&self) -> bool {
        let sql = self.sql.trim_start();
        let (verb, rest) = sql.split_once(char::is_whitespace).unwrap_or((sql, ""));
        let writes = |verb| rest.contains(verb);
        verb == "SELECT"
            || verb == "WITH" && !["INSERT", "UPDATE", "DELETE"].into_iter().any(writes)
    }
}

/// Makes statements, and `ALL`, the list of them, in the module that calls it.
///
/// ```ignore
/// statements! {
///     /// The key with this digest.
///     FIND_BY_DIGEST = "SELECT id, account_id FROM api_keys WHERE digest = ?1";
/// }
/// ```
macro_rules! statements {
    ($($(#[$doc:meta])+ $name:ident = $sql:expr;)+) => {
        $(
            $(#[$doc])+
            pub(crate) static $name: $crate::statement::Statement =
                $crate::statement::Statement::listed(
                    concat!(module_path!(), "::", stringify!($name)),
                    $sql,
                );
        )+

        /// Every statement of this module, for the catalogue.
        pub(crate) static ALL: &[&$crate::statement::Statement] = &[$(&$name),+];
    };
}

pub(crate) use statements;
