//! What a session sent, as a script for pgbench. It is made of the server's own log, so it cannot drift from
//! what is really sent.

type Error = Box<dyn std::error::Error>;

/// The sessions whose statements count, as the log names them.
const SESSIONS: &str = "bloom|";
/// As long as times are taken for times of the recording.
const A_DAY: i64 = 86_400_000_000;

/// One statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    sql: String,
    /// The parameters as text; `None` is NULL.
    params: Vec<Option<String>>,
}

/// What is known of the pair that was recorded, so that its parameters are told apart. Bytes are in hex with
/// `\x` before them.
pub(crate) struct Known {
    pub(crate) workspace: String,
    pub(crate) hold: String,
    pub(crate) reference: String,
    pub(crate) grant: String,
    /// The entries of the ledger that it wrote.
    pub(crate) entries: [String; 2],
    /// When it began, in microseconds.
    pub(crate) began: i64,
}

/// A script, and the values of its constants.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) constants: Vec<String>,
    times: Vec<i64>,
    pub(crate) statements: usize,
}

/// Reads what sessions sent out of a log that begins each line with the session's name.
pub(crate) fn sent(log: &str) -> Result<Vec<Sent>, Error> {
    let mut all: Vec<Sent> = Vec::new();
    for line in log.lines() {
        let Some(line) = line.strip_prefix(SESSIONS) else {
            if line.starts_with('\t') {
                return Err("a statement of several lines, which the bench does not read".into());
            }
            continue;
        };
        if let Some(sql) = line.strip_prefix("LOG:  statement: ") {
            all.push(Sent { sql: sql.to_owned(), params: Vec::new() });
        } else if let Some(rest) = line.strip_prefix("LOG:  execute ") {
            let (_, sql) = rest.split_once(": ").ok_or("a statement without its text")?;
            all.push(Sent { sql: sql.to_owned(), params: Vec::new() });
        } else if let Some(detail) = line.strip_prefix("DETAIL:  ") {
            let (_, list) = detail.split_once(": ").ok_or("a detail that is no parameters")?;
            let last = all.last_mut().ok_or("parameters of no statement")?;
            last.params = params(list)?;
        } else {
            return Err(format!("the server logged {line}").into());
        }
    }
    Ok(all)
}

/// Reads `$1 = 'text', $2 = NULL`.
fn params(mut list: &str) -> Result<Vec<Option<String>>, Error> {
    let mut all = Vec::new();
    while !list.is_empty() {
        let (_, rest) = list.split_once(" = ").ok_or("a parameter without a value")?;
        let after = if let Some(quoted) = rest.strip_prefix('\'') {
            let (value, after) = unquoted(quoted).ok_or("a parameter without an end")?;
            all.push(Some(value));
            after
        } else {
            all.push(None);
            rest.strip_prefix("NULL").ok_or("a parameter that is no text")?
        };
        list = after.strip_prefix(", ").unwrap_or(after);
    }
    Ok(all)
}

/// The text up to the quote that is not doubled, and what comes after it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        let Some(more) = after.strip_prefix('\'') else { return Some((value, after)) };
        value.push('\'');
        rest = more;
    }
}

impl Script {
    /// The script that sends the same statements with parameters of the same shape: ids, names and times of its
    /// own, the grant and the entry that the ledger answered, and constants.
    ///
    /// pgbench is told `n` (0), `base` and `first` (numbers of 16 digits, whose text is an id), `count` (of
    /// workspaces), `clients`, `began` (in microseconds), and the constants as `c0`, `c1`, ….
    pub(crate) fn of(sent: &[Sent], known: &Known) -> Result<Self, Error> {
        let mut script = Self { statements: sent.len(), ..Self::default() };
        let mut answered: Vec<&str> = Vec::new();
        let mut body = String::new();
        for Sent { sql, params } in sent {
            if sql.contains(':') {
                return Err(format!("pgbench would read a variable in: {sql}").into());
            }
            let names = params.iter().map(|param| script.name(param.as_deref(), known));
            let names: Vec<String> = names.collect();
            for name in [":ledger_entry", ":grant_id"] {
                if names.iter().any(|used| used == name) && !answered.contains(&name) {
                    return Err(format!("nothing has answered {name} before: {sql}").into());
                }
            }
            body.push_str(&with_names(sql, &names)?);
            let (prefix, answers) = if sql.contains("RETURNING entry") {
                (" \\gset ledger_\n", ":ledger_entry")
            } else if sql.contains("FROM credit_grants g WHERE g.workspace_id") {
                (" \\gset grant_\n", ":grant_id")
            } else {
                (";\n", "")
            };
            body.push_str(prefix);
            answered.push(answers);
        }
        let mut head = "\\set n :n + 1\n\
             \\set number :n * :clients + :client_id\n\
             \\set workspace :first + :number % :count\n\
             \\set hold :base + :number\n"
            .to_owned();
        for (index, after) in script.times.iter().enumerate() {
            head.push_str(&format!("\\set time{index} :began + :n * 1000 + {after}\n"));
        }
        script.text = head + &body;
        Ok(script)
    }

