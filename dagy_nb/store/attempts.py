"""Facts and node runs as SQL sees them in, the view `attempts` out: one row for each try of a node.

What an attempt did stands in the facts about it; how the last one ended, in the node run too, which also
knows of nodes whose process died. So the view is made of both, and needs no table of its own.
"""

from __future__ import annotations

VIEW = """
CREATE VIEW attempts AS
WITH told AS (
    SELECT run_id, node_id, TRY_CAST(data->>'attempt' AS BIGINT) AS attempt, kind, happened_at, data
    FROM events WHERE kind IN ('attempt_started', 'attempt_failed')
    UNION ALL
    SELECT run_id, node_id, attempts, '', NULL, NULL FROM node_runs WHERE attempts > 0
), tried AS (
    SELECT
        run_id, node_id, attempt,
        min(happened_at) FILTER (kind = 'attempt_started') AS started_at,
        max(data->>'runner') FILTER (kind = 'attempt_started') AS runner,
        min(happened_at) FILTER (kind = 'attempt_failed') AS failed_at,
        max(coalesce(data->>'state', 'FAILED')) FILTER (kind = 'attempt_failed') AS state,
        max(data->>'reason') FILTER (kind = 'attempt_failed') AS reason,
        max(data->'error'->>'code') FILTER (kind = 'attempt_failed') AS error_code,
        max(concat_ws(': ', nullif(data->'error'->>'type', ''), data->'error'->>'message'))
            FILTER (kind = 'attempt_failed') AS error,
        max(TRY_CAST(data->>'retry_at' AS DOUBLE)) FILTER (kind = 'attempt_failed') AS retry_at,
        max(data->>'enforcement') FILTER (kind = 'attempt_failed') AS enforcement
    FROM told WHERE attempt IS NOT NULL
    GROUP BY run_id, node_id, attempt
)
SELECT
    t.run_id, t.node_id, t.attempt,
    CASE WHEN t.failed_at IS NULL THEN n.state ELSE t.state END AS state,
    CASE WHEN t.failed_at IS NULL THEN n.reason ELSE t.reason END AS reason,
    CASE WHEN t.failed_at IS NULL THEN n.error_code ELSE t.error_code END AS error_code,
    CASE WHEN t.failed_at IS NULL THEN n.error ELSE t.error END AS error,
    coalesce(t.runner, n.runner) AS runner,
    t.started_at,
    coalesce(t.failed_at, n.ended_at) AS ended_at,
    make_timestamp(CAST(round(nullif(t.retry_at, 0) * 1000000) AS BIGINT)) AS retry_at,
    CASE WHEN t.failed_at IS NULL THEN n.enforcement ELSE t.enforcement END AS enforcement
FROM tried AS t LEFT JOIN node_runs AS n
ON n.run_id = t.run_id AND n.node_id = t.node_id AND n.attempts = t.attempt
"""
"""The view, over the `events` and `node_runs` of the schema in which it is made.

An attempt that failed and was followed by another one carries its own `state` (FAILED, TIMED_OUT) and
`retry_at`, when the next one was due. The last attempt carries what the node run carries.
"""
