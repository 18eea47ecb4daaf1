-- The desk's page about people: find them, and see everything about one of them.

create function purse.id_in_orders(p_id text)
    returns uuid
    language sql
    stable
    set search_path = ''
as $$
    select p.user_id
    from public.purchases p
    where p.id = case
        when p_id ~ '^pi_' then purse.purchase_of_payment(p_id)
        when p_id ~ '^cs_' then (select s.id from public.purchases s where s.checkout_session_id = p_id)
        when p_id ~ '^evt_' then (select e.purchase_id from public.stripe_events e where e.id = p_id)
        when p_id ~ '^(re|pyr|dp|du)_' then (
            select purse.purchase_of_payment(r.payment_intent_id) from public.purchase_reversals r where r.id = p_id
        )
    end
$$;

comment on function purse.id_in_orders(text) is
'The user whose order an id of Stripe''s is about: a payment intent, Checkout Session, event, refund or dispute. Null if
there is none.';
revoke all on function purse.id_in_orders(text) from public, anon, authenticated, service_role;

create function purse.people_exactly(p_query text)
    returns table (user_id uuid, found_by text)
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    if p_query ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
        return query
            select p_query::uuid, 'user id' where purse.person_exists(p_query::uuid)
            union all
            select p.user_id, 'order' from public.purchases p where p.id = p_query::uuid
            union all
            select h.user_id, 'hold' from public.credit_holds h where h.id = p_query::uuid;
    elsif p_query ~ '^[0-9]{1,18}$' then
        return query
            select t.user_id, 'ledger row' from public.credit_transactions t where t.id = p_query::bigint;
    elsif p_query ~ '^cus_' then
        return query
            select s.user_id, 'Stripe customer' from public.stripe_customers s where s.customer_id = p_query;
    elsif p_query ~ '^(pi|cs|evt|re|pyr|dp|du)_' then
        return query
            select o.id, 'Stripe id' from purse.id_in_orders(p_query) o (id) where o.id is not null;
    elsif p_query ~ '@' then
        -- Supabase Auth stores addresses in lower case.
        return query select a.id, 'address' from auth.users a where a.email = lower(p_query);
    elsif p_query ~ '^\+[0-9]{6,15}$' then
        return query select a.id, 'address' from auth.users a where a.phone = ltrim(p_query, '+');
    end if;
end
$$;

comment on function purse.people_exactly(text) is
'Whom an id or address names, by index alone: a user, order or hold (UUID), a ledger row (number), an id of Stripe''s, an
e-mail address, or a phone number with its plus sign. found_by says as what it was found.';
revoke all on function purse.people_exactly(text) from public, anon, authenticated, service_role;

