SELECT a.study, a.position, a.name AS arm, a.arm_type, COUNT(DISTINCT i.intervention) AS drugs
FROM studies AS s
JOIN arms AS a ON a.study = s.study
JOIN arm_interventions AS ai ON ai.arm = a.arm
JOIN interventions AS i ON i.intervention = ai.intervention
WHERE s.study_type = 'INTERVENTIONAL'
  AND i.intervention_type IN ('DRUG', 'BIOLOGICAL', 'COMBINATION_PRODUCT')
  AND LOWER(i.name) NOT LIKE '%placebo%' AND LOWER(i.name) NOT LIKE '%sham%'
GROUP BY a.study, a.position, a.name, a.arm_type
HAVING COUNT(DISTINCT i.intervention) >= 2
ORDER BY a.study, a.position;
