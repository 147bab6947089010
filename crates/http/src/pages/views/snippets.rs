//! A key at work, in what people use: languages and MCP clients. All of it reads the key from `BLOOM_API_KEY`, which is what
//! the file that can be downloaded sets; so none of it holds a secret.

/// Something to copy.
#[derive(Debug, Clone)]
pub(crate) struct Snippet {
    /// What it is copied by.
    pub(crate) id: &'static str,
    /// What it is for.
    pub(crate) title: &'static str,
    /// Where it goes, when that is not plain.
    pub(crate) hint: &'static str,
    /// The text.
    pub(crate) text: String,
}

/// All of them, for a server.
pub(crate) fn snippets(origin: &str) -> Vec<Snippet> {
    let snippet = |id, title, hint, text| Snippet { id, title, hint, text };
    vec![
        snippet("snippet-python", "Python", "It needs nothing but Python.", python(origin)),
        snippet(
            "snippet-typescript",
            "TypeScript",
            "It runs on Node, Deno and Bun.",
            typescript(origin),
        ),
        snippet("snippet-claude", "Claude Code", "Run it once.", claude(origin)),
        snippet("snippet-cursor", "Cursor", "It goes into .cursor/mcp.json.", cursor(origin)),
        snippet(
            "snippet-vscode",
            "VS Code",
            "It goes into .vscode/mcp.json; VS Code asks for the key.",
            vs_code(origin),
        ),
        snippet("snippet-codex", "Codex", "It goes into ~/.codex/config.toml.", codex(origin)),
    ]
}

fn python(origin: &str) -> String {
    format!(
        "import json, os, urllib.request\n\n\
         key = os.environ[\"BLOOM_API_KEY\"]\n\
         url = \"{origin}/api/v1/account\"\n\
         request = urllib.request.Request(url, headers={{\"x-api-key\": key}})\n\
         with urllib.request.urlopen(request) as answer:\n    \
         print(json.load(answer)[\"data\"])"
    )
}

fn typescript(origin: &str) -> String {
    format!(
        "const key = process.env.BLOOM_API_KEY ?? \"\";\n\
         const url = \"{origin}/api/v1/account\";\n\
         const answer = await fetch(url, {{ headers: {{ \"x-api-key\": key }} }});\n\
         console.log((await answer.json()).data);"
    )
}

fn claude(origin: &str) -> String {
    format!(
        "claude mcp add --transport http bloom {origin}/api/mcp --header \"x-api-key: $BLOOM_API_KEY\""
    )
}

fn cursor(origin: &str) -> String {
    format!(
        "{{\"mcpServers\": {{\"bloom\": {{\n  \"url\": \"{origin}/api/mcp\",\n  \
         \"headers\": {{\"x-api-key\": \"${{env:BLOOM_API_KEY}}\"}}\n}}}}}}"
    )
}

fn vs_code(origin: &str) -> String {
    format!(
        "{{\"servers\": {{\"bloom\": {{\n  \"type\": \"http\",\n  \"url\": \"{origin}/api/mcp\",\n  \
         \"headers\": {{\"x-api-key\": \"${{input:bloom-key}}\"}}\n}}}},\n\
         \"inputs\": [{{\"type\": \"promptString\", \"id\": \"bloom-key\",\n  \
         \"description\": \"Bloom API key\", \"password\": true}}]}}"
    )
}

fn codex(origin: &str) -> String {
    format!(
        "[mcp_servers.bloom]\nurl = \"{origin}/api/mcp\"\nbearer_token_env_var = \"BLOOM_API_KEY\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_a_file_can_be_read_there() {
        let origin = "https://bloom.example";
        for text in [cursor(origin), vs_code(origin)] {
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            let servers = read.get("mcpServers").or(read.get("servers")).unwrap();
            assert_eq!(servers["bloom"]["url"], "https://bloom.example/api/mcp", "{text}");
        }
        assert!(snippets(origin).iter().all(|one| one.text.contains(origin)));
    }
}
