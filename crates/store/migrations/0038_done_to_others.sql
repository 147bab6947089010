-- What a person did to somebody else stands in that one's records; whoever did it finds it here.
CREATE INDEX audit_records_done_to_others ON audit_records (actor_id, number)
    WHERE actor_kind = 'person' AND actor_id <> account_id;
