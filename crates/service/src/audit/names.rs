//! What is called what in an audit, for the person who reads it.

use std::collections::HashMap;

use bloom_domain::audit::{Actor, Record, Subject};
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_store as store;
use store::Tx;

/// A record with the names that its reader knows.
#[derive(Debug, Clone)]
pub struct Told {
    /// The record.
    pub record: Record,
    /// Who did it: another person's address, or the name of the reader's key or of an app. `None` for the reader, and
    /// for what is gone.
    pub by: Option<String>,
    /// The name of the key, app, brand or workspace it was done to. `None` for everything else, and for what is gone.
    pub about: Option<String>,
}

/// The names, each asked for once.
pub(super) struct Names {
    reader: AccountId,
    /// The workspace whose audit it is; its own name says nothing there.
    team: Option<WorkspaceId>,
    known: HashMap<Subject, Option<String>>,
}

impl Names {
    pub(super) fn new(reader: AccountId, team: Option<WorkspaceId>) -> Self {
        Self { reader, team, known: HashMap::new() }
    }

    pub(super) fn told(&mut self, tx: &mut Tx<'_>, record: Record) -> Result<Told, store::Error> {
        let by = match record.event.actor {
            Actor::Person(id) if id != self.reader => Some(Subject::Account(id)),
            Actor::App(id) => Some(Subject::Client(id)),
            Actor::ApiKey(id) => Some(Subject::ApiKey(id)),
            Actor::Person(_) | Actor::Anybody | Actor::Operator | Actor::Server => None,
        };
        let by = by.map_or(Ok(None), |by| self.name(tx, by))?;
        let about = match record.event.subject {
            Subject::Account(_) | Subject::Invitation(_) | Subject::Server => None,
            Subject::Workspace(id) if self.team == Some(id) => None,
            subject => self.name(tx, subject)?,
        };
        Ok(Told { record, by, about })
    }

    fn name(&mut self, tx: &mut Tx<'_>, of: Subject) -> Result<Option<String>, store::Error> {
        if let Some(known) = self.known.get(&of) {
            return Ok(known.clone());
        }
        let name = self.found(tx, of)?;
        self.known.insert(of, name.clone());
        Ok(name)
    }

    fn found(&self, tx: &mut Tx<'_>, of: Subject) -> Result<Option<String>, store::Error> {
        let reader = self.reader;
        Ok(match of {
            Subject::Account(id) => {
                store::accounts::find(tx, id)?.map(|account| account.email.to_string())
            }
            Subject::ApiKey(id) => store::api_keys::find(tx, reader, id)?.map(|key| key.name),
            Subject::Brand(id) => {
                store::brands::find(tx, reader, id)?.map(|found| found.brand.name)
            }
            Subject::Client(id) => {
                store::clients::find(tx, id)?.map(|client| client.display_name())
            }
            Subject::Connection(id) => {
                let client = store::connections::client_of(tx, reader, id)?;
                client.map(|client| client.display_name())
            }
            Subject::Grant(id) => match store::grants::find(tx, id)? {
                Some(found) => self.found(tx, Subject::Client(found.client))?,
                None => None,
            },
            Subject::Workspace(id) => {
                let workspace = store::workspaces::find_in_reach(tx, reader, id)?;
                workspace.map(|workspace| workspace.name)
            }
            Subject::Invitation(_) | Subject::Server => None,
        })
    }
}
