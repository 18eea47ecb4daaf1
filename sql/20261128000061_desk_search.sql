-- The desk's search for people.

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
        when p_id ~ '^in_' then (
            select i.id from public.purchases i where i.invoice_id = p_id order by i.id limit 1
        )
        when p_id ~ '^evt_' then (select e.purchase_id from public.stripe_events e where e.id = p_id)
        when p_id ~ '^(re|pyr|dp|du)_' then (
            select purse.purchase_of_payment(r.payment_intent_id) from public.purchase_reversals r where r.id = p_id
        )
    end
$$;

comment on function purse.id_in_orders(text) is
'The user whose order an id of Stripe''s is about: a payment intent, Checkout Session, invoice, event, refund or
dispute. Null if
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
    elsif p_query ~ '^(pi|cs|in|evt|re|pyr|dp|du)_' then
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
    if v_people is null and v_query !~ '^(pi|cs|in|evt|re|pyr|dp|du|cus)_' then
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
