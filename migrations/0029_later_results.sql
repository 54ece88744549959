-- Results that upstreams send later (docs/requests.md).

-- Until when the upstream of a request that has had its turn may send its result, in milliseconds since the epoch; 0 once the
-- request has ended without one. A request that is under way, has this and no claim_id any more goes on at its upstream alone:
-- nothing of ours runs it, and the scheduled run extends its lease.
ALTER TABLE requests ADD COLUMN result_deadline INTEGER;

-- The request that a result is for: all that an upstream knows of it is its id.
CREATE INDEX requests_awaited ON requests (id) WHERE result_deadline IS NOT NULL;
-- Those that go on at their upstreams, in the order in which their leases end.
CREATE INDEX requests_later ON requests (lease_end)
  WHERE claim_id IS NULL AND result_deadline IS NOT NULL AND status IN ('processing', 'cancelled_pending');
