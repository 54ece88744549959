-- What a pipeline version needs of other objects, in rows and lists of their own: so that no check reads what is not asked
-- about, and none grows with what was made before (docs/deployments.md).

-- The fields of a deployment or a pipeline without their widgets: what a pipeline version shows of the objects that it
-- refers to, and what its mappings are checked against. Kept by triggers, so that they are always those of the object.
CREATE TABLE object_fields (
  object_id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  input_fields TEXT NOT NULL,
  output_fields TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO object_fields (object_id, organization_id, input_fields, output_fields)
SELECT o.id, o.organization_id,
       (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(o.input_fields) f),
       (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(o.output_fields) f)
FROM (SELECT id, organization_id, input_fields, output_fields FROM deployments
      UNION ALL SELECT id, organization_id, input_fields, output_fields FROM pipelines) o;

CREATE TRIGGER deployments_fields_made AFTER INSERT ON deployments BEGIN
  INSERT INTO object_fields (object_id, organization_id, input_fields, output_fields)
  SELECT new.id, new.organization_id,
         (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.input_fields) f),
         (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.output_fields) f);
END;

CREATE TRIGGER deployments_fields_changed AFTER UPDATE OF input_fields, output_fields ON deployments
WHEN old.input_fields <> new.input_fields OR old.output_fields <> new.output_fields BEGIN
  UPDATE object_fields SET
    input_fields = (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.input_fields) f),
    output_fields = (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.output_fields) f)
  WHERE object_id = new.id;
END;

CREATE TRIGGER deployments_fields_gone AFTER DELETE ON deployments BEGIN
  DELETE FROM object_fields WHERE object_id = old.id;
END;

CREATE TRIGGER pipelines_fields_made AFTER INSERT ON pipelines BEGIN
  INSERT INTO object_fields (object_id, organization_id, input_fields, output_fields)
  SELECT new.id, new.organization_id,
         (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.input_fields) f),
         (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.output_fields) f);
END;

CREATE TRIGGER pipelines_fields_changed AFTER UPDATE OF input_fields, output_fields ON pipelines
WHEN old.input_fields <> new.input_fields OR old.output_fields <> new.output_fields BEGIN
  UPDATE object_fields SET
    input_fields = (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.input_fields) f),
    output_fields = (SELECT json_group_array(json_remove(f.value, '$.widget')) FROM json_each(new.output_fields) f)
  WHERE object_id = new.id;
END;

CREATE TRIGGER pipelines_fields_gone AFTER DELETE ON pipelines BEGIN
  DELETE FROM object_fields WHERE object_id = old.id;
END;

-- Which fields the attachments of a pipeline version map, by the deployment or pipeline whose fields they are; those of
-- pipeline_start and pipeline_end are the pipeline's own. object_name is one of the objects that refer to it there. The
-- order is that of the question: is this field mapped anywhere? Asked when fields are taken away.
CREATE TABLE pipeline_mappings (
  reference_id TEXT NOT NULL,
  side TEXT NOT NULL CONSTRAINT pipeline_mappings_side_known CHECK (side IN ('input_fields', 'output_fields')),
  field TEXT NOT NULL,
  pipeline_version_id TEXT NOT NULL REFERENCES pipeline_versions (id) ON DELETE CASCADE,
  organization_id TEXT NOT NULL,
  object_name TEXT NOT NULL,
  PRIMARY KEY (reference_id, side, field, pipeline_version_id)
) STRICT, WITHOUT ROWID;

-- The mappings of a version: what a change of it replaces, and what goes with it.
CREATE INDEX pipeline_mappings_by_version ON pipeline_mappings (pipeline_version_id);

INSERT INTO pipeline_mappings (reference_id, side, field, pipeline_version_id, organization_id, object_name)
WITH mapped (version_id, organization_id, pipeline_id, name, side, field) AS MATERIALIZED (
  SELECT w.id, w.organization_id, w.pipeline_id, side.value, side.key,
         iif(side.key = 'input_fields', pair.value ->> 'destination_field_name', pair.value ->> 'source_field_name')
  FROM pipeline_versions w, json_each(w.attachments) attachment, json_each(attachment.value -> 'sources') taken,
       json_each(taken.value -> 'mapping') pair,
       json_each(json_object('input_fields', attachment.value ->> 'destination_name',
                             'output_fields', taken.value ->> 'source_name')) side)
SELECT coalesce(o.reference_id, m.pipeline_id), CASE m.name
         WHEN 'pipeline_start' THEN 'input_fields' WHEN 'pipeline_end' THEN 'output_fields' ELSE m.side END,
       m.field, m.version_id, m.organization_id, min(m.name)
FROM mapped m LEFT JOIN pipeline_objects o ON o.pipeline_version_id = m.version_id AND o.name = m.name
WHERE o.reference_id IS NOT NULL OR m.name IN ('pipeline_start', 'pipeline_end')
GROUP BY 1, 2, 3, 4;

-- Who uses a deployment or a pipeline, and which pipelines those are, each once: asked when it is deleted, and when a
-- version of a pipeline is made, so that none contains itself. That is asked upwards now, and not from pipeline to object.
DROP INDEX pipeline_objects_by_reference;
CREATE INDEX pipeline_objects_by_reference ON pipeline_objects (reference_id, pipeline_id) WHERE reference_id IS NOT NULL;
DROP INDEX pipeline_objects_by_pipeline;

-- What leaves with a deployment or pipeline, the list of an object's assignments, and what somebody may with it.
DROP INDEX role_assignments_by_resource;
CREATE INDEX role_assignments_by_resource ON role_assignments (resource_id, assignee_id);
