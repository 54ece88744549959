-- What waits in a project, in the order in which it is due, and how long it is: how many bytes wait has a bound.
DROP INDEX requests_pending;
CREATE INDEX requests_pending ON requests (project_id, due_at, input_size) WHERE status = 'pending';
