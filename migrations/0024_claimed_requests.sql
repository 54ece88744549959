-- Requests of a project that have waited for their turn and run: so many do at once.
CREATE INDEX requests_claimed ON requests (project_id)
  WHERE claim_id IS NOT NULL AND status IN ('processing', 'cancelled_pending');
