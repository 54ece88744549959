//! What a request used, counted into the days of its version, its project and its organization.
//!
//! The text stands in the batch that settles a request, under the condition of that batch, and is no statement of its
//! own. It writes three rows, and none of them can keep a request from being settled: what the operator reported may
//! have brought a day close to the 2^53 - 1 at which a total ends, and then all three take what the organization's still
//! has room for. So the parts add up to the whole there, too.

/// Adds `#credits`, `#input_volume` and `#output_volume` to the day `#day` of `:version_id`, `:project_id` and
/// `:organization_id`, all or none of them: `count_usage!(condition)`. The condition is a fragment of SQL that names no
/// table of this text, which are `d` and `s`.
macro_rules! count_usage {
    ($condition:expr) => {
        concat!(
            "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits, input_volume, output_volume)
             SELECT s.value, 'deployment_version', #day, :organization_id,
                    min(#credits, 9007199254740991 - coalesce(d.credits, 0)),
                    min(#input_volume, 9007199254740991 - coalesce(d.input_volume, 0)),
                    min(#output_volume, 9007199254740991 - coalesce(d.output_volume, 0))
             FROM (SELECT 1) LEFT JOIN usage_days d
               ON d.subject_id = :organization_id AND d.object_type = 'deployment_version' AND d.day = #day
             CROSS JOIN json_each(json_array(:version_id, :project_id, :organization_id)) s
             WHERE ",
            $condition,
            " ON CONFLICT (subject_id, object_type, day) DO UPDATE SET
                credits = credits + excluded.credits, input_volume = input_volume + excluded.input_volume,
                output_volume = output_volume + excluded.output_volume"
        )
    };
}
#[expect(unused_imports, reason = "the settlement of requests is yet to come")]
pub(crate) use count_usage;

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use testkit::schema;

    use crate::sql::Sql;

    const MOST: i64 = 9_007_199_254_740_991;

    static COUNT: Sql = Sql::new("COUNT", count_usage!("#settled = 1"));

    /// Counts of each metric on a day, and answers how many rows were written.
    fn count(connection: &Connection, settled: bool, day: i64, amounts: [i64; 3]) -> usize {
        let prepared = COUNT.prepared();
        let mut statement = connection.prepare(&prepared.text).unwrap();
        for (index, parameter) in prepared.parameters.iter().enumerate() {
            let at = index + 1;
            match parameter.name {
                "settled" => statement.raw_bind_parameter(at, settled),
                "day" => statement.raw_bind_parameter(at, day),
                "credits" => statement.raw_bind_parameter(at, amounts[0]),
                "input_volume" => statement.raw_bind_parameter(at, amounts[1]),
                "output_volume" => statement.raw_bind_parameter(at, amounts[2]),
                name => statement.raw_bind_parameter(at, name.strip_suffix("_id").unwrap()),
            }
            .unwrap();
        }
        statement.raw_execute().unwrap()
    }

    fn rows(connection: &Connection) -> Vec<String> {
        let all = "SELECT concat_ws(' ', subject_id, organization_id, object_type, day, credits, input_volume,
                                    output_volume) FROM usage_days ORDER BY day, subject_id";
        let mut statement = connection.prepare(all).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn a_request_adds_a_row_to_each_of_its_three_subjects_or_to_none() {
        let connection = schema::fresh();
        assert_eq!(count(&connection, false, 7, [1, 2, 3]), 0);
        assert_eq!(count(&connection, true, 7, [1, 2, 3]), 3);
        assert_eq!(count(&connection, true, 7, [10, 0, 30]), 3);
        assert_eq!(count(&connection, true, 8, [0, 5, 0]), 3);
        assert_eq!(
            rows(&connection),
            [
                "organization organization deployment_version 7 11 2 33",
                "project organization deployment_version 7 11 2 33",
                "version organization deployment_version 7 11 2 33",
                "organization organization deployment_version 8 0 5 0",
                "project organization deployment_version 8 0 5 0",
                "version organization deployment_version 8 0 5 0",
            ]
        );
    }

    #[test]
    fn near_the_end_of_numbers_all_three_take_what_the_organization_has_room_for() {
        let connection = schema::fresh();
        connection
            .execute(
                "INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits, output_volume)
                 VALUES ('organization', 'deployment_version', 7, 'organization', ?1 - 2, ?1)",
                [MOST],
            )
            .unwrap();
        assert_eq!(count(&connection, true, 7, [5, 5, 5]), 3);
        assert_eq!(
            rows(&connection),
            [
                &format!("organization organization deployment_version 7 {MOST} 5 {MOST}"),
                "project organization deployment_version 7 2 5 0",
                "version organization deployment_version 7 2 5 0",
            ]
        );
    }
}
