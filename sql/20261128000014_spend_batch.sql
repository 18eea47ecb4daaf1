-- Spending for many users in one call: usage that was metered elsewhere and is charged later, for example.

create function public.spend_batch(p_spends jsonb)
    -- json, as in spend_credits.
    returns json
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    -- The batch, one element each.
    v_asked_users      uuid[];
    v_asked_features   text[];
    v_asked_quantities integer[];
    v_asked_keys       text[];

    v_has_twins  boolean;
    v_locked     uuid[];
    v_is_behind  boolean;
    v_spend      record;
    v_user_id    uuid;
    v_available  bigint    := 0;
    v_in_lot     bigint    := 0;
    v_balance    bigint;
    v_first      bigint    := 1;
    v_refusal    jsonb;
    v_twin       bigint;
    -- By place in p_spends: the answers known before anything is posted, and the place of the spend that
    -- first used the same key.
    v_answers    jsonb[]   := '{}';
    v_twins      bigint[]  := '{}';

    -- The spends to post, one element each. v_before is what the user's spends before it take; v_lots the lot that
    -- has all of it, null if it takes from several.
    v_places     bigint[]  := '{}';
    v_credits    bigint[]  := '{}';
    v_before     bigint[]  := '{}';
    v_lots       bigint[]  := '{}';
    v_balances   bigint[]  := '{}';
    v_split      uuid[]    := '{}';
    v_low        bigint[]  := '{}';
    v_ids        bigint[]  := '{}';
    v_posted     bigint;
