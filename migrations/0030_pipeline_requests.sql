-- Requests that a request to a pipeline makes of its objects: each is a record of its own, which knows whose it is, for which
-- object, and as the how manieth it was begun.
ALTER TABLE requests ADD COLUMN parent_id TEXT;
ALTER TABLE requests ADD COLUMN pipeline_object TEXT;
ALTER TABLE requests ADD COLUMN sequence INTEGER;
-- How long each object of a pipeline may take, in seconds, where its request says so.
ALTER TABLE requests ADD COLUMN deployment_timeout INTEGER;

-- What a request to a pipeline has made, in order.
CREATE INDEX requests_by_parent ON requests (project_id, parent_id, sequence) WHERE parent_id IS NOT NULL;

DROP VIEW judged_requests;

CREATE VIEW judged_requests AS
SELECT project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller, time_created,
  time_started, timeout, lease_end, leased, leased_time, price, day, workspace_id, quota_resource, input_size, additional_data,
  retention_mode, retention_time, due_at, parent_id, pipeline_object, sequence, deployment_timeout,
  NULL AS refusal, NULL AS suspended_by, NULL AS suspended_reason, NULL AS project_credits, NULL AS project_used,
  NULL AS organization_credits, NULL AS organization_used, NULL AS max_concurrency, NULL AS same, NULL AS key_request_id,
  NULL AS key_status, NULL AS key_content_type, NULL AS key_body, NULL AS made
FROM requests;

CREATE TRIGGER judged_requests_are_made INSTEAD OF INSERT ON judged_requests WHEN new.refusal IS NULL
BEGIN
  INSERT INTO requests (
    project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller, time_created,
    time_started, timeout, lease_end, leased, leased_time, price, day, workspace_id, quota_resource, input_size,
    additional_data, retention_mode, retention_time, due_at, parent_id, pipeline_object, sequence, deployment_timeout)
  VALUES (
    new.project_id, new.id, new.organization_id, new.object_type, new.object_id, new.version_id, new.kind, new.status,
    new.caller_id, new.caller, new.time_created, new.time_started, new.timeout, new.lease_end, new.leased, new.leased_time,
    new.price, new.day, new.workspace_id, new.quota_resource, new.input_size, new.additional_data, new.retention_mode,
    new.retention_time, new.due_at, new.parent_id, new.pipeline_object, new.sequence, new.deployment_timeout);
END;
