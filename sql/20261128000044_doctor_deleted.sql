-- make doctor: is everything of deleted accounts gone?

create function public.doctor_deleted()
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set statement_timeout = '60s'
as $$
declare
    v_files uuid[] := '{}';
begin
    perform purse.require_server();
    -- A fork may have deleted the files.
    if to_regclass('public.files') is not null then
        execute '
            select coalesce(array_agg(distinct f.user_id), ''{}'')
            from public.files f
            join public.deleted_accounts d on d.user_id = f.user_id
            where f.deleted_at is null
        ' into v_files;
    end if;
    return jsonb_build_object(
        'accounts', (select count(*) from public.deleted_accounts),
        'left_behind', (
            select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb)
            from (
                select d.user_id, array_remove(array[
                    case when exists (select from auth.users a where a.id = d.user_id) then 'a user in Supabase Auth' end,
                    case when d.user_id = any (v_files) then 'files' end,
                    case when d.customers <> '{}' then 'a Stripe customer' end,
                    case when exists (
                        select from public.stripe_customers s where s.user_id = d.user_id
                    ) or exists (
                        select from public.purchases p where p.user_id = d.user_id and p.customer_id is not null
                    ) then 'the id of a Stripe customer' end,
                    case when exists (
                        select from public.signup_bonuses b where b.user_id = d.user_id
                    ) then 'the hash of an address' end,
                    case when exists (
                        select from public.person_notes n where n.user_id = d.user_id
                    ) or exists (
                        select from public.grant_lines l where l.user_id = d.user_id and l.note is not null
                    ) then 'notes of staff' end,
                    case when exists (
                        select from public.offers o where o.user_id = d.user_id
                    ) then 'offers' end,
                    case when d.finished_at is null then 'a deletion that has not ended' end
                ], null) as what
                from public.deleted_accounts d
                order by d.deleted_at
            ) x
            where cardinality(x.what) > 0
        ),
        'with_credits', (
            select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb)
            from (
                select u.user_id, u.balance, array(
                    select p.id
                    from public.credit_lots l
                    join public.purchases p on p.id = l.purchase_id
                    where l.user_id = u.user_id
                        and l.remaining > 0
                    order by p.id
                ) as orders
                from public.user_credits u
                where u.deleted_at is not null
                    and u.balance <> 0
                order by u.user_id
                limit 100
            ) x
        ),
        'gone', (
            select coalesce(jsonb_agg(x.user_id), '[]'::jsonb)
            from (
                select s.user_id
                from public.stripe_customers s
                where s.customer_id is not null
                    and not exists (select from auth.users a where a.id = s.user_id)
                order by s.user_id
                limit 100
            ) x
        )
    );
end
$$;

comment on function public.doctor_deleted() is
'Whether deleted accounts are gone. Read-only. Returns {accounts, left_behind: [{user_id, what: []}],
with_credits: [{user_id, balance, orders: [id]}] paid after the deletion, gone: [user ids that Supabase Auth no longer
has, and that were not deleted here]}.';
revoke all on function public.doctor_deleted() from public, anon, authenticated, service_role;
grant execute on function public.doctor_deleted() to service_role;
