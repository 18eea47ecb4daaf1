-- What a person can see of their account as a whole: what deleting it would do, and a copy of their data.

create function public.read_account(p_user_id uuid)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_files bigint := 0;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    if exists (select from public.user_credits u where u.user_id = p_user_id and u.lapses_at <= now()) then
        perform purse.lock_account(p_user_id);
    end if;
    -- A fork may have deleted the files.
    if to_regclass('public.files') is not null then
        execute 'select count(*) from public.files f where f.user_id = $1 and f.deleted_at is null'
        into v_files using p_user_id;
    end if;
    return (
        select jsonb_build_object(
            'balance', coalesce(max(u.balance), 0),
            'held', coalesce(max(u.held), 0),
            'available', coalesce(max(u.balance - u.held), 0),
            'holds', (
                select count(*) from purse.open_holds(p_user_id)
            ),
            'open_checkouts', (
                select count(*) from purse.open_checkouts o where o.user_id = p_user_id
            ),
            'pending_payments', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'order_id', o.id,
                    'package_name', o.package_name,
                    'credits', o.credits,
                    'amount', o.unit_amount,
                    'currency', o.currency,
                    'decimals', coalesce(
                        (select c.decimals from public.stripe_currencies() c where c.currency = o.currency), 2
                    ),
                    'created_at', o.created_at
                ) order by o.created_at), '[]'::jsonb)
                from (
                    select *
                    from public.purchases p
                    where p.user_id = p_user_id
                        and p.status = 'processing'
                    order by p.created_at desc
                    limit 100
                ) o
            ),
            'files', v_files
        )
        from public.user_credits u
        where u.user_id = p_user_id
    );
end
$$;

comment on function public.read_account(uuid) is
'What deleting an account would end: {balance, held, available, holds, open_checkouts, pending_payments:
[{order_id, package_name, credits, amount, currency, decimals, created_at}], files}. The balance includes what is
held. Raises PT403 if the account was deleted.';
revoke all on function public.read_account(uuid) from public, anon, authenticated, service_role;
grant execute on function public.read_account(uuid) to service_role;

create function public.export_profile(p_user_id uuid)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    select jsonb_build_object(
        'profile', (
            select jsonb_build_object(
                'email', a.email,
                'phone', a.phone,
                'created_at', a.created_at,
                'last_sign_in_at', a.last_sign_in_at,
                'metadata', a.raw_user_meta_data
            )
            from auth.users a
            where a.id = p_user_id
        ),
        'account', jsonb_build_object(
            'balance', coalesce(max(u.balance), 0),
            'held', coalesce(max(u.held), 0),
            'customers', (
                select coalesce(jsonb_agg(
                    jsonb_build_object('customer_id', c.customer_id, 'livemode', c.livemode) order by c.livemode desc
                ), '[]'::jsonb)
                from public.stripe_customers c
                where c.user_id = p_user_id
                    and c.customer_id is not null
            )
        )
    )
    from public.user_credits u
    where u.user_id = p_user_id
$$;

comment on function public.export_profile(uuid) is
'The first part of a copy of a person''s data: {profile: {email, phone, created_at, last_sign_in_at, metadata} or null
if Supabase Auth has no such user, account: {balance, held, customers: [{customer_id, livemode}]}}. Raises PT403 if
the account was deleted.';
revoke all on function public.export_profile(uuid) from public, anon, authenticated, service_role;
grant execute on function public.export_profile(uuid) to service_role;

create function public.export_account(
    p_user_id uuid,
    p_section text,
    p_after   text,
    p_limit   integer
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_user_ids constant uuid[] := purse.accounts_of(p_user_id);
    v_rows     jsonb[];
    v_shown    jsonb[];
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    -- One row more than asked for says whether there is another page.
    case p_section
        when 'orders' then
            v_rows := array(
                select to_jsonb(p) - array['user_id', 'sealed', 'decided_by', 'decided_because'] || jsonb_build_object(
                    'reversals', (
                        select coalesce(jsonb_agg(
                            to_jsonb(r) - array['rank', 'payment_intent_id', 'livemode'] order by r.occurred_at, r.id
                        ), '[]'::jsonb)
                        from purse.reversals_of(p) r
                    ),
                    'withdrawn_at', (select w.withdrawn_at from public.withdrawals w where w.purchase_id = p.id),
                    'withdrawal_waiver', (
                        select to_jsonb(w) - 'purchase_id' from public.withdrawal_waivers w where w.purchase_id = p.id
                    )
                )
                from public.purchases p
                where p.user_id = any (v_user_ids)
                    and (p_after is null or p.id > p_after::uuid)
                order by p.id
                limit p_limit + 1
            );
        when 'transactions' then
            v_rows := array(
                select to_jsonb(t) - array['user_id', 'actor']
                    || jsonb_build_object('id', t.id::text, 'reverses_id', t.reverses_id::text)
                from public.credit_transactions t
                where t.user_id = any (v_user_ids)
                    and (p_after is null or t.id > p_after::bigint)
                order by t.id
                limit p_limit + 1
            );
        when 'lots' then
            v_rows := array(
                select to_jsonb(l) - array['user_id', 'forgiven_to'] || jsonb_build_object('id', l.id::text)
                from public.credit_lots l
                where l.user_id = any (v_user_ids)
                    and (p_after is null or l.id > p_after::bigint)
                order by l.id
                limit p_limit + 1
            );
        when 'holds' then
            v_rows := array(
                select to_jsonb(h) - 'user_id' || jsonb_build_object('transaction_id', h.transaction_id::text)
                from public.credit_holds h
                where h.user_id = any (v_user_ids)
                    and (p_after is null or h.id > p_after::uuid)
                order by h.id
                limit p_limit + 1
            );
        when 'offers' then
            v_rows := array(
                select to_jsonb(o) - array['user_id', 'given_up_until'] || jsonb_build_object('state', purse.offer_state(o))
                from public.offers o
                where o.user_id = any (v_user_ids)
                    and (p_after is null or o.id > p_after::uuid)
                order by o.id
                limit p_limit + 1
            );
        else
            raise exception using errcode = 'PT422', message = 'no such section';
    end case;
    v_shown := v_rows[:p_limit];
    return jsonb_build_object(
        'rows', to_jsonb(v_shown),
        'next', case when cardinality(v_rows) > p_limit then v_shown[p_limit] ->> 'id' end
    );
end
$$;

comment on function public.export_account(uuid, text, text, integer) is
'A page of a copy of a person''s data: their orders, transactions, lots, holds or offers (p_section), by id after p_after.
Rows of guests whose purses moved into the account are among them. Returns {rows, next: p_after of the next page or
null}. Raises PT403 if the account was deleted, PT422 for another section.';
revoke all on function public.export_account(uuid, text, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.export_account(uuid, text, text, integer) to service_role;
