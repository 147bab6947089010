-- What was granted for a hold where credits are unlimited, and went back to its grant, is nobody's to spend: it ends, and is
-- written off like whatever ends.

UPDATE credit_grants SET expires_at = effective_at + 1
    WHERE is_open = 1 AND available > 0 AND source LIKE 'unlimited:%';
