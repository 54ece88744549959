-- The gate: where the requests to a version go, what is told to whom is there, and the records of requests.
--
-- Credits are millionths, dates milliseconds since the epoch, sizes bytes, timeouts seconds.

-- Where a version's requests go, as it is now. headers is a JSON object of templates by name, variables a JSON array of
-- the names in these. Secrets are sealed under a key derived from SIGNING_KEY, whose id stands beside each.
CREATE TABLE upstreams (
  version_id TEXT PRIMARY KEY REFERENCES deployment_versions (id) ON DELETE CASCADE,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  revision_id TEXT NOT NULL,
  upstream_url TEXT NOT NULL,
  base_url TEXT,
  instance_type TEXT,
  workspace_id TEXT,
  quota_resource TEXT,
  headers TEXT NOT NULL,
  variables TEXT NOT NULL,
  max_concurrency INTEGER,
  idle_timeout INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  secret TEXT NOT NULL,
  secret_key_id TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_key_id TEXT,
  previous_secret_end INTEGER
) STRICT, WITHOUT ROWID;

-- What an upstream was changed to, and when: a row a change. definition is the upstream as a caller is shown it.
CREATE TABLE upstream_revisions (
  version_id TEXT NOT NULL REFERENCES deployment_versions (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (version_id, id)
) STRICT, WITHOUT ROWID;

-- Variables of projects, deployments and versions. place_id is the id of whichever it is; the nearest place wins. Of a
-- secret the value is sealed, and key_id says under which key. hosts is a JSON array, or null: not set by its writer.
CREATE TABLE environment_variables (
  place_id TEXT NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL CONSTRAINT environment_variables_id_unique UNIQUE,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  deployment_id TEXT REFERENCES deployments (id) ON DELETE CASCADE,
  version_id TEXT REFERENCES deployment_versions (id) ON DELETE CASCADE,
  value TEXT NOT NULL,
  secret INTEGER NOT NULL CONSTRAINT environment_variables_secret_flag CHECK (secret IN (0, 1)),
  key_id TEXT,
  hosts TEXT,
  PRIMARY KEY (place_id, name),
  CONSTRAINT environment_variables_secret_sealed CHECK ((secret = 1) = (key_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- What leaves with a project, a deployment, a version.
CREATE INDEX environment_variables_by_project ON environment_variables (project_id);
CREATE INDEX environment_variables_by_deployment ON environment_variables (deployment_id) WHERE deployment_id IS NOT NULL;
CREATE INDEX environment_variables_by_version ON environment_variables (version_id) WHERE version_id IS NOT NULL;

-- The records of requests. An id is a UUID of version 7, so ids are in the order of their making. What a record speaks of
-- may be deleted while it is under way, so it refers to nothing. leased is what it may still cost, leased_time the same
-- in milliseconds of run time, until lease_end; price and day are those of its admission.
CREATE TABLE requests (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  object_type TEXT NOT NULL CONSTRAINT requests_object_type_known CHECK (object_type IN ('deployment', 'pipeline')),
  object_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  kind TEXT NOT NULL CONSTRAINT requests_kind_known CHECK (kind IN ('direct', 'stream', 'openai', 'service', 'batch', 'schedule')),
  status TEXT NOT NULL CONSTRAINT requests_status_known CHECK (
    status IN ('pending', 'processing', 'completed', 'failed', 'cancelled_pending', 'cancelled')),
  caller_id TEXT,
  caller TEXT NOT NULL,
  time_created INTEGER NOT NULL,
  time_started INTEGER,
  time_completed INTEGER,
  timeout INTEGER NOT NULL,
  lease_end INTEGER,
  leased INTEGER,
  leased_time INTEGER,
  price INTEGER,
  day INTEGER,
  workspace_id TEXT,
  quota_resource TEXT,
  attempt INTEGER NOT NULL DEFAULT 1,
  input_size INTEGER NOT NULL,
  output_size INTEGER,
  run_time INTEGER,
  credits INTEGER,
  error_message TEXT,
  additional_data TEXT,
  prompt_tokens INTEGER,
  completion_tokens INTEGER,
  total_tokens INTEGER,
  retention_mode TEXT NOT NULL CONSTRAINT requests_retention_mode_known CHECK (retention_mode IN ('full', 'metadata', 'none')),
  retention_time INTEGER NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;

-- The records of a version, newest first.
CREATE INDEX requests_by_version ON requests (version_id, id);
-- What is under way: leases are sums and concurrency is a count over these rows, and no counter has to be given back. An
-- organization's, a project's and a version's are one range each; nothing but the index is read.
CREATE INDEX requests_under_way ON requests (
  organization_id, project_id, version_id, leased, leased_time, workspace_id, quota_resource)
  WHERE status IN ('processing', 'cancelled_pending');

-- What was sent and answered, where it is kept: up to 256 KiB here, else under kv_key elsewhere. body is text as it came.
CREATE TABLE request_payloads (
  project_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  part TEXT NOT NULL CONSTRAINT request_payloads_part_known CHECK (part IN ('input', 'output')),
  content_type TEXT NOT NULL,
  body TEXT,
  kv_key TEXT,
  creation_date INTEGER NOT NULL,
  PRIMARY KEY (project_id, request_id, part)
) STRICT, WITHOUT ROWID;

-- What stands for a request that was sent with an Idempotency-Key, for a day: of a key that is under way there is no
-- status yet. The key itself is nowhere, its SHA-256 is.
CREATE TABLE idempotency_keys (
  project_id TEXT NOT NULL,
  caller_id TEXT NOT NULL,
  key_digest TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  status INTEGER,
  content_type TEXT,
  body TEXT,
  PRIMARY KEY (project_id, caller_id, key_digest)
) STRICT, WITHOUT ROWID;

-- What has ended: the scheduled run takes it.
CREATE INDEX idempotency_keys_by_date ON idempotency_keys (creation_date);

-- How many requests a caller has made in the minute of this number; a row a caller.
CREATE TABLE request_rates (
  project_id TEXT NOT NULL,
  caller_id TEXT NOT NULL,
  minute INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (project_id, caller_id)
) STRICT, WITHOUT ROWID;

-- Run time of requests, in milliseconds, beside what is consumed in the unit of the resource.
ALTER TABLE workspace_quotas ADD COLUMN run_time INTEGER NOT NULL DEFAULT 0;
