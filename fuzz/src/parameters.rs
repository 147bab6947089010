//! Form parameters: what is read is what the URL standard's own parser reads, or nothing.

use bloom_oauth::parameters::Parameters;
use url::form_urlencoded;

pub(crate) fn target(bytes: &[u8]) {
    let Ok(parameters) = Parameters::parse(bytes) else { return };
    let others: Vec<_> = form_urlencoded::parse(bytes).collect();
    for (name, _) in &others {
        let theirs: Vec<&str> =
            others.iter().filter(|(other, _)| other == name).map(|(_, value)| &**value).collect();
        assert_eq!(parameters.all(name).collect::<Vec<_>>(), theirs, "{name}");
    }
    // What is given once and not empty is there; what is given twice never is.
    for name in ["client_id", "code", "state", "a"] {
        let count = others.iter().filter(|(other, _)| other == name).count();
        match parameters.one(name) {
            Ok(Some(value)) => assert!(count == 1 && !value.is_empty() && !value.contains('\0')),
            Ok(None) => assert!(count <= 1),
            Err(_) => assert!(count > 1),
        }
    }
}
