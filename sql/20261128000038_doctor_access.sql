-- What is granted to whom, read from the catalogue. make doctor compares it with ops/access.py.

create function purse.granted_access()
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with roles (role) as (
        values ('anon'), ('authenticated'), ('service_role')
    ),
    schemas as (
        select n.oid, n.nspname as name
        from pg_catalog.pg_namespace n
        where n.nspname in ('public', 'purse')
    ),
    tables as (
        select s.name || '.' || c.relname as name, r.role, array_agg(g.privilege order by g.privilege) as privileges
        from pg_catalog.pg_class c
        join schemas s on s.oid = c.relnamespace
        cross join roles r
        cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) g (privilege)
        where c.relkind in ('r', 'p', 'v', 'm', 'f')
            and has_table_privilege(r.role, c.oid, g.privilege)
        group by s.name, c.relname, r.role
    ),
    functions as (
        select s.name || '.' || p.proname as name,
            coalesce(jsonb_agg(distinct r.role) filter (where has_function_privilege(r.role, p.oid, 'EXECUTE')), '[]'::jsonb) as granted
        from pg_catalog.pg_proc p
        join schemas s on s.oid = p.pronamespace
        cross join roles r
        group by s.name, p.proname
    )
    select jsonb_build_object(
        'schemas', (
            select jsonb_object_agg(s.name, (
                select coalesce(jsonb_agg(r.role), '[]'::jsonb)
                from roles r
                where has_schema_privilege(r.role, s.oid, 'USAGE')
            ))
            from schemas s
        ),
        'tables', (
            select coalesce(jsonb_object_agg(t.name, t.granted), '{}'::jsonb)
            from (select name, jsonb_object_agg(role, privileges) as granted from tables group by name) t
        ),
        'functions', (select coalesce(jsonb_object_agg(f.name, f.granted), '{}'::jsonb) from functions f),
        'unprotected_tables', (
            select coalesce(jsonb_agg(s.name || '.' || c.relname order by s.name, c.relname), '[]'::jsonb)
            from pg_catalog.pg_class c
            join schemas s on s.oid = c.relnamespace
            where c.relkind in ('r', 'p')
                and not c.relrowsecurity
        ),
        'triggers', (
            select coalesce(jsonb_object_agg(s.name || '.' || c.relname || '.' || t.tgname, t.tgenabled), '{}'::jsonb)
            from pg_catalog.pg_trigger t
            join pg_catalog.pg_class c on c.oid = t.tgrelid
            join schemas s on s.oid = c.relnamespace
            where not t.tgisinternal
        )
    )
$$;

comment on function purse.granted_access() is
'The privileges of anon, authenticated and service_role in the schemas public and purse:
{schemas: {name: [role with USAGE]}, tables: {name: {role: [privilege]}}, functions: {name: [role]},
unprotected_tables: [name], triggers: {name: mode as in pg_trigger.tgenabled}}. Names are schema-qualified; views are among the tables.';
revoke all on function purse.granted_access() from public, anon, authenticated, service_role;
