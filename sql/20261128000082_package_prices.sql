-- Prices of packs in further currencies, and the catalogue, which shows them beside a pack's own price.

create table public.package_prices (
    package_id  text        not null,
    currency    text        not null,
    unit_amount bigint      not null,
    created_at  timestamptz not null default now(),
    constraint package_prices_pkey primary key (package_id, currency),
    constraint package_prices_package_id_fkey
        foreign key (package_id) references public.credit_packages (id) on delete cascade,
    constraint package_prices_currency_is_iso check (currency ~ '^[a-z]{3}$'),
    constraint package_prices_unit_amount_is_sane check (unit_amount between 1 and 99999999)
);

comment on table public.package_prices is
    'Prices of packs in currencies beside their own. Where a pack has none in the buyer''s currency, its own price counts. An order keeps the price it began with.';
comment on column public.package_prices.currency is 'ISO 4217, lower case, as Stripe writes it. Never the pack''s own currency.';
comment on column public.package_prices.unit_amount is 'Price in Stripe''s minor units of the currency. See stripe_currencies().';

alter table public.package_prices enable row level security;
revoke all on public.package_prices from public, anon, authenticated, service_role;
grant select on public.package_prices to anon, authenticated, service_role;

create policy "anybody reads the prices of what is on sale" on public.package_prices
    for select to anon, authenticated
    using (exists (select from public.credit_packages p where p.id = package_id and p.active));

create trigger package_prices_can_be_sold
    before insert or update of unit_amount, currency on public.package_prices
    for each row execute function purse.require_sellable_price();
alter table public.package_prices enable always trigger package_prices_can_be_sold;

create function purse.require_further_currency()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
declare
    v_is_taken boolean;
begin
    if tg_table_name = 'credit_packages' then
        v_is_taken := exists (
            select from public.package_prices f where f.package_id = new.id and f.currency = new.currency
        );
    else
        -- Waits for a change of the pack's own currency, which holds the row.
        select p.currency = new.currency into v_is_taken
        from public.credit_packages p
        where p.id = new.package_id
        for share;
    end if;
    if v_is_taken then
        raise exception using
            errcode = 'PT409',
            message = pg_catalog.format('the pack has a price in %s already', new.currency),
            detail = 'currency_taken';
    end if;
    return new;
end
$$;

comment on function purse.require_further_currency() is
'Trigger: a pack has one price in a currency. Refuses a further price in the pack''s own currency, and a change of that
currency to one that has a further price. Raises PT409 with currency_taken as detail.';
revoke all on function purse.require_further_currency() from public, anon, authenticated, service_role;

create trigger package_prices_are_further
    before insert or update of package_id, currency on public.package_prices
    for each row execute function purse.require_further_currency();
alter table public.package_prices enable always trigger package_prices_are_further;

create trigger credit_packages_have_one_price
    before update of currency on public.credit_packages
    for each row execute function purse.require_further_currency();
alter table public.credit_packages enable always trigger credit_packages_have_one_price;

create function public.read_catalogue()
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with currencies as materialized (
        select * from public.stripe_currencies()
    ),
    prices as (
        select p.id as package_id, p.currency, p.unit_amount, true as is_own
        from public.credit_packages p
        union all
        select f.package_id, f.currency, f.unit_amount, false
        from public.package_prices f
    ),
    priced as (
        select x.package_id, jsonb_agg(jsonb_build_object(
            'currency', x.currency,
            'unit_amount', x.unit_amount,
            'decimals', c.decimals
        ) order by x.is_own desc, x.currency) as prices
        from prices x
        join currencies c on c.currency = x.currency
        group by x.package_id
    )
    select jsonb_build_object(
        'packages', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', p.id,
                'name', p.name,
                'credits', p.credits,
                'unit_amount', p.unit_amount,
                'currency', p.currency,
                'decimals', c.decimals,
                'valid_days', p.valid_days,
                'prices', x.prices
            ) order by p.sort_order, p.id), '[]'::jsonb)
            from public.credit_packages p
            join currencies c on c.currency = p.currency
            join priced x on x.package_id = p.id
            where p.active
        ),
        'features', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', f.id,
                'name', f.name,
                'credits', f.credits
            ) order by f.sort_order, f.id), '[]'::jsonb)
            from public.credit_features f
            where f.active
        ),
        'currencies', (
            select jsonb_object_agg(c.currency, jsonb_build_object(
                'decimals', c.decimals,
                'step', c.step,
                'minimum', c.minimum
            ))
            from currencies c
        )
    )
$$;

comment on function public.read_catalogue() is
'The packs on sale and the prices of features, in display order. The same for every caller, so it can be cached.
Returns {"packages": [{id, name, credits, unit_amount, currency, decimals, valid_days, prices: [{currency, unit_amount,
decimals}], the pack''s own first}], "features": [{id, name, credits}], "currencies": {"usd": {decimals, step, minimum}, …}},
the last as in stripe_currencies.';
revoke all on function public.read_catalogue() from public, anon, authenticated, service_role;
grant execute on function public.read_catalogue() to anon, authenticated, service_role;

create function purse.further_prices(p_package_id text)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    if not exists (select from public.credit_packages p where p.id = p_package_id) then
        raise exception using errcode = 'PT404', message = 'no such package', detail = 'unknown_package';
    end if;
    return jsonb_build_object('id', p_package_id, 'prices', (
        select coalesce(jsonb_object_agg(f.currency, f.unit_amount), '{}'::jsonb)
        from public.package_prices f
        where f.package_id = p_package_id
    ));
end
$$;

comment on function purse.further_prices(text) is
'A pack''s prices beside its own: {"id", "prices": {"eur": minor units, …}}. Raises PT404 with unknown_package as detail.';
revoke all on function purse.further_prices(text) from public, anon, authenticated, service_role;

create function purse.set_further_prices(
    p_package_id text,
    p_prices     jsonb
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
begin
    perform purse.require_price(x.key, x.value::bigint) from pg_catalog.jsonb_each_text(p_prices) x;
    delete from public.package_prices f
    where f.package_id = p_package_id
        and not (p_prices operator(pg_catalog.?) f.currency);
    insert into public.package_prices as f (package_id, currency, unit_amount)
    select p_package_id, x.key, x.value::bigint
    from pg_catalog.jsonb_each_text(p_prices) x
    on conflict (package_id, currency) do update
        set unit_amount = excluded.unit_amount
        where f.unit_amount <> excluded.unit_amount;
    return purse.further_prices(p_package_id);
end
$$;

comment on function purse.set_further_prices(text, jsonb) is
'Replaces all prices of a pack beside its own by p_prices, {"eur": minor units, …}, and returns them as further_prices does.
Raises PT422 for a price that Stripe does not charge (purse.require_price), PT409 with currency_taken for the pack''s own
currency. The caller checks that the pack exists.';
revoke all on function purse.set_further_prices(text, jsonb) from public, anon, authenticated, service_role;
