SELECT s.start_year AS year, p.phase, COUNT(*) AS studies
FROM studies AS s
JOIN phases AS p ON p.study = s.study
WHERE s.start_year >= 2000
GROUP BY s.start_year, p.phase
ORDER BY year, p.phase;
