SELECT
  o.agency_class AS class, COUNT(*) AS completed,
  SUM(CASE WHEN s.has_results THEN 1 ELSE 0 END) AS have_results,
  ROUND(SUM(CASE WHEN s.has_results THEN 1 ELSE 0 END) * 100.0 / COUNT(*), 1) AS percent
FROM studies AS s
JOIN sponsors AS o ON o.study = s.study
WHERE s.study_type = 'INTERVENTIONAL' AND s.status = 'COMPLETED' AND o.relation = 'lead'
GROUP BY o.agency_class
ORDER BY completed DESC, class;