create function purse.person_line(
    p_user_id  uuid,
    p_found_by text
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_build_object(
        'user_id', p_user_id,
        'email', a.email,
        'name', coalesce(a.raw_user_meta_data ->> 'full_name', a.raw_user_meta_data ->> 'name'),
        'signed_up_at', a.created_at,
        'balance', coalesce(u.balance, 0),
        'is_deleted', exists (select from public.deleted_accounts d where d.user_id = p_user_id),
        'found_by', p_found_by
    )
    from (values (true)) one (row)
    left join auth.users a on a.id = p_user_id
    left join public.user_credits u on u.user_id = p_user_id
$$;

comment on function purse.person_line(uuid, text) is
'A person in a list: {user_id, email, name, signed_up_at, balance, is_deleted, found_by}.';
revoke all on function purse.person_line(uuid, text) from public, anon, authenticated, service_role;

create function public.desk_find(
    p_actor_id uuid,
    p_query    text,
    p_after    text default null
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    -- Supabase's table has no index for parts of names, so a search reads so many pages of it and says where it ended.
    v_pages    constant bigint := 2000;
    v_query    constant text := btrim(p_query);
    v_after    constant tid := coalesce(p_after, '(0,0)')::tid;
    v_end      bigint := split_part(btrim(coalesce(p_after, '(0,0)'), '()'), ',', 1)::bigint + v_pages;
    v_people   jsonb;
    v_searched bigint := 0;
    v_next     text;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if coalesce(length(v_query), 0) not between 1 and 255 then
        raise exception using errcode = 'PT422', message = 'what to look for is 1 to 255 characters';
    end if;
    -- The ledger knows no charges: Stripe says which payment intent one belongs to.
    if v_query ~ '^(ch|py)_' then
        return jsonb_build_object('people', '[]'::jsonb, 'searched', 0, 'next', null, 'is_charge', true);
    end if;
    if p_after is null then
        select jsonb_agg(purse.person_line(f.user_id, f.found_by)) into v_people from purse.people_exactly(v_query) f;
    end if;
    if v_people is null and v_query !~ '^(pi|cs|evt|re|pyr|dp|du|cus)_' then
        with scanned as materialized (
            select a.ctid as place, a.id, strpos(lower(concat_ws(
                ' ', a.email, a.raw_user_meta_data ->> 'full_name', a.raw_user_meta_data ->> 'name'
            )), lower(v_query)) > 0 as is_hit
            from auth.users a
            where a.ctid > v_after
                and a.ctid < pg_catalog.format('(%s,0)', v_end)::tid
        ),
        hits as (
            select s.place, s.id from scanned s where s.is_hit order by s.place limit 20
        )
        select
            (select jsonb_agg(purse.person_line(h.id, 'name') order by h.place) from hits h),
            (select count(*) from scanned s where l.place is null or s.place <= l.place),
            l.place::text
        into v_people, v_searched, v_next
        from (select (select h.place from hits h order by h.place offset 19) as place) l;
        if v_next is null and v_end < pg_catalog.pg_relation_size('auth.users')
            / pg_catalog.current_setting('block_size')::bigint
        then
            v_next := pg_catalog.format('(%s,0)', v_end);
        end if;
    end if;
    return jsonb_build_object(
        'people', coalesce(v_people, '[]'::jsonb), 'searched', v_searched, 'next', v_next, 'is_charge', false
    );
end
$$;

comment on function public.desk_find(uuid, text, text) is
'Finds people for staff: by an exact id or address (see purse.people_exactly), else by a part of a name or address in
2,000 pages of auth.users from p_after on, twenty people at most.
Returns {people: [{user_id, email, name, signed_up_at, balance, is_deleted, found_by}], searched: how many accounts were
looked at, 0 for an exact id; next: p_after of the next search, null if all accounts were looked at; is_charge: whether
Stripe has to be asked for the charge''s payment intent}. Raises PT403 for who is not staff, PT422 for an empty query.';
revoke all on function public.desk_find(uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function public.desk_find(uuid, text, text) to service_role;

create function purse.who_is(p_user_id uuid)
    returns text
    language sql
    stable
    set search_path = ''
as $$
    select coalesce((select a.email from auth.users a where a.id = p_user_id), p_user_id::text)
$$;

comment on function purse.who_is(uuid) is 'The address of a user, else their id.';
revoke all on function purse.who_is(uuid) from public, anon, authenticated, service_role;

create function purse.account_at_desk(p_user_id uuid)
    returns jsonb
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.person_line(p_user_id, 'user id') - 'found_by' - 'balance' || jsonb_build_object(
        'phone', a.phone,
        'last_sign_in_at', a.last_sign_in_at,
        'is_guest', coalesce(a.is_anonymous, false),
        'is_confirmed', a.email_confirmed_at is not null,
        'banned_until', case when a.banned_until > now() then a.banned_until end,
        'role', purse.staff_role(p_user_id),
        'deleted_at', (select d.deleted_at from public.deleted_accounts d where d.user_id = p_user_id),
        'moved_to', (
            select jsonb_build_object('user_id', m.to_user_id, 'email', purse.who_is(m.to_user_id), 'at', m.created_at)
            from public.purse_moves m
            where m.from_user_id = p_user_id
        ),
        'customers', (
            select coalesce(jsonb_agg(jsonb_build_object('customer_id', c.customer_id, 'livemode', c.livemode)), '[]'::jsonb)
            from public.stripe_customers c
            where c.user_id = p_user_id
                and c.customer_id is not null
        )
    )
    from (values (true)) one (row)
    left join auth.users a on a.id = p_user_id
$$;

comment on function purse.account_at_desk(uuid) is
'Who a person is, for staff: {user_id, email, name, signed_up_at, is_deleted, phone, last_sign_in_at, is_guest,
is_confirmed, banned_until, role, deleted_at, moved_to: {user_id, email, at} or null, customers}.';
revoke all on function purse.account_at_desk(uuid) from public, anon, authenticated, service_role;

create function public.desk_person(
    p_actor_id uuid,
    p_user_id  uuid,
    p_cursor   bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_purse jsonb;
    v_files jsonb := '[]';
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if not purse.person_exists(p_user_id) then
        raise exception using errcode = 'PT404', message = 'no such person', detail = 'unknown_person';
    end if;
    if exists (select from public.deleted_accounts d where d.user_id = p_user_id) then
        -- Nobody may use this account any more, so there is no view of theirs.
        v_purse := (purse.balances_of(array[p_user_id]) -> p_user_id::text) || purse.read_history(p_user_id, 20, p_cursor, 0);
    else
        v_purse := public.refresh_credits(p_user_id, 20, p_cursor, p_usage => p_cursor is null);
    end if;
    if p_cursor is not null then
        return jsonb_build_object('purse', v_purse);
    end if;
    -- A fork may have deleted the files.
    if to_regclass('public.files') is not null then
        execute
            'select coalesce(jsonb_agg(purse.file_json(f) order by f.position desc), ''[]''::jsonb)
             from (
                 select *
                 from public.files f
                 where f.user_id = $1 and f.deleted_at is null
                 order by f.position desc
                 limit 20
             ) f'
            into v_files using p_user_id;
    end if;
    return jsonb_build_object(
        'account', purse.account_at_desk(p_user_id),
        'purse', v_purse,
        'lots', (
            select coalesce(jsonb_agg(to_jsonb(l) - 'user_id' - 'forgiven_to' || jsonb_build_object('id', l.id::text)
                order by l.remaining = 0, l.expires_at, l.id), '[]'::jsonb)
            from (
                select *
                from public.credit_lots l
                where l.user_id = p_user_id
                order by l.remaining = 0, l.expires_at, l.id
                limit 50
            ) l
        ),
        'orders', purse.orders_of_person(p_user_id),
        'holds', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', h.id,
                'feature', h.feature,
                'credits', h.credits,
                'status', case when h.status = 'held' and h.expires_at <= now() then 'lapsed' else h.status end,
                'captured', h.captured,
                'created_at', h.created_at,
                'expires_at', h.expires_at,
                'ended_at', h.ended_at
            ) order by h.status <> 'held', h.expires_at desc), '[]'::jsonb)
            from (
                select *
                from public.credit_holds h
                where h.user_id = p_user_id
                    and h.status = 'held'
                order by h.expires_at
                limit 50
            ) h
        ),
        'files', v_files,
        'notes', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', n.id::text,
                'author', purse.who_is(n.author_id),
                'text', n.text,
                'created_at', n.created_at
            ) order by n.id desc), '[]'::jsonb)
            from (select * from public.person_notes n where n.user_id = p_user_id order by n.id desc limit 50) n
        ),
        'actions', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', a.id::text,
                'actor', purse.who_is(a.actor_id),
                'actor_role', a.actor_role,
                'action', a.action,
                'arguments', a.arguments,
                'reason', a.reason,
                'ledger', a.result -> 'ledger',
                'created_at', a.created_at
            ) order by a.id desc), '[]'::jsonb)
            from (select * from public.admin_actions a where a.user_id = p_user_id order by a.id desc limit 20) a
        )
    );
