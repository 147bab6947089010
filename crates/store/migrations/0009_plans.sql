-- Plans: what workspaces have subscribed to, and what was heard from the payment provider.
--
-- Ids are 16 bytes, UUIDv7. Times are microseconds since the Unix epoch; 0 stands for never yet. This file
-- is never edited once landed.
--
-- subscriptions   one row for each subscription that was heard of, by the id that the provider gave it; or
--                 `operator:` and the workspace's id, for what the operator set. Its parts come in any
--                 order: whose it is, how it was last (from `plan` to `version`, all or none of them; an
--                 older version never overwrites a newer), until when it is paid for, when a payment last
--                 arrived and last failed. Kept for ever.
-- payments        one row for each payment that bought credits or was given back, by the id that the
--                 provider gave it: how much was paid and given back, in the currency's smallest unit.
-- billing_events  the ids of the provider's events that were dealt with, each once. Kept for ever.

CREATE TABLE subscriptions (
    reference {text} NOT NULL PRIMARY KEY,
    workspace_id {blob},
    plan {text},
    price {text},
    state {text} CHECK (state IN ('trialing', 'active', 'past_due', 'paused', 'canceled')),
    anchor_at {i64},
    period_start_at {i64},
    period_end_at {i64},
    created_at {i64},
    seen_at {i64},
    version {text},
    paid_until_at {i64} NOT NULL,
    paid_at {i64} NOT NULL,
    failed_at {i64} NOT NULL
) {table};

CREATE INDEX subscriptions_by_workspace ON subscriptions (workspace_id, reference)
    WHERE workspace_id IS NOT NULL;

CREATE TABLE payments (
    reference {text} NOT NULL PRIMARY KEY,
    paid {i64} NOT NULL,
    refunded {i64} NOT NULL
) {table};

CREATE TABLE billing_events (
    id {text} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    created_at {i64} NOT NULL,
    received_at {i64} NOT NULL
) {table};
