//! Licence expressions: `MIT OR (Apache-2.0 AND ISC)`, with AND binding tighter than OR.

/// A parsed expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// One licence, with its exception if it has one: `Apache-2.0 WITH LLVM-exception`.
    Licence(String),
    Any(Vec<Expression>),
    All(Vec<Expression>),
}

impl Expression {
    /// Whether somebody who accepts only the `allowed` licences may use the work.
    pub(super) fn accepted(&self, allowed: &[String]) -> bool {
        match self {
            Self::Licence(name) => allowed.contains(name),
            Self::Any(choices) => choices.iter().any(|choice| choice.accepted(allowed)),
            Self::All(parts) => parts.iter().all(|part| part.accepted(allowed)),
        }
    }
}

/// Reads an expression; older packages write a slash for OR.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let expression = any(&mut words)?;
    match words.pop() {
        None => Ok(expression),
        Some(word) => Err(format!("unexpected `{word}`")),
    }
}

// The words are reversed: the next one is the last.
fn any(words: &mut Vec<&str>) -> Result<Expression, String> {
    let mut choices = vec![all(words)?];
    while words.pop_if(|word| *word == "OR").is_some() {
        choices.push(all(words)?);
    }
    Ok(only(choices, Expression::Any))
}

fn all(words: &mut Vec<&str>) -> Result<Expression, String> {
    let mut parts = vec![one(words)?];
    while words.pop_if(|word| *word == "AND").is_some() {
        parts.push(one(words)?);
    }
    Ok(only(parts, Expression::All))
}

fn one(words: &mut Vec<&str>) -> Result<Expression, String> {
    match words.pop() {
        Some("(") => {
            let inner = any(words)?;
            match words.pop() {
                Some(")") => Ok(inner),
                _ => Err("a parenthesis is not closed".to_owned()),
            }
        }
        Some(word @ (")" | "AND" | "OR" | "WITH")) => Err(format!("unexpected `{word}`")),
        Some(name) => exception(name, words),
        None => Err("the expression ends too early".to_owned()),
    }
}

fn exception(name: &str, words: &mut Vec<&str>) -> Result<Expression, String> {
    if words.pop_if(|word| *word == "WITH").is_none() {
        return Ok(Expression::Licence(name.to_owned()));
    }
    let exception = words.pop().ok_or("WITH names no exception")?;
    Ok(Expression::Licence(format!("{name} WITH {exception}")))
}

fn only(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(single) if parts.is_empty() => single,
        last => several(parts.into_iter().chain(last).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> bool {
        let allowed = ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        parse(text).unwrap().accepted(&allowed.map(str::to_owned))
    }

    #[test]
    fn a_choice_needs_one_and_a_sum_needs_all() {
        assert!(accepted("MIT"));
        assert!(accepted("MIT OR GPL-3.0-only"));
        assert!(accepted("LGPL-2.1-or-later OR MIT"));
        assert!(!accepted("MIT AND GPL-3.0-only"));
        assert!(accepted("Apache-2.0/MIT"));
        assert!(accepted("Apache-2.0 / GPL-2.0"));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert!(accepted("MIT OR ISC AND GPL-3.0-only"));
        assert!(accepted("GPL-3.0-only AND ISC OR MIT"));
        assert!(!accepted("(MIT OR ISC) AND GPL-3.0-only"));
        assert!(accepted("(MIT OR GPL-3.0-only) AND ((ISC))"));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert!(accepted("Apache-2.0 WITH LLVM-exception AND MIT"));
        assert!(!accepted("GPL-2.0 WITH Classpath-exception-2.0"));
        assert!(!accepted("MIT WITH LLVM-exception"));
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for text in ["", "MIT OR", "(MIT", "MIT)", "MIT ISC", "AND MIT", "MIT WITH"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