begin
    perform purse.require_server();
    if p_spends is null or jsonb_typeof(p_spends) <> 'array' or jsonb_array_length(p_spends) > 500 then
        raise exception using errcode = 'PT422', message = 'a batch is an array of at most 500 spends';
    end if;
    select array_agg(s.user_id order by s.place), array_agg(s.feature order by s.place),
        array_agg(s.quantity order by s.place), array_agg(s.idempotency_key order by s.place),
        count(distinct s.idempotency_key) < count(s.idempotency_key)
    into v_asked_users, v_asked_features, v_asked_quantities, v_asked_keys, v_has_twins
    from rows from (
        jsonb_to_recordset(p_spends) as (user_id uuid, feature text, quantity integer, idempotency_key text)
    ) with ordinality s (user_id, feature, quantity, idempotency_key, place);

    -- In the order of ids and without waiting, so this cannot deadlock. Locked users are reported as busy.
    select coalesce(array_agg(a.user_id), '{}'),
        bool_or(a.lapses_at <= now() or coalesce(a.next_lot_free, 0) = 0 and a.balance > a.held)
    into v_locked, v_is_behind
    from (
        select u.user_id, u.lapses_at, u.next_lot_free, u.balance, u.held
        from public.user_credits u
        where u.user_id = any (v_asked_users)
        order by u.user_id
        for update skip locked
    ) a;
    -- Writes what has expired, and notes the next lot where none is noted or nothing is left in it.
    if v_is_behind then
        for v_spend in
            select u.user_id
            from public.user_credits u
            where u.user_id = any (v_locked)
                and (u.lapses_at <= now() or coalesce(u.next_lot_free, 0) = 0 and u.balance > u.held)
        loop
            perform purse.lock_account(v_spend.user_id);
            perform purse.note_next_lot(v_spend.user_id);
        end loop;
    end if;

    -- Decides spend by spend, in their order, as single calls would: what one user's spends leave to the next
    -- of them depends on each decision.
    for v_spend in
        select s.place, s.user_id, s.feature, s.quantity, s.idempotency_key as key,
            f.credits * s.quantity as credits,
            u.balance,
            u.balance - u.held as available,
            u.user_id is not null and u.user_id <> all (v_locked) as is_busy,
            u.deleted_at is not null
                or u.user_id is null
                and exists (select from public.deleted_accounts d where d.user_id = s.user_id) as is_deleted,
            u.warn_below,
            u.has_held and exists (
                select from public.credit_holds h
                where h.user_id = s.user_id
                    and h.idempotency_key = s.idempotency_key
            ) as is_held,
            u.next_lot_id as lot_id,
            u.next_lot_free as in_lot,
            t as posted,
            t.id is not null
                and exists (select from public.credit_transactions r where r.reverses_id = t.id) as is_reversed
        from unnest(v_asked_users, v_asked_features, v_asked_quantities, v_asked_keys)
            with ordinality s (user_id, feature, quantity, idempotency_key, place)
        left join public.user_credits u on u.user_id = s.user_id
        left join public.credit_features f on f.id = s.feature and f.active
        left join public.credit_transactions t on t.user_id = s.user_id and t.idempotency_key = s.idempotency_key
        order by s.user_id, s.place
    loop
        if v_spend.user_id is distinct from v_user_id then
            v_user_id := v_spend.user_id;
            v_available := coalesce(v_spend.available, 0);
            v_in_lot := coalesce(v_spend.in_lot, 0);
            v_first := cardinality(v_places) + 1;
        end if;

        v_twin := null;
        if v_has_twins then
            v_twin := (
                select min(p.place)
                from unnest(v_places[v_first:]) p (place)
                where v_asked_keys[p.place] = v_spend.key
            );
        end if;

        v_refusal := case
            when v_spend.is_deleted then jsonb_build_object('outcome', 'refused', 'code', 'account_deleted')
            when (v_spend.posted).id is not null then
                case
                    when (v_spend.posted).kind is distinct from 'spend'
                        or (v_spend.posted).feature is distinct from v_spend.feature
                        or (v_spend.posted).quantity is distinct from v_spend.quantity
                    then jsonb_build_object('outcome', 'refused', 'code', 'idempotency_key_reused')
                    when v_spend.is_reversed
                    then jsonb_build_object('outcome', 'refused', 'code', 'spend_reversed')
                    else jsonb_build_object(
                        'outcome', 'replayed',
                        'transaction_id', (v_spend.posted).id::text,
                        'spent', -(v_spend.posted).amount,
                        'balance', (v_spend.posted).balance_after
                    )
                end
            when v_twin is not null and (v_spend.feature, v_spend.quantity)
                is distinct from (v_asked_features[v_twin], v_asked_quantities[v_twin])
            then
                jsonb_build_object('outcome', 'refused', 'code', 'idempotency_key_reused')
            when (octet_length(v_spend.key) <= 255 and v_spend.key ~ '^[\x20-\x7e]+$') is not true then
                jsonb_build_object('outcome', 'refused', 'code', 'invalid_idempotency_key')
            when coalesce(v_spend.quantity not between 1 and 1000000, true) then
                jsonb_build_object('outcome', 'refused', 'code', 'invalid_quantity')
            when v_spend.credits is null then
                jsonb_build_object('outcome', 'refused', 'code', 'unknown_feature')
            when v_spend.is_busy then
                jsonb_build_object('outcome', 'busy')
            when v_spend.is_held then
                jsonb_build_object('outcome', 'refused', 'code', 'idempotency_key_reused')
            when v_twin is null and v_spend.credits > v_available then
                jsonb_build_object(
                    'outcome', 'refused',
                    'code', 'insufficient_credits',
                    'available', v_available,
                    'required', v_spend.credits
                )
        end;

        if v_refusal is not null then
            v_answers[v_spend.place] := v_refusal;
        elsif v_twin is not null then
            v_twins[v_spend.place] := v_twin;
        else
            v_places := v_places || v_spend.place;
            v_credits := v_credits || v_spend.credits;
            v_before := v_before || (v_spend.available - v_available);
            if v_spend.credits <= v_in_lot then
                v_in_lot := v_in_lot - v_spend.credits;
                v_lots := v_lots || v_spend.lot_id;
            else
                v_in_lot := 0;
                v_lots := v_lots || null::bigint;
                v_split := v_split || v_spend.user_id;
            end if;
            v_available := v_available - v_spend.credits;
            v_balance := v_spend.balance - v_spend.available + v_available;
            v_balances := v_balances || v_balance;
            if v_balance < v_spend.warn_below then
                v_low := v_low || v_spend.place;
            end if;
        end if;
    end loop;

    -- Both the spends of a user and the free credits of their lots are laid end to end. A spend takes from
    -- the lots that it overlaps: mostly from the next lot alone, which the first spends fill from its start.
    with spends as (
        select *
        from unnest(v_places, v_credits, v_before, v_lots, v_balances)
            with ordinality s (place, credits, before, lot_id, balance, turn)
        join unnest(v_asked_users, v_asked_features, v_asked_quantities, v_asked_keys)
            with ordinality a (user_id, feature, quantity, key, place) using (place)
    ),
    splits as (
        select s.place, l.lot_id, least(s.before + s.credits, l.before + l.free) - greatest(s.before, l.before) as credits
        from spends s
        join purse.spendable_lots l
            on l.user_id = s.user_id
            and l.before < s.before + s.credits
            and l.before + l.free > s.before
        where s.lot_id is null
            and l.user_id = any (v_split)
    ),
    lots as (
        update public.credit_lot_rows l
        set remaining = l.remaining - p.credits
        from (select p.lot_id, sum(p.credits)::bigint as credits from splits p group by p.lot_id) p
        where l.id = p.lot_id
    ),
    accounts as (
        update public.user_credits u
        set balance = u.balance - s.credits,
            next_lot_free = u.next_lot_free - s.from_next_lot
                - case
                    when u.user_id = any (v_split)
                    then (select coalesce(sum(p.credits), 0)::bigint from splits p where p.lot_id = u.next_lot_id)
                    else 0
                end,
            updated_at = clock_timestamp()
        from (
            select s.user_id,
                sum(s.credits)::bigint as credits,
                coalesce(sum(s.credits) filter (where s.lot_id is not null), 0)::bigint as from_next_lot
            from spends s
            group by s.user_id
        ) s
        where u.user_id = s.user_id
    ),
    entries as (
        insert into public.credit_transactions (
            user_id, kind, amount, balance_after, lots, feature, quantity, idempotency_key
        )
        select s.user_id, 'spend', -s.credits, s.balance,
            case
                when s.lot_id is not null then jsonb_build_object(s.lot_id, -s.credits)
                else (select jsonb_object_agg(p.lot_id, -p.credits) from splits p where p.place = s.place)
            end,
            s.feature, s.quantity, s.key
        from spends s
        where s.lot_id is not null
            or s.credits = (select sum(p.credits) from splits p where p.place = s.place)
        order by s.turn
        returning id
    )
    -- Ids are drawn in the order of the rows, which is that of the arrays.
    select count(*), array_agg(e.id order by e.id) into v_posted, v_ids
    from entries e;
    if v_posted <> cardinality(v_places) then
        raise exception using errcode = 'check_violation', message = 'the lots do not add up to the spends';
    end if;
    if v_low <> '{}' then
        perform purse.announce_low(v_asked_users[p.place], p.id, p.balance)
        from unnest(v_places, v_ids, v_balances) p (place, id, balance)
        where p.place = any (v_low)
        order by p.place;
    end if;

    return (
        select '[' || coalesce(string_agg(a.answer, ', ' order by a.place), '') || ']'
        from (
            select p.place,
                pg_catalog.format(
                    '{"outcome": "spent", "transaction_id": "%s", "spent": %s, "balance": %s}', p.id, p.credits, p.balance
                ) as answer
            from unnest(v_places, v_ids, v_credits, v_balances) p (place, id, credits, balance)
            union all
            select n.place, v_answers[n.place]::text
            from pg_catalog.generate_subscripts(v_answers, 1) n (place)
            where v_answers[n.place] is not null
            union all
            select n.place,
                pg_catalog.format(
                    '{"outcome": "replayed", "transaction_id": "%s", "spent": %s, "balance": %s}', p.id, p.credits, p.balance
                )
            from pg_catalog.generate_subscripts(v_twins, 1) n (place)
            join unnest(v_places, v_ids, v_credits, v_balances) p (place, id, credits, balance)
                on p.place = v_twins[n.place]
        ) a
    );
end
$$;

comment on function public.spend_batch(jsonb) is
'Spends for many users in one transaction: p_spends is an array of up to 500
{user_id, feature, quantity, idempotency_key}. Each is decided by itself and in order, as spend_credits would;
a refused spend stops no other. Returns an array in the same order:
{outcome: spent or replayed, transaction_id, spent, balance}, {outcome: refused, code} with code
insufficient_credits (and available, required), unknown_feature, idempotency_key_reused, spend_reversed,
invalid_quantity, invalid_idempotency_key or account_deleted, or {outcome: busy} if another transaction holds the user''s row: try those again.
It waits for no lock. Raises PT422 for more than 500 spends.';
revoke all on function public.spend_batch(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.spend_batch(jsonb) to service_role;
