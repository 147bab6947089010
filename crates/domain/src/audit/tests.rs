use super::*;

fn link() -> Link {
    Link {
        at: Timestamp::from_unix_micros(1),
        action: "session.started".to_owned(),
        actor: Actor::Person(AccountId::from_bytes([1; 16])),
        subject: Subject::Account(AccountId::from_bytes([1; 16])),
        whose: Whose::from(AccountId::from_bytes([1; 16])),
        details_hash: BEGINNING,
    }
}

#[test]
fn every_part_is_covered() {
    let changes: [fn(&mut Link); 7] = [
        |link| link.at = Timestamp::from_unix_micros(2),
        |link| link.action = "session.ended".to_owned(),
        |link| link.actor = Actor::App(ClientId::from_bytes([1; 16])),
        |link| link.subject = Subject::Grant(GrantId::from_bytes([1; 16])),
        |link| link.whose.account = None,
        |link| link.whose.workspace = Some(WorkspaceId::from_bytes([1; 16])),
        |link| link.details_hash = [1; 32],
    ];
    let mut seen = vec![
        link().preimage(1, &BEGINNING),
        link().preimage(2, &BEGINNING),
        link().preimage(1, &[9; 32]),
    ];
    for change in changes {
        let mut changed = link();
        change(&mut changed);
        seen.push(changed.preimage(1, &BEGINNING));
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn what_is_stored_is_read_back() {
    let id = [7; 16];
    for actor in [
        Actor::Anybody,
        Actor::Person(AccountId::from_bytes(id)),
        Actor::App(ClientId::from_bytes(id)),
        Actor::ApiKey(ApiKeyId::from_bytes(id)),
        Actor::Operator,
        Actor::Server,
    ] {
        assert_eq!(Actor::from_stored(actor.kind(), actor.id()), Some(actor));
    }
    for subject in [
        Subject::Account(AccountId::from_bytes(id)),
        Subject::ApiKey(ApiKeyId::from_bytes(id)),
        Subject::Brand(BrandId::from_bytes(id)),
        Subject::Client(ClientId::from_bytes(id)),
        Subject::Connection(ConnectionId::from_bytes(id)),
        Subject::Grant(GrantId::from_bytes(id)),
        Subject::Invitation(InvitationId::from_bytes(id)),
        Subject::Workspace(WorkspaceId::from_bytes(id)),
        Subject::Server,
    ] {
        assert_eq!(Subject::from_stored(subject.kind(), subject.id()), Some(subject));
    }
    for action in Action::ALL {
        assert_eq!(Action::from_stored(action.as_str()), Some(*action));
    }
    assert_eq!(Actor::from_stored("operator", &id), None);
    assert_eq!(Actor::from_stored("person", &[]), None);
    assert_eq!(Subject::from_stored("server", &id), None);
}
