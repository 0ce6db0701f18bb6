SELECT s.status, COUNT(*) AS studies
FROM studies AS s
JOIN phases AS p ON p.study = s.study
WHERE p.phase = 'PHASE3'
GROUP BY s.status
ORDER BY studies DESC, s.status;