end
$$;

comment on function public.desk_person(uuid, uuid, bigint) is
'Everything about a person, for staff. Returns {account: see purse.account_at_desk, purse: as refresh_credits, the
person''s own view; lots: fifty, those with credits first; orders: twenty, see doctor_user; holds: those that are open;
files: twenty; notes: [{id, author, text, created_at}]; actions: twenty, [{id, actor, actor_role, action, arguments,
reason, ledger, created_at}]}. With p_cursor (of purse.next_cursor) it returns {purse} alone, with the next page of
the history. Of a deleted account, purse has balance, held, available and the history.
Raises PT403 for who is not staff, PT404 with unknown_person as detail.';
revoke all on function public.desk_person(uuid, uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function public.desk_person(uuid, uuid, bigint) to service_role;

create function public.desk_verdict(
    p_actor_id uuid,
    p_user_id  uuid
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if not purse.person_exists(p_user_id) then
        raise exception using errcode = 'PT404', message = 'no such person', detail = 'unknown_person';
    end if;
    return purse.examine_person(p_user_id);
end
$$;

comment on function public.desk_verdict(uuid, uuid) is
'What make doctor examines of one person, for staff: see doctor_user. Raises PT403 for who is not staff, PT404 with
unknown_person as detail.';
revoke all on function public.desk_verdict(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_verdict(uuid, uuid) to service_role;
