-- Searching in one's history: by kind, by feature and by what a person sees of an entry.

create function purse.find_entries(
    p_user_id uuid,
    p_limit   integer,
    p_cursor  bigint,
    p_kinds   text[],
    p_feature text,
    p_query   text,
    out ids     bigint[],
    out further bigint
)
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_query  constant text    := lower(p_query);
    -- A text takes three look-ups a row.
    v_most   constant integer := case when v_query is null then 20000 else 5000 end;
    v_bounds bigint[];
begin
    ids := array(
        select t.id
        from (
            select n.id, n.kind, n.feature, n.purchase_id, n.hold_id, n.reason
            from public.credit_transactions n
            where n.user_id = p_user_id
                and n.id < coalesce(p_cursor, 9223372036854775807)
            order by n.id desc
            limit v_most
        ) t
        where (p_kinds is null or t.kind = any (p_kinds))
            and (p_feature is null or t.feature = p_feature)
            -- Each look-up is by a key: in a join the planner expects many rows, and scans the tables.
            and (v_query is null or pg_catalog.strpos(lower(pg_catalog.concat_ws(
                E'\n',
                (select w.name from purse.work_names w where w.hold_id = t.hold_id),
                (select p.package_name from public.purchases p where p.id = t.purchase_id),
                coalesce((select f.name from public.credit_features f where f.id = t.feature), t.feature),
                t.reason
            )), v_query) > 0)
        order by t.id desc
        limit p_limit
    );
    if cardinality(ids) < p_limit then
        -- The last row that was looked at, and the one after it.
        v_bounds := array(
            select n.id
            from public.credit_transactions n
            where n.user_id = p_user_id
                and n.id < coalesce(p_cursor, 9223372036854775807)
            order by n.id desc
            offset v_most - 1
            limit 2
        );
        further := case when cardinality(v_bounds) = 2 then v_bounds[1] end;
    end if;
end
$$;

comment on function purse.find_entries(uuid, integer, bigint, text[], text, text) is
'The ids of a user''s ledger rows before p_cursor, newest first, at most p_limit: of the kinds p_kinds, of the feature
p_feature, and with p_query, in any case, in the name of the file, pack or feature or in the reason.
What is null does not matter. Looks at the next 20,000 rows at most, with p_query at 5,000, so that no page takes long.
If it found fewer than p_limit and there are rows that it did not look at, further is the p_cursor to go on from.';
revoke all on function purse.find_entries(uuid, integer, bigint, text[], text, text)
    from public, anon, authenticated, service_role;
