-- Webhooks: who is told what has become of requests, and what is still to be told. And their permissions.

INSERT INTO permissions (name, service_users) VALUES
  ('webhooks.list', 1),
  ('webhooks.get', 1),
  ('webhooks.create', 1),
  ('webhooks.update', 1),
  ('webhooks.delete', 1);

-- Each in its place in the catalogue, which is in front of the workspaces.
UPDATE roles SET permissions = replace(permissions, '"workspaces.list"',
  '"webhooks.list","webhooks.get","webhooks.create","webhooks.update","webhooks.delete","workspaces.list"')
WHERE id = '00000000-0000-4000-8000-000000000001';
UPDATE roles SET permissions = replace(permissions, '"workspaces.list"',
  '"webhooks.list","webhooks.get","webhooks.create","webhooks.update","workspaces.list"')
WHERE id = '00000000-0000-4000-8000-000000000002';
UPDATE roles SET permissions = replace(permissions, '"workspaces.list"', '"webhooks.list","webhooks.get","workspaces.list"')
WHERE id = '00000000-0000-4000-8000-000000000003';

INSERT INTO role_permissions (role_id, permission)
SELECT roles.id, permission.value FROM roles, json_each(roles.permissions) AS permission
WHERE roles.project_id IS NULL AND permission.value LIKE 'webhooks.%';

-- version_id is null where all versions are meant; what a webhook goes with is generated from object_id and version_id, by
-- kind. headers is a JSON array of key, value, protected, without the values of those that are protected: these are sealed
-- together. A test is one that is told of nothing but itself. last_status is what became of the last attempt to tell it
-- something.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  object_type TEXT NOT NULL CONSTRAINT webhooks_object_type_known CHECK (object_type IN ('deployment', 'pipeline')),
  object_id TEXT NOT NULL,
  version_id TEXT,
  is_test INTEGER NOT NULL CONSTRAINT webhooks_is_test_flag CHECK (is_test IN (0, 1)),
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  event TEXT NOT NULL,
  description TEXT NOT NULL,
  labels TEXT NOT NULL,
  timeout INTEGER NOT NULL,
  enabled INTEGER NOT NULL CONSTRAINT webhooks_enabled_flag CHECK (enabled IN (0, 1)),
  retry INTEGER NOT NULL CONSTRAINT webhooks_retry_flag CHECK (retry IN (0, 1)),
  include_result INTEGER NOT NULL CONSTRAINT webhooks_include_result_flag CHECK (include_result IN (0, 1)),
  headers TEXT NOT NULL,
  protected_headers TEXT,
  protected_headers_key_id TEXT,
  signing_secret TEXT NOT NULL,
  signing_secret_key_id TEXT NOT NULL,
  previous_signing_secret TEXT,
  previous_signing_secret_key_id TEXT,
  previous_signing_secret_end INTEGER,
  creation_date INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  last_status TEXT CONSTRAINT webhooks_last_status_known CHECK (last_status IN ('completed', 'failed')),
  last_error TEXT,
  last_delivery_date INTEGER,
  deployment_id TEXT GENERATED ALWAYS AS (iif(object_type = 'deployment', object_id, NULL))
    REFERENCES deployments (id) ON DELETE CASCADE,
  pipeline_id TEXT GENERATED ALWAYS AS (iif(object_type = 'pipeline', object_id, NULL))
    REFERENCES pipelines (id) ON DELETE CASCADE,
  deployment_version_id TEXT GENERATED ALWAYS AS (iif(object_type = 'deployment', version_id, NULL))
    REFERENCES deployment_versions (id) ON DELETE CASCADE,
  pipeline_version_id TEXT GENERATED ALWAYS AS (iif(object_type = 'pipeline', version_id, NULL))
    REFERENCES pipeline_versions (id) ON DELETE CASCADE,
  CONSTRAINT webhooks_name_unique UNIQUE (project_id, is_test, name)
) STRICT, WITHOUT ROWID;

-- Whom a request tells.
CREATE INDEX webhooks_by_object ON webhooks (object_id, is_test, event);
-- What leaves with a deployment or a pipeline, with a version.
CREATE INDEX webhooks_by_deployment ON webhooks (deployment_id) WHERE deployment_id IS NOT NULL;
CREATE INDEX webhooks_by_pipeline ON webhooks (pipeline_id) WHERE pipeline_id IS NOT NULL;
CREATE INDEX webhooks_by_deployment_version ON webhooks (deployment_version_id) WHERE deployment_version_id IS NOT NULL;
CREATE INDEX webhooks_by_pipeline_version ON webhooks (pipeline_version_id) WHERE pipeline_version_id IS NOT NULL;
-- Tests that have done their duty.
CREATE INDEX webhooks_tests ON webhooks (creation_date) WHERE is_test = 1;
-- What is sealed under which key.
CREATE INDEX webhooks_by_key ON webhooks (signing_secret_key_id);
CREATE INDEX webhooks_by_previous_key ON webhooks (previous_signing_secret_key_id)
  WHERE previous_signing_secret_key_id IS NOT NULL;
