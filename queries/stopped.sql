SELECT study, title, status, enrollment, why_stopped
FROM studies
WHERE status IN ('TERMINATED', 'WITHDRAWN', 'SUSPENDED')
ORDER BY status, study;
