SELECT a.study, a.position, a.name AS arm, a.arm_type AS type, i.name AS intervention
FROM arms AS a
JOIN arm_interventions AS ai ON ai.arm = a.arm
JOIN interventions AS i ON i.intervention = ai.intervention
WHERE a.name IS NOT NULL AND i.name IS NOT NULL
ORDER BY a.study, a.position, intervention, i.intervention;