CREATE INDEX webhooks_by_headers_key ON webhooks (protected_headers_key_id) WHERE protected_headers_key_id IS NOT NULL;

-- What is to be told, until it has been. What it says of its request stands here, since a record may be gone before. due_at
-- is when it is tried next; of what is being tried (claim_id), when that counts as lost. offered is 1 of what may be tried
-- before that: the queue has been told, or is about to be.
CREATE TABLE webhook_deliveries (
  record_id TEXT NOT NULL,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  event TEXT NOT NULL,
  project_id TEXT NOT NULL,
  version_id TEXT,
  host TEXT NOT NULL,
  status TEXT NOT NULL,
  error_message TEXT,
  time_created INTEGER NOT NULL,
  time_started INTEGER,
  time_completed INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  offered INTEGER NOT NULL DEFAULT 1,
  claim_id TEXT,
  PRIMARY KEY (record_id, webhook_id, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, project_id, host);
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (host, due_at) WHERE claim_id IS NOT NULL;

-- Hosts that fail: how often running, and when one is tried again that has failed too often. A success takes the row away.
CREATE TABLE webhook_hosts (
  host TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  next_try INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_hosts_by_try ON webhook_hosts (next_try);

-- Whom a request tells of its status: no more than a thousand events wait for one webhook. A pipeline in a pipeline is an
-- object of that, and tells nobody; a deployment in one is requested like any other.
CREATE VIEW told_requests AS
SELECT project_id, id, object_type, object_id, version_id, status, error_message, time_created, time_started, time_completed
FROM requests;

CREATE TRIGGER told_requests_tell INSTEAD OF INSERT ON told_requests
BEGIN
  INSERT INTO webhook_deliveries (
    record_id, webhook_id, event, project_id, version_id, host, status, error_message, time_created, time_started,
    time_completed, due_at)
  SELECT new.id, k.id, k.event, new.project_id, new.version_id, k.host, new.status, new.error_message, new.time_created,
    new.time_started, new.time_completed, coalesce(new.time_completed, new.time_started + 1000)
  FROM webhooks k
  WHERE k.object_id = new.object_id AND k.is_test = 0
    AND k.event = new.object_type || '_request_' || iif(new.status = 'processing', 'started', new.status)
    AND k.enabled = 1 AND coalesce(k.version_id, new.version_id) = new.version_id
    AND (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries WHERE webhook_id = k.id LIMIT 1000)) < 1000
  ON CONFLICT DO NOTHING;
END;

-- A request without webhooks looks for some and writes nothing.
CREATE TRIGGER requests_tell_of_start AFTER INSERT ON requests
WHEN new.status = 'processing' AND (new.parent_id IS NULL OR new.object_type = 'deployment')
  AND EXISTS (SELECT 1 FROM webhooks WHERE object_id = new.object_id AND is_test = 0)
BEGIN
  INSERT INTO told_requests VALUES (
    new.project_id, new.id, new.object_type, new.object_id, new.version_id, new.status, NULL, new.time_created,
    new.time_started, NULL);
END;

-- What is not kept goes when it has told how it ended.
CREATE TRIGGER requests_tell AFTER UPDATE OF status ON requests
WHEN new.status IN ('processing', 'completed', 'failed') AND new.status <> old.status
  AND (new.parent_id IS NULL OR new.object_type = 'deployment')
  AND EXISTS (SELECT 1 FROM webhooks WHERE object_id = new.object_id AND is_test = 0)
BEGIN
  INSERT INTO told_requests VALUES (
    new.project_id, new.id, new.object_type, new.object_id, new.version_id, new.status, new.error_message,
    new.time_created, new.time_started, new.time_completed);
  DELETE FROM requests WHERE project_id = new.project_id AND id = new.id AND new.retention_mode = 'none'
    AND new.status <> 'processing';
END;

-- A request that was under way and is gone has never been: nothing was sent, so nobody is told that it started.
CREATE TRIGGER requests_take_back_start AFTER DELETE ON requests
WHEN old.status = 'processing' AND EXISTS (SELECT 1 FROM webhooks WHERE object_id = old.object_id AND is_test = 0)
BEGIN
  DELETE FROM webhook_deliveries WHERE record_id = old.id AND attempts = 0 AND claim_id IS NULL;
END;
