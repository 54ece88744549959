-- Requests that wait for their turn: when one is offered next, and how often it has been; claim_id is the one claim that has
-- it.
ALTER TABLE requests ADD COLUMN due_at INTEGER;
ALTER TABLE requests ADD COLUMN offers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN claim_id TEXT;

-- What waits in a project, in the order in which it is due.
CREATE INDEX requests_pending ON requests (project_id, due_at) WHERE status = 'pending';
