//! The section `leaks`: who may tell of keys that leaked.

use bloom_service::leaks::ScannerKeys;

use super::Config;
use crate::failure::Failure;

impl Config {
    /// The public keys of the secret scanner; `None` where none tells of keys.
    pub(crate) fn scanner_keys(&self) -> Result<Option<ScannerKeys>, Failure> {
        let Some(path) = self.text("leaks", "scanner_keys").filter(|path| !path.is_empty()) else {
            return Ok(None);
        };
        let fault = |why: String| Failure::usage(format!("leaks.scanner_keys, {path}: {why}"));
        let document = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        ScannerKeys::parse(&document).map(Some).map_err(fault)
    }
}
