SELECT city, state, country, COUNT(DISTINCT study) AS studies, COUNT(*) AS sites
FROM sites
WHERE city IS NOT NULL AND country IS NOT NULL
GROUP BY city, state, country
ORDER BY studies DESC, sites DESC, country, state NULLS FIRST, city;
