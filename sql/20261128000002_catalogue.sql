-- The packs on sale and what each feature costs. Prices come from here and from nowhere else: a
-- request names a pack or a feature, never an amount.

create table public.credit_packages (
    id          text        not null,
    name        text        not null,
    credits     bigint      not null,
    unit_amount bigint      not null,
    currency    text        not null default 'usd',
    valid_days  integer,
    active      boolean     not null default true,
    sort_order  integer     not null default 0,
    created_at  timestamptz not null default now(),
    constraint credit_packages_pkey primary key (id),
    constraint credit_packages_id_is_a_slug check (id ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint credit_packages_name_is_short check (length(name) between 1 and 80),
    constraint credit_packages_credits_are_sane check (credits between 1 and 1000000000),
    constraint credit_packages_unit_amount_is_sane check (unit_amount between 1 and 99999999),
    constraint credit_packages_currency_is_iso check (currency ~ '^[a-z]{3}$'),
    constraint credit_packages_valid_days_are_sane check (valid_days between 1 and 3650)
);

comment on table public.credit_packages is
    'The packs on sale. Edit a row to change a price: an order keeps the price it began with.';
comment on column public.credit_packages.credits is 'Credits a buyer receives.';
comment on column public.credit_packages.unit_amount is 'Price in Stripe''s minor units of the currency: 499 is $4.99. See stripe_currencies().';
comment on column public.credit_packages.currency is 'ISO 4217, lower case, as Stripe writes it.';
comment on column public.credit_packages.valid_days is 'Days from payment until the remaining credits expire. Null: they never expire.';
comment on column public.credit_packages.active is 'False takes the pack off sale. Orders that have begun still settle.';

alter table public.credit_packages enable row level security;
revoke all on public.credit_packages from public, anon, authenticated, service_role;
grant select on public.credit_packages to anon, authenticated, service_role;

create policy "anybody reads what is on sale" on public.credit_packages
    for select to anon, authenticated using (active);

-- Stripe's currencies. The API counts minor units its own way: neither ISO 4217 nor a browser's Intl has
-- the same decimals. A function and not a table, so that a restore of data cannot leave it empty.
create function public.stripe_currencies()
    returns table (
        currency text,
        decimals integer,
        step     integer,
        minimum  bigint
    )
    language sql
    immutable
    set search_path = ''
as $$
    select c.currency, k.decimals, k.step, coalesce(m.minimum, 50)
    from (
        values
            (2, 1, '
                aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp
                byn bzd cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel
                gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr kyd kzt lak lbp lkr
                lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd
                pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std
                szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd yer zar zmw
            '),
            (2, 100, 'isk ugx'),
            (0, 1, 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'),
            (3, 10, 'bhd jod kwd omr tnd')
    ) k (decimals, step, currencies)
    cross join lateral pg_catalog.regexp_split_to_table(btrim(k.currencies, E' \n'), '\s+') c (currency)
    left join (
        values
            ('aed', 200), ('czk', 1500), ('dkk', 250), ('gbp', 30), ('hkd', 400), ('huf', 17500), ('isk', 100),
            ('mxn', 1000), ('myr', 200), ('nok', 300), ('pln', 200), ('ron', 200), ('sek', 300), ('thb', 1000),
            ('ugx', 100)
    ) m (currency, minimum) on m.currency = c.currency
$$;

comment on function public.stripe_currencies() is
'What Stripe charges in (https://docs.stripe.com/currencies). Returns one row per currency:
decimals: of the API''s amounts; 499 is 4.99 with two. Show amounts with these, whatever the currency''s
own decimals are: HUF 499000 is 4,990.00.
step: an amount must be a multiple of it. ISK and UGX are passed in hundredths but charged whole; three-decimal
amounts end in 0.
minimum: the smallest amount that can be charged, in minor units. Where Stripe publishes none, 50.';
revoke all on function public.stripe_currencies() from public, anon, authenticated, service_role;
grant execute on function public.stripe_currencies() to anon, authenticated, service_role;

create function purse.require_sellable_price()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
declare
    v_step    integer;
    v_minimum bigint;
begin
    select c.step, c.minimum into v_step, v_minimum
    from public.stripe_currencies() c
    where c.currency = new.currency;
    if not found then
        raise exception using
            errcode = 'check_violation',
            message = pg_catalog.format('Stripe does not charge in the currency %s', new.currency);
    end if;
    if new.unit_amount < v_minimum then
        raise exception using
            errcode = 'check_violation',
            message = pg_catalog.format(
                'unit_amount %s is too small: the least in %s is %s minor units', new.unit_amount, new.currency, v_minimum
            );
    end if;
    if new.unit_amount % v_step <> 0 then
        raise exception using
            errcode = 'check_violation',
            message = pg_catalog.format(
                'unit_amount %s must be a multiple of %s minor units in %s', new.unit_amount, v_step, new.currency
            );
    end if;
    return new;
end
$$;

comment on function purse.require_sellable_price() is
'Trigger: refuses a price that Stripe would refuse when somebody buys: an unknown currency, less than the
minimum, or a fraction that cannot be charged. See public.stripe_currencies.';
revoke all on function purse.require_sellable_price() from public, anon, authenticated, service_role;

create trigger credit_packages_can_be_sold
    before insert or update of unit_amount, currency on public.credit_packages
    for each row execute function purse.require_sellable_price();
alter table public.credit_packages enable always trigger credit_packages_can_be_sold;

insert into public.credit_packages (id, name, credits, unit_amount, currency, sort_order) values
    ('starter',      'Starter',      500,  499,  'usd', 1),
    ('creator',      'Creator',      1500, 1499, 'usd', 2),
    ('professional', 'Professional', 3500, 2999, 'usd', 3);

create table public.credit_features (
    id         text        not null,
    name       text        not null,
    credits    bigint      not null,
    active     boolean     not null default true,
    sort_order integer     not null default 0,
    created_at timestamptz not null default now(),
    constraint credit_features_pkey primary key (id),
    constraint credit_features_id_is_a_slug check (id ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint credit_features_name_is_short check (length(name) between 1 and 80),
    constraint credit_features_credits_are_sane check (credits between 1 and 1000000000)
);

comment on table public.credit_features is 'What the app''s features cost, in credits.';
comment on column public.credit_features.credits is 'Credits one use costs.';
comment on column public.credit_features.active is 'False switches the feature off: it can be neither spent on nor held for.';

alter table public.credit_features enable row level security;
revoke all on public.credit_features from public, anon, authenticated, service_role;
grant select on public.credit_features to anon, authenticated, service_role;

create policy "anybody reads what things cost" on public.credit_features
    for select to anon, authenticated using (active);

insert into public.credit_features (id, name, credits, sort_order) values
    ('audio_upload',    'Audio upload',    2,  1),
    ('txt_upload',      'Text upload',     3,  2),
    ('docx_processing', 'DOCX processing', 5,  3),
    ('premium_export',  'Premium export',  15, 4);

create function purse.price_of(
    p_feature  text,
    p_quantity integer
)
    returns bigint
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_credits bigint;
begin
    if p_quantity is null or p_quantity not between 1 and 1000000 then
        raise exception using errcode = 'PT422', message = 'quantity must be from 1 to 1000000';
    end if;
    select f.credits into v_credits
    from public.credit_features f
    where f.id = p_feature
        and f.active;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such feature', detail = 'unknown_feature';
    end if;
    return v_credits * p_quantity;
end
$$;

comment on function purse.price_of(text, integer) is
'The price of using a feature p_quantity times, in credits.
Raises PT404 if the feature is not offered, PT422 if the quantity is not from 1 to 1000000.';
revoke all on function purse.price_of(text, integer) from public, anon, authenticated, service_role;
