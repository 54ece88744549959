-- Usage by the day with its metrics side by side, and leases that are read from their index alone.

-- What a subject used in a day is one row: each written row is what D1 charges for, and a request adds all three metrics
-- to its version, its project and its organization. Credits are millionths, volumes bytes. Pipelines have no credits.
CREATE TABLE usage_days_side_by_side (
  subject_id TEXT NOT NULL,
  object_type TEXT NOT NULL,
  day INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  credits INTEGER NOT NULL DEFAULT 0
    CONSTRAINT usage_days_credits_safe CHECK (credits BETWEEN 0 AND 9007199254740991),
  input_volume INTEGER NOT NULL DEFAULT 0
    CONSTRAINT usage_days_input_volume_safe CHECK (input_volume BETWEEN 0 AND 9007199254740991),
  output_volume INTEGER NOT NULL DEFAULT 0
    CONSTRAINT usage_days_output_volume_safe CHECK (output_volume BETWEEN 0 AND 9007199254740991),
  PRIMARY KEY (subject_id, object_type, day)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_days_side_by_side (subject_id, object_type, day, organization_id, credits, input_volume, output_volume)
SELECT subject_id, object_type, day, min(organization_id), sum(iif(metric = 'credits', value, 0)),
       sum(iif(metric = 'input_volume', value, 0)), sum(iif(metric = 'output_volume', value, 0))
FROM usage_days GROUP BY subject_id, object_type, day;

DROP TABLE usage_days;
ALTER TABLE usage_days_side_by_side RENAME TO usage_days;

-- What is under way, with its status: SQLite looks at it even though the index has no other, so without it each sum read
-- the rows themselves, and by way of the project all of its records.
DROP INDEX requests_under_way;
CREATE INDEX requests_under_way ON requests (
  organization_id, project_id, version_id, leased, leased_time, workspace_id, quota_resource, status)
  WHERE status IN ('processing', 'cancelled_pending');
