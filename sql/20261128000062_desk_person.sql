-- The desk's page about one person.

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
                from purse.open_holds(p_user_id) h
                order by h.expires_at
                limit 50
            ) h
        ),
        'files', v_files,
        'offers', purse.offers_of_person(p_user_id),
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
files: twenty; offers: see purse.offers_of_person; notes: [{id, author, text, created_at}]; actions: twenty, [{id, actor, actor_role, action, arguments,
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
