//! The columns that tell the latest use of a credential, alike in every table that has them.

use bloom_domain::api_keys::LastUse;

use crate::{Error, Row, Value};

/// The parameters of a statement that notes a use: the id, then the four columns.
pub(crate) fn params(id: Value, last_use: &LastUse) -> [Value; 5] {
    [
        id,
        last_use.at.into(),
        last_use.address.as_str().into(),
        last_use.agent.as_str().into(),
        last_use.operation.as_str().into(),
    ]
}

/// Reads the four columns from `first` on; none when there was no use.
pub(crate) fn read(row: &Row, first: usize) -> Result<Option<LastUse>, Error> {
    let Some(at) = row.opt_timestamp(first)? else {
        return Ok(None);
    };
    let text = |index| Ok(row.opt_text(index)?.unwrap_or_default().to_owned());
    let (address, agent, operation) = (text(first + 1)?, text(first + 2)?, text(first + 3)?);
    Ok(Some(LastUse { at, address, agent, operation }))
}
