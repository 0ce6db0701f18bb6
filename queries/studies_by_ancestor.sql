SELECT s.study, s.title, COUNT(t.mesh) AS terms
FROM studies AS s
JOIN (SELECT DISTINCT study FROM conditions WHERE mesh = 'D009369') AS c ON c.study = s.study
LEFT JOIN (SELECT study, mesh FROM conditions WHERE relation = 'term') AS t ON t.study = s.study
GROUP BY s.study, s.title
ORDER BY s.study;
