-- Records of requests as they are listed, kept and taken away (docs/requests.md).

-- The records of a version by status, newest first: a list has a status, `completed` where none is asked for. What is being
-- processed is found among what is under way, so a record enters this index once, when it has ended or has to wait: each
-- entry is a row written.
DROP INDEX requests_by_version;
CREATE INDEX requests_by_version_and_status ON requests (version_id, status, id) WHERE status <> 'processing';

-- What need not be kept any longer: written once, at settlement. The scheduled run takes the first of them.
CREATE INDEX requests_by_end ON requests (time_completed + retention_time * 1000) WHERE time_completed IS NOT NULL;

-- Versions that are gone and still have records: the scheduled run takes these, a bounded number at a time, so that the
-- deletion of a version costs the same however many requests it had.
CREATE TABLE deleted_versions (
  version_id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deployment_versions_leave_requests AFTER DELETE ON deployment_versions
WHEN EXISTS (SELECT 1 FROM requests WHERE version_id = old.id AND status <> 'processing')
  OR EXISTS (SELECT 1 FROM requests WHERE organization_id = old.organization_id AND project_id = old.project_id
             AND version_id = old.id AND status IN ('processing', 'cancelled_pending'))
BEGIN
  INSERT INTO deleted_versions (version_id, organization_id, project_id)
  VALUES (old.id, old.organization_id, old.project_id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER pipeline_versions_leave_requests AFTER DELETE ON pipeline_versions
WHEN EXISTS (SELECT 1 FROM requests WHERE version_id = old.id AND status <> 'processing')
  OR EXISTS (SELECT 1 FROM requests WHERE organization_id = old.organization_id AND project_id = old.project_id
             AND version_id = old.id AND status IN ('processing', 'cancelled_pending'))
BEGIN
  INSERT INTO deleted_versions (version_id, organization_id, project_id)
  VALUES (old.id, old.organization_id, old.project_id) ON CONFLICT DO NOTHING;
END;

-- Payloads go with their record, whoever deletes it.
CREATE TRIGGER requests_take_payloads AFTER DELETE ON requests
BEGIN
  DELETE FROM request_payloads WHERE project_id = old.project_id AND request_id = old.id;
END;