    /// The variable that stands for a parameter.
    fn name(&mut self, param: Option<&str>, known: &Known) -> String {
        let Some(param) = param else { return "NULL".to_owned() };
        if param == known.workspace {
            return ":workspace".to_owned();
        }
        if param == known.hold || param == known.reference {
            return ":hold".to_owned();
        }
        if param == known.grant {
            return ":grant_id".to_owned();
        }
        if known.entries.iter().any(|entry| entry == param) {
            return ":ledger_entry".to_owned();
        }
        let after = param.parse::<i64>().ok().map(|number| number.saturating_sub(known.began));
        match after {
            Some(after) if after.abs() < A_DAY => {
                format!(":time{}", place(&mut self.times, &after))
            }
            _ => format!(":c{}", place(&mut self.constants, &param.to_owned())),
        }
    }
}

/// Where a value stands in a list, to which it is added if it is not there.
fn place<T: PartialEq + Clone>(all: &mut Vec<T>, value: &T) -> usize {
    all.iter().position(|known| known == value).unwrap_or_else(|| {
        all.push(value.clone());
        all.len() - 1
    })
}

/// A statement with names in place of `$1`, `$2`, ….
fn with_names(sql: &str, names: &[String]) -> Result<String, Error> {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let name = number.parse::<usize>().ok().and_then(|n| names.get(n.checked_sub(1)?));
        text.push_str(name.ok_or_else(|| format!("a parameter without a value in: {sql}"))?);
        text.push_str(rest);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
bloom|LOG:  statement: BEGIN
bloom-listener|LOG:  statement: SELECT 1
bloom|LOG:  execute s1: INSERT INTO credit_ledgers VALUES ($1, 1) RETURNING entry
bloom|DETAIL:  parameters: $1 = '\\x01'
bloom|LOG:  execute s2: UPDATE t SET a = $1, b = $2 WHERE c = $1 AND d = $3 AND e = $4 AND f = $5
bloom|DETAIL:  parameters: $1 = '1000001', $2 = NULL, $3 = 'it''s, $1 = ''x''', $4 = '5007', $5 = 'job-7'
bloom|LOG:  statement: COMMIT";

    fn known() -> Known {
        Known {
            workspace: "\\x01".to_owned(),
            hold: "\\x02".to_owned(),
            reference: "job-7".to_owned(),
            grant: "\\x03".to_owned(),
            entries: ["1000001".to_owned(), "1000002".to_owned()],
            began: 5_000,
        }
    }

    #[test]
    fn what_was_sent_is_sent_again() {
        let known = Known { began: 1_700_000_000_000_000, ..known() };
        let log = LOG.replace("5007", "1700000000000007");
        let script = Script::of(&sent(&log).unwrap(), &known).unwrap();
        assert_eq!(script.statements, 4);
        assert_eq!(script.constants, ["it's, $1 = 'x'"]);
        let body = "\\set time0 :began + :n * 1000 + 7\n\
            BEGIN;\n\
            INSERT INTO credit_ledgers VALUES (:workspace, 1) RETURNING entry \\gset ledger_\n\
            UPDATE t SET a = :ledger_entry, b = NULL WHERE c = :ledger_entry AND d = :c0 AND e = :time0 \
            AND f = :hold;\n\
            COMMIT;\n";
        assert!(script.text.ends_with(body), "{}", script.text);
    }

    #[test]
    fn what_cannot_be_sent_again_is_refused() {
        for log in [
            LOG.replace("RETURNING entry", ""),
            LOG.replace("e = $4", "e = $6"),
            LOG.replace("BEGIN", "SELECT 1::bigint"),
        ] {
            assert!(Script::of(&sent(&log).unwrap(), &known()).is_err(), "{log}");
        }
        for log in ["bloom|ERROR:  deadlock detected", "bloom|LOG:  statement: SELECT\n\t1"] {
            assert!(sent(log).is_err(), "{log}");
        }
    }
}
