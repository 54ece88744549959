-- A request and what is against it, in one statement: what is inserted here is a request where nothing refuses it, and
-- RETURNING tells the reason where something does. Else the same condition would be asked twice, and parsed twice, for each
-- request.
CREATE VIEW judged_requests AS
SELECT project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller, time_created,
  time_started, timeout, lease_end, leased, leased_time, price, day, workspace_id, quota_resource, input_size, additional_data,
  retention_mode, retention_time, due_at,
  NULL AS refusal, NULL AS suspended_by, NULL AS suspended_reason, NULL AS project_credits, NULL AS project_used,
  NULL AS organization_credits, NULL AS organization_used, NULL AS max_concurrency, NULL AS same, NULL AS key_request_id,
  NULL AS key_status, NULL AS key_content_type, NULL AS key_body, NULL AS made
FROM requests;

CREATE TRIGGER judged_requests_are_made INSTEAD OF INSERT ON judged_requests WHEN new.refusal IS NULL
BEGIN
  INSERT INTO requests (
    project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller, time_created,
    time_started, timeout, lease_end, leased, leased_time, price, day, workspace_id, quota_resource, input_size,
    additional_data, retention_mode, retention_time, due_at)
  VALUES (
    new.project_id, new.id, new.organization_id, new.object_type, new.object_id, new.version_id, new.kind, new.status,
    new.caller_id, new.caller, new.time_created, new.time_started, new.timeout, new.lease_end, new.leased, new.leased_time,
    new.price, new.day, new.workspace_id, new.quota_resource, new.input_size, new.additional_data, new.retention_mode,
    new.retention_time, new.due_at);
END;
