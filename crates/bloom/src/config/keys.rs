//! A table `SECTION.NAME` of the configuration, such as a plan or an engine, read key by key.

use toml::{Table, Value};

use crate::failure::Failure;

/// The keys of such a table.
pub(super) struct Keys<'a> {
    section: &'static str,
    name: &'a str,
    keys: &'a Table,
}

impl<'a> Keys<'a> {
    /// The table of that name, which may have these keys and no others.
    pub(super) fn of(
        section: &'static str,
        name: &'a str,
        table: &'a Value,
        known: &[&str],
    ) -> Result<Self, Failure> {
        let Some(keys) = table.as_table() else {
            return Err(Failure::usage(format!(
                "{section}.{name} must be a table, as in [{section}.{name}]"
            )));
        };
        if let Some(key) = keys.keys().find(|key| !known.contains(&key.as_str())) {
            let known = known.join(", ");
            return Err(Failure::usage(format!(
                "{section}.{name} has no key {key:?}; its keys are {known}"
            )));
        }
        Ok(Self { section, name, keys })
    }

    /// What a key must be, and is not.
    pub(super) fn must(&self, key: &str, what: &str) -> Failure {
        Failure::usage(format!("{}.{}.{key} must be {what}", self.section, self.name))
    }

    /// What stands under a key, if anything does.
    pub(super) fn read<T>(
        &self,
        key: &str,
        what: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(value) = self.keys.get(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| self.must(key, what))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Failure> {
        self.read(key, "text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Failure> {
        let read = |value: &Value| {
            let texts = value.as_array()?.iter();
            texts.map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        Ok(self.read(key, "a list of texts", read)?.unwrap_or_default())
    }

    pub(super) fn yes(&self, key: &str, default: bool) -> Result<bool, Failure> {
        Ok(self.read(key, "true or false", Value::as_bool)?.unwrap_or(default))
    }

    pub(super) fn whole(&self, key: &str) -> Result<Option<i64>, Failure> {
        self.read(key, "a whole number", Value::as_integer)
    }
}
