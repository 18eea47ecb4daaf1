-- The desk's page of prices: packs and features.

create function public.desk_prices(p_actor_id uuid)
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
    return jsonb_build_object(
        'packs', (
            select coalesce(jsonb_agg(to_jsonb(p) - 'created_at' || jsonb_build_object('decimals', c.decimals)
                order by p.sort_order, p.id), '[]'::jsonb)
            from public.credit_packages p
            join public.stripe_currencies() c on c.currency = p.currency
        ),
        'further_prices', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'package_id', f.package_id,
                'currency', f.currency,
                'unit_amount', f.unit_amount,
                'decimals', c.decimals
            ) order by f.package_id, f.currency), '[]'::jsonb)
            from public.package_prices f
            join public.stripe_currencies() c on c.currency = f.currency
        ),
        'features', (
            select coalesce(jsonb_agg(to_jsonb(f) - 'created_at' order by f.sort_order, f.id), '[]'::jsonb)
            from public.credit_features f
        ),
        'currencies', (public.read_catalogue() -> 'currencies')
    );
end
$$;

comment on function public.desk_prices(uuid) is
'All packs and features for staff, also those that are not on sale. Returns {packs: [the columns of credit_packages without
created_at, and decimals], further_prices: [{package_id, currency, unit_amount, decimals}], features: [those of credit_features], currencies: as read_catalogue}. Raises PT403 for who is
not staff.';
revoke all on function public.desk_prices(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_prices(uuid) to service_role;

create function purse.require_price(
    p_currency    text,
    p_unit_amount bigint
)
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_step    integer;
    v_minimum bigint;
begin
    select c.step, c.minimum into v_step, v_minimum from public.stripe_currencies() c where c.currency = p_currency;
    if not found or p_unit_amount < v_minimum or p_unit_amount % v_step <> 0 then
        raise exception using
            errcode = 'PT422',
            message = 'Stripe does not charge this price',
            detail = jsonb_build_object('minimum', v_minimum, 'step', v_step)::text;
    end if;
end
$$;

comment on function purse.require_price(text, bigint) is
'Raises PT422 for a price that Stripe would refuse, with {"minimum", "step"} in minor units as detail; both are null in a
currency that Stripe does not charge in. The table''s trigger (purse.require_sellable_price) refuses the same, whoever writes.';
revoke all on function purse.require_price(text, bigint) from public, anon, authenticated, service_role;

create function public.desk_set_price(
    p_actor_id        uuid,
    p_action          text,
    p_id              text,
    p_values          jsonb,
    p_shown           jsonb,
    p_reason          text,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_role   text;
    v_done   public.admin_actions;
    v_before jsonb;
    v_after  jsonb;
    v_kept   constant jsonb := p_values || jsonb_build_object('id', p_id);
begin
    perform purse.require_server();
    v_role := purse.require_staff(p_actor_id, true);
    perform purse.require_valid_key(p_idempotency_key);
    -- One change of prices at a time: a second click, or a colleague, waits here and then sees the first change.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('desk:prices', 0));
    select * into v_done
    from public.admin_actions a
    where a.actor_id = p_actor_id
        and a.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(v_done.action = p_action and v_done.arguments = v_kept and v_done.reason = p_reason);
        return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', true);
    end if;
    if p_action = 'set_pack' then
        select to_jsonb(p) - 'created_at' into v_before from public.credit_packages p where p.id = p_id;
    elsif p_action = 'set_feature' then
        select to_jsonb(f) - 'created_at' into v_before from public.credit_features f where f.id = p_id;
    elsif p_action = 'set_prices' then
        v_before := purse.further_prices(p_id);
    else
        raise exception using errcode = 'PT422', message = 'no such action';
    end if;
    if v_before is distinct from p_shown then
        raise exception using errcode = 'PT409', message = 'not as it was shown', detail = 'price_changed';
    end if;
    if p_action = 'set_pack' then
        perform purse.require_price(p_values ->> 'currency', (p_values ->> 'unit_amount')::bigint);
        insert into public.credit_packages as p (id, name, credits, unit_amount, currency, valid_days, active, sort_order)
        values (
            p_id, p_values ->> 'name', (p_values ->> 'credits')::bigint, (p_values ->> 'unit_amount')::bigint,
            p_values ->> 'currency', (p_values ->> 'valid_days')::integer, (p_values ->> 'active')::boolean,
            (p_values ->> 'sort_order')::integer
        )
        on conflict (id) do update
            set name = excluded.name,
                credits = excluded.credits,
                unit_amount = excluded.unit_amount,
                currency = excluded.currency,
                valid_days = excluded.valid_days,
                active = excluded.active,
                sort_order = excluded.sort_order
        returning to_jsonb(p) - 'created_at' into v_after;
    elsif p_action = 'set_prices' then
        v_after := purse.set_further_prices(p_id, p_values -> 'prices');
    else
        insert into public.credit_features as f (id, name, credits, active, sort_order)
        values (
            p_id, p_values ->> 'name', (p_values ->> 'credits')::bigint, (p_values ->> 'active')::boolean,
            (p_values ->> 'sort_order')::integer
        )
        on conflict (id) do update
            set name = excluded.name,
                credits = excluded.credits,
                active = excluded.active,
                sort_order = excluded.sort_order
        returning to_jsonb(f) - 'created_at' into v_after;
    end if;
    insert into public.admin_actions (actor_id, actor_role, action, arguments, reason, idempotency_key, result)
    values (
        p_actor_id, v_role, p_action, v_kept, p_reason, p_idempotency_key,
        jsonb_build_object('before', v_before, 'after', v_after)
    )
    returning * into v_done;
    return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', false);
end
$$;

comment on function public.desk_set_price(uuid, text, text, jsonb, jsonb, text, text) is
'Adds or changes a pack (set_pack) or a feature (set_feature), or replaces a pack''s prices in further currencies
(set_prices), as an admin, once per actor and idempotency key, and records it in admin_actions. p_values has all columns but
id and created_at; for set_prices {"prices": {"eur": minor units, …}}. p_shown is the row that the actor was shown, as
desk_prices returns it without decimals; null for a new one; for set_prices as purse.further_prices returns it. Orders that have begun keep their price.
Returns {before: the row or null, after, action_id, replayed}. Raises PT403 with not_staff or admins_only as detail; PT409
with price_changed if the row is not as shown, currency_taken if the pack has another price in that currency, or
idempotency_key_reused; PT404 with unknown_package; PT422 for a price that Stripe does not charge
(purse.require_price).';
revoke all on function public.desk_set_price(uuid, text, text, jsonb, jsonb, text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.desk_set_price(uuid, text, text, jsonb, jsonb, text, text) to service_role;
