-- Deployments and pipelines with their versions, as records: docs/deployments.md has their fields and limits.

CREATE TABLE deployments (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  input_type TEXT NOT NULL CONSTRAINT deployments_input_type_known CHECK (input_type IN ('structured', 'plain')),
  output_type TEXT NOT NULL CONSTRAINT deployments_output_type_known CHECK (output_type IN ('structured', 'plain')),
  input_fields TEXT NOT NULL,
  output_fields TEXT NOT NULL,
  supports_request_format INTEGER NOT NULL CONSTRAINT deployments_supports_request_format_flag CHECK (supports_request_format IN (0, 1)),
  labels TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  CONSTRAINT deployments_name_unique UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

-- settings holds what is kept and shown without being acted on; an absent key has the default that docs name.
CREATE TABLE deployment_versions (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
  version TEXT NOT NULL,
  is_default INTEGER NOT NULL CONSTRAINT deployment_versions_is_default_flag CHECK (is_default IN (0, 1)),
  description TEXT NOT NULL,
  labels TEXT NOT NULL,
  settings TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  CONSTRAINT deployment_versions_version_unique UNIQUE (deployment_id, version)
) STRICT, WITHOUT ROWID;

-- A deployment's default version, of which there is at most one.
CREATE UNIQUE INDEX deployment_versions_default ON deployment_versions (deployment_id) WHERE is_default = 1;

CREATE TABLE pipelines (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  input_type TEXT NOT NULL CONSTRAINT pipelines_input_type_known CHECK (input_type IN ('structured', 'plain')),
  output_type TEXT NOT NULL CONSTRAINT pipelines_output_type_known CHECK (output_type IN ('structured', 'plain')),
  input_fields TEXT NOT NULL,
  output_fields TEXT NOT NULL,
  labels TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  CONSTRAINT pipelines_name_unique UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE pipeline_versions (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
  version TEXT NOT NULL,
  is_default INTEGER NOT NULL CONSTRAINT pipeline_versions_is_default_flag CHECK (is_default IN (0, 1)),
  description TEXT NOT NULL,
  labels TEXT NOT NULL,
  settings TEXT NOT NULL,
  attachments TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  CONSTRAINT pipeline_versions_version_unique UNIQUE (pipeline_id, version)
) STRICT, WITHOUT ROWID;

-- A pipeline's default version, of which there is at most one.
CREATE UNIQUE INDEX pipeline_versions_default ON pipeline_versions (pipeline_id) WHERE is_default = 1;

-- The objects of a pipeline version. They refer to deployments and pipelines by id, so that a rename keeps them;
-- reference_version_id is null where the default version is meant, operator is the name of what has no record here.
CREATE TABLE pipeline_objects (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  pipeline_id TEXT NOT NULL,
  pipeline_version_id TEXT NOT NULL REFERENCES pipeline_versions (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  reference_type TEXT NOT NULL CONSTRAINT pipeline_objects_reference_type_known CHECK (reference_type IN ('deployment', 'pipeline', 'operator')),
  reference_id TEXT,
  reference_version_id TEXT,
  operator TEXT,
  configuration TEXT NOT NULL,
  metadata TEXT NOT NULL,
  CONSTRAINT pipeline_objects_name_unique UNIQUE (pipeline_version_id, name),
  CONSTRAINT pipeline_objects_one_reference CHECK ((reference_id IS NULL) <> (operator IS NULL))
) STRICT, WITHOUT ROWID;

-- Whether a deployment or a pipeline, or a version of one, is in use: asked when it is deleted.
CREATE INDEX pipeline_objects_by_reference ON pipeline_objects (reference_id) WHERE reference_id IS NOT NULL;
CREATE INDEX pipeline_objects_by_reference_version ON pipeline_objects (reference_version_id) WHERE reference_version_id IS NOT NULL;
-- Which pipelines a pipeline uses: asked when a version of one is made, so that none contains itself.
CREATE INDEX pipeline_objects_by_pipeline ON pipeline_objects (pipeline_id, reference_type, reference_id);

-- Role assignments go with the object that they are on (resource_id refers to several tables, so it is no foreign key).
CREATE TRIGGER deployments_unassigned AFTER DELETE ON deployments BEGIN
  DELETE FROM role_assignments WHERE resource_id = old.id AND resource_type = 'deployment';
END;

CREATE TRIGGER pipelines_unassigned AFTER DELETE ON pipelines BEGIN
  DELETE FROM role_assignments WHERE resource_id = old.id AND resource_type = 'pipeline';
END;

-- Each resource is counted twice: for the organization, and for its project.
CREATE TRIGGER deployments_counted AFTER INSERT ON deployments BEGIN
  INSERT INTO resource_counts (organization_id, project_id, resource, count)
  VALUES (new.organization_id, '', 'deployments', 1), (new.organization_id, new.project_id, 'deployments', 1)
  ON CONFLICT (organization_id, project_id, resource) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER deployments_uncounted AFTER DELETE ON deployments BEGIN
  UPDATE resource_counts SET count = count - 1
  WHERE organization_id = old.organization_id AND project_id IN ('', old.project_id) AND resource = 'deployments';
END;

CREATE TRIGGER deployment_versions_counted AFTER INSERT ON deployment_versions BEGIN
  INSERT INTO resource_counts (organization_id, project_id, resource, count)
  VALUES (new.organization_id, '', 'deployment_versions', 1),
         (new.organization_id, new.project_id, 'deployment_versions', 1)
  ON CONFLICT (organization_id, project_id, resource) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER deployment_versions_uncounted AFTER DELETE ON deployment_versions BEGIN
  UPDATE resource_counts SET count = count - 1
  WHERE organization_id = old.organization_id AND project_id IN ('', old.project_id)
    AND resource = 'deployment_versions';
END;

CREATE TRIGGER pipelines_counted AFTER INSERT ON pipelines BEGIN
  INSERT INTO resource_counts (organization_id, project_id, resource, count)
  VALUES (new.organization_id, '', 'pipelines', 1), (new.organization_id, new.project_id, 'pipelines', 1)
  ON CONFLICT (organization_id, project_id, resource) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER pipelines_uncounted AFTER DELETE ON pipelines BEGIN
  UPDATE resource_counts SET count = count - 1
  WHERE organization_id = old.organization_id AND project_id IN ('', old.project_id) AND resource = 'pipelines';
END;

CREATE TRIGGER pipeline_versions_counted AFTER INSERT ON pipeline_versions BEGIN
  INSERT INTO resource_counts (organization_id, project_id, resource, count)
  VALUES (new.organization_id, '', 'pipeline_versions', 1),
         (new.organization_id, new.project_id, 'pipeline_versions', 1)
  ON CONFLICT (organization_id, project_id, resource) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER pipeline_versions_uncounted AFTER DELETE ON pipeline_versions BEGIN
  UPDATE resource_counts SET count = count - 1
  WHERE organization_id = old.organization_id AND project_id IN ('', old.project_id)
    AND resource = 'pipeline_versions';
END;
