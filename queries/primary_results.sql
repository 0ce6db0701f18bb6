SELECT
  r.study, r.title AS outcome, r.class_title, r.category_title, r.group_title, r.value, r.unit, a.method, a.p_value
FROM results AS r
LEFT JOIN (
  SELECT a.outcome_measure, g.result_group, a.position, a.method, a.p_value
  FROM analyses AS a
  JOIN group_links AS g ON g.part = a.analysis
  WHERE a.p_value IS NOT NULL
) AS a ON a.outcome_measure = r.outcome_measure AND a.result_group = r.result_group
WHERE r.outcome_type = 'PRIMARY' AND r.value IS NOT NULL AND r.title IS NOT NULL AND r.group_title IS NOT NULL
ORDER BY r.study, r.position, r.class_position, r.category_position, r.group_position, a.position;
