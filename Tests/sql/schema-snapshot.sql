-- The schema as text, a line a fact, in an order that no locale and no server version changes. What it prints is kept
-- in sql/schema-snapshot.txt, so that a change of the schema is seen in review.
--
-- Left out: bodies of views and functions (they are in sql/views.sql), and NOT NULL as a constraint, which newer
-- servers list a second time.
WITH ours AS (
  SELECT c.oid, c.relkind, n.nspname || '.' || c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('bizclock', 'dashboard') AND c.relkind IN ('r', 'v', 'm', 'S', 'p')
), facts AS (
  SELECT name, 0 AS part, 0 AS number,
    CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE relkind::text END || ' ' || name
      || coalesce((SELECT ' with ' || array_to_string(c.reloptions, ', ') FROM pg_catalog.pg_class c
        WHERE c.oid = ours.oid AND c.reloptions IS NOT NULL), '') AS fact
  FROM ours
  UNION ALL
  SELECT o.name, 1, a.attnum,
    '  ' || a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
      || CASE WHEN l.collname <> 'default' THEN ' collate ' || l.collname ELSE '' END
      || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
      || CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
      || coalesce(' default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
  FROM ours o
  JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum
  WHERE o.relkind <> 'S'
  UNION ALL
  SELECT o.name, 2, 0, '  constraint ' || k.conname || ' ' || pg_catalog.pg_get_constraintdef(k.oid)
  FROM ours o JOIN pg_catalog.pg_constraint k ON k.conrelid = o.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
  UNION ALL
  SELECT o.name, 3, 0, '  index ' || pg_catalog.pg_get_indexdef(i.indexrelid)
  FROM ours o JOIN pg_catalog.pg_index i ON i.indrelid = o.oid
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
  UNION ALL
  SELECT o.name, 4, 0, '  trigger ' || pg_catalog.pg_get_triggerdef(t.oid)
  FROM ours o JOIN pg_catalog.pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT o.name, 5, 0, '  granted to ' || CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END
    || ': ' || pg_catalog.lower(string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type COLLATE "C"))
  FROM ours o JOIN pg_catalog.pg_class c ON c.oid = o.oid CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) g
  WHERE g.grantee <> c.relowner
  GROUP BY o.name, g.grantee
  UNION ALL
  SELECT o.name, 6, 0, '  granted to ' || g.grantee::regrole::text || ': ' || pg_catalog.lower(g.privilege_type)
    || ' (' || string_agg(a.attname, ', ' ORDER BY a.attnum) || ')'
  FROM ours o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) g
  GROUP BY o.name, g.grantee, g.privilege_type
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure::text, 0, 0,
    'function ' || p.oid::regprocedure::text || ' returns ' || pg_catalog.format_type(p.prorettype, NULL)
      || CASE p.provolatile WHEN 'i' THEN ' immutable' WHEN 's' THEN ' stable' ELSE ' volatile' END
      || CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END
      || CASE p.prokind WHEN 'a' THEN ' aggregate' WHEN 'p' THEN ' procedure' ELSE '' END
      || coalesce((SELECT ' granted to ' || string_agg(
          CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END, ', '
          ORDER BY CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END COLLATE "C")
        FROM pg_catalog.aclexplode(p.proacl) g WHERE g.grantee <> p.proowner), '')
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname IN ('bizclock', 'dashboard')
)
SELECT fact FROM facts ORDER BY name COLLATE "C", part, number, fact COLLATE "C"
