-- How many of each resource an organization and each of its projects have, so that a limit is checked and a count is
-- told without counting. Triggers keep them: they run in the transaction of the row they count, cascades included.

-- project_id is '' for the organization's total.
CREATE TABLE resource_counts (
  organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL,
  resource TEXT NOT NULL CONSTRAINT resource_counts_resource_known CHECK (resource IN (
    'projects', 'users', 'deployments', 'deployment_versions', 'pipelines', 'pipeline_versions')),
  count INTEGER NOT NULL CONSTRAINT resource_counts_not_negative CHECK (count >= 0),
  PRIMARY KEY (organization_id, project_id, resource)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER projects_counted AFTER INSERT ON projects BEGIN
  INSERT INTO resource_counts (organization_id, project_id, resource, count)
  VALUES (new.organization_id, '', 'projects', 1)
  ON CONFLICT (organization_id, project_id, resource) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER projects_uncounted AFTER DELETE ON projects BEGIN
  UPDATE resource_counts SET count = count - 1
  WHERE organization_id = old.organization_id AND project_id = '' AND resource = 'projects';
  DELETE FROM resource_counts WHERE organization_id = old.organization_id AND project_id = old.id;
END;

CREATE TRIGGER organization_users_counted AFTER INSERT ON organization_users BEGIN
  INSERT INTO resource_counts (organization_id, project_id, resource, count)
  VALUES (new.organization_id, '', 'users', 1)
  ON CONFLICT (organization_id, project_id, resource) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER organization_users_uncounted AFTER DELETE ON organization_users BEGIN
  UPDATE resource_counts SET count = count - 1
  WHERE organization_id = old.organization_id AND project_id = '' AND resource = 'users';
END;
