SELECT
  i.mesh AS drug, MIN(i.name) AS drug_name, c.mesh AS disease, MIN(c.name) AS disease_name,
  MAX(n.number) AS maximum_phase, COUNT(DISTINCT s.study) AS studies
FROM studies AS s
JOIN phases AS p ON p.study = s.study
JOIN (
  SELECT * FROM (VALUES ('EARLY_PHASE1', 0), ('PHASE1', 1), ('PHASE2', 2), ('PHASE3', 3), ('PHASE4', 4))
  AS numbers(phase, number)
) AS n ON n.phase = p.phase
JOIN intervention_mesh AS i ON i.study = s.study
JOIN conditions AS c ON c.study = s.study
WHERE s.study_type = 'INTERVENTIONAL' AND i.relation = 'term' AND c.relation = 'term'
GROUP BY i.mesh, c.mesh
ORDER BY maximum_phase DESC, studies DESC, drug_name, disease_name, drug, disease;
