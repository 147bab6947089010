//! The lists in deny.toml, read here so that they stand in one place only.

use crate::tree::Tree;

/// The strings of the array `key` in `[section]`. A missing array is empty: for licences that refuses
/// everything, and for bans the caller says so.
pub(super) fn list(tree: &Tree, section: &str, key: &str) -> Vec<String> {
    strings(tree.text("deny.toml"), section, key)
}

/// Understands what deny.toml uses: an array of plain strings, on one line or several.
fn strings(text: &str, section: &str, key: &str) -> Vec<String> {
    let header = format!("[{section}]");
    let lines = text.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    let body: Vec<&str> = lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .collect();
    let body = body.join("\n");
    let array = body.split_once(&format!("{key} = [")).and_then(|(_, array)| array.split_once(']'));
    let Some((array, _)) = array else { return Vec::new() };
    array.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn reads_the_array_of_its_own_section() {
        let text =
            "[a]\nallow = [\"x\"]\n[b]\n# allow = [\"no\"]\nallow = [\n  \"y\",\n  \"z\",\n]\n";
        assert_eq!(strings(text, "a", "allow"), ["x"]);
        assert_eq!(strings(text, "b", "allow"), ["y", "z"]);
        assert!(strings(text, "b", "deny").is_empty());
        assert!(strings("[a]\n[b]\ndeny = [\"x\"]", "a", "deny").is_empty());
    }
}
