-- What was used, as the operator reports it, and the price list it is counted by.
--
-- Amounts are integers: millionths of a credit, or bytes. Days count from 1970-01-01, in UTC.

-- One row a report with something new in it, written first in the report's own transaction: the permit of everything
-- else. Metering is no change of configuration, so it has no row in the audit. id is that of the request.
CREATE TABLE usage_imports (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL CONSTRAINT usage_imports_id_unique UNIQUE,
  date INTEGER NOT NULL,
  accepted INTEGER NOT NULL CONSTRAINT usage_imports_accepted_positive CHECK (accepted > 0)
) STRICT;

-- Each event as it was reported, so that it is counted once and a changed one is told from a repeated one. project is
-- the name that was sent; project_id what had it then, and version_id the version that stood under the names of object
-- and version. Events outlive all three, so they refer to nothing.
CREATE TABLE usage_events (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  version_id TEXT,
  project TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_name TEXT NOT NULL,
  version TEXT NOT NULL,
  metric TEXT NOT NULL,
  value INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  import INTEGER NOT NULL,
  CONSTRAINT usage_events_metric_known CHECK (
    metric IN ('input_volume', 'output_volume') OR (metric = 'credits' AND object_type = 'deployment_version')),
  CONSTRAINT usage_events_object_type_known CHECK (object_type IN ('deployment_version', 'pipeline_version')),
  CONSTRAINT usage_events_value_safe CHECK (value BETWEEN 0 AND 9007199254740991)
) STRICT, WITHOUT ROWID;

-- The roll-up that every report reads: what a subject used in a day. A subject is an organization, a project or a
-- version, by id; each event counts into all three. Rows outlive their subject: what an organization used beyond its
-- present projects is the usage of its deleted ones.
CREATE TABLE usage_days (
  subject_id TEXT NOT NULL,
  object_type TEXT NOT NULL,
  metric TEXT NOT NULL,
  day INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  value INTEGER NOT NULL CONSTRAINT usage_days_value_safe CHECK (value BETWEEN 0 AND 9007199254740991),
  PRIMARY KEY (subject_id, object_type, metric, day)
) STRICT, WITHOUT ROWID;

-- The price list. Credits are millionths.
CREATE TABLE instance_types (
  name TEXT PRIMARY KEY,
  credits_per_hour INTEGER NOT NULL CONSTRAINT instance_types_credits_safe CHECK (credits_per_hour BETWEEN 0 AND 9007199254740991)
) STRICT, WITHOUT ROWID;
