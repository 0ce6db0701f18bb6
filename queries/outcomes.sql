SELECT study, position, measure, time_frame
FROM outcomes
WHERE outcome_type = 'PRIMARY' AND measure IS NOT NULL
ORDER BY study, position;
