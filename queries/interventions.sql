SELECT mesh, MIN(name) AS intervention, COUNT(*) AS studies
FROM intervention_mesh
WHERE relation = 'term'
GROUP BY mesh
ORDER BY studies DESC, intervention, mesh;
