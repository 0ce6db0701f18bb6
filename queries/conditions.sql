SELECT mesh, MIN(name) AS condition, COUNT(*) AS studies
FROM conditions
WHERE relation = 'term'
GROUP BY mesh
ORDER BY studies DESC, condition, mesh;
